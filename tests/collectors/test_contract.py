"""What every kind of collector keeps, whatever it speaks: one suite over the registry."""

from __future__ import annotations

import asyncio
import math
import re
import time
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockingError

import collectors.kinds
from collectors.kinds import AnyCollector
from monitor.catalogue.inventory import CATALOGUE, OWN, label_names
from monitor.documents.loading import load_text
from monitor.intake.probing import Probed
from monitor.intake.transcripts import shown
from monitor.redaction import known
from monitor.text import clean_label
from tests.collectors.contract import Kind, Talk, fields, kinds, made, met, running, sockets
from tests.rig.canaries import leaks
from tests.rig.inlet import RecordingInlet
from tests.rig.waiting import until

pytestmark = pytest.mark.real

SURE = 12
"""Characters of a secret above which a piece of text that looks like it is it."""

every_kind = pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.name)


@every_kind
def test_the_sample_file_decodes(kind: Kind) -> None:
    """The sample file is a list of collectors of this kind, without a finding."""
    text = (kind.folder / "sample.yaml").read_text(encoding="utf-8")
    loaded = load_text(text, "sample.yaml", list[AnyCollector])
    assert loaded.findings == ()
    assert loaded.value
    assert {type(source) for source in loaded.value} == {kind.type}


@every_kind
def test_the_readme_shows_the_sample_and_names_every_field(kind: Kind) -> None:
    """The README holds the very sample file, and a person finds each field that can be written there."""
    text = (kind.folder / "sample.yaml").read_text(encoding="utf-8")
    readme = (kind.folder / "README.md").read_text(encoding="utf-8")
    assert f"```yaml\n{text}```" in readme
    assert [name for name in sorted(fields(kind.type)) if not re.search(rf"`{name}`|\b{name}:", readme)] == []


@every_kind
async def test_it_emits_only_what_the_catalogue_declares(kind: Kind, tmp_path: Path) -> None:
    """Metrics, labels and ranges are those of the catalogue; no label holds a call, a person or a number."""
    inlet = RecordingInlet()
    async with kind.adapter.counterpart(tmp_path) as peer, running(met(kind, peer), inlet):
        await Talk(peer, inlet).until_more(3)
    for metric, labels in inlet.bound:
        assert metric in CATALOGUE
        assert metric not in OWN
        assert {name for name, _ in labels} <= label_names(CATALOGUE[metric]), metric
        assert list(labels) == sorted(labels)
        assert all(value and value == clean_label(value) for _, value in labels)
        assert [text for text in kind.adapter.private for _, value in labels if text in value] == []
    for sample in inlet.samples:
        assert CATALOGUE[sample.metric].low <= sample.value <= CATALOGUE[sample.metric].high, sample


@every_kind
async def test_a_source_that_cannot_be_had_is_noticed_in_time(kind: Kind, tmp_path: Path) -> None:
    """It becomes data, a lost line or an exception with words within the deadline, never a hang."""
    inlet = RecordingInlet()
    async with kind.adapter.unreachable(tmp_path) as configuration:
        task = asyncio.create_task(made(kind, configuration).run(inlet))

        def noticed() -> bool:
            lost = any(state == "lost" for state, _ in inlet.health)
            return task.done() or lost or bool(inlet.samples or inlet.blanks)

        await until(noticed, kind.adapter.deadline)
        if task.done() and not task.cancelled():
            error = task.exception()
            assert error is not None, "it ended without a word"
            assert len(str(error)) > 10
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@every_kind
async def test_cancelling_it_leaves_nothing_behind(kind: Kind, tmp_path: Path) -> None:
    """Within a second of being cancelled, idle or in the middle of work, it holds no task and no socket."""
    async with kind.adapter.counterpart(tmp_path) as peer:
        source = met(kind, peer)
        for busy in (False, True):
            tasks, open_before = asyncio.all_tasks(), sockets()
            inlet = RecordingInlet()
            begun = 0.0
            async with running(source, inlet):
                await Talk(peer, inlet).until_more()
                if busy:
                    await peer.speak(1_000)
                begun = time.monotonic()
            assert time.monotonic() - begun < 1
            await until(lambda then=open_before: sockets() <= then, 1)  # type: ignore[misc] # bound at once
            assert asyncio.all_tasks() - tasks == set()


@every_kind
async def test_samples_resume_when_the_source_comes_back(kind: Kind, tmp_path: Path) -> None:
    """After its source was away, a supervised collector hears it again without help."""
    inlet = RecordingInlet()
    async with kind.adapter.counterpart(tmp_path) as peer, running(met(kind, peer), inlet):
        talk = Talk(peer, inlet)
        await talk.until_more()
        await peer.leave()
        await peer.come_back()
        await talk.until_more()


@every_kind
async def test_times_never_go_backwards(kind: Kind, tmp_path: Path) -> None:
    """What a source says later is not older: no series' times fall, and each is a time of now."""
    inlet = RecordingInlet()
    begun = time.time()
    async with kind.adapter.counterpart(tmp_path) as peer, running(met(kind, peer), inlet):
        talk = Talk(peer, inlet)
        for _ in range(3):
            await talk.until_more()
    newest: dict[object, float] = {}
    for sample in inlet.samples:
        series = (sample.metric, sample.labels)
        assert sample.at >= newest.get(series, -math.inf), sample
        newest[series] = sample.at
    assert begun - 5 < max(newest.values()) < time.time() + 5


@every_kind
async def test_garbage_is_counted_and_not_fatal(kind: Kind, tmp_path: Path) -> None:
    """What is not sound is counted by reason and kept for inspection; what is sound afterwards is heard."""
    inlet = RecordingInlet()
    async with kind.adapter.counterpart(tmp_path) as peer, running(met(kind, peer), inlet):
        talk = Talk(peer, inlet)
        await talk.until_more()
        before = inlet.refused.total()
        least = await peer.garbage()
        assert least > 0 or kind.adapter.asks
        await talk.until(lambda kept: kept.refused.total() >= before + least)
        await talk.until_more()
        assert [words for state, words in inlet.health if state == "lost"] == []
        assert inlet.raw != [] or kind.adapter.asks


@every_kind
async def test_people_can_read_what_was_said(kind: Kind, tmp_path: Path) -> None:
    """Raw exchanges are there to hold a number against what really came, with none of the process's secrets in them."""
    inlet = RecordingInlet()
    async with kind.adapter.counterpart(tmp_path) as peer, running(met(kind, peer), inlet):
        talk = Talk(peer, inlet)
        await talk.until_more()
        await talk.until(lambda kept: bool(kept.transcripts))
    assert any(got for _, got, _ in inlet.transcripts)
    seen = shown(kind.name, inlet.kept, inlet.kept.raw())
    texts = [text for one in (*seen.recent, *seen.failures) for text in (one.sent, one.got, one.fault)]
    certain = [secret for secret in known() if len(secret) >= SURE]
    assert [secret for secret in certain for text in texts if leaks(text, secret)] == []


@every_kind
async def test_it_can_be_tried_before_the_cutover(kind: Kind, tmp_path: Path) -> None:
    """`golive doctor` finds nothing failed where its source is well, and says what failed and what to do where it is not."""
    assert issubclass(kind.type, Probed)
    async with asyncio.timeout(50):
        async with kind.adapter.counterpart(tmp_path) as peer:
            well = await made(kind, peer.configuration()).probe(Path())
        assert well
        assert [check for check in well if check.state == "fail"] == []
        async with kind.adapter.unreachable(tmp_path) as configuration:
            ill = await made(kind, configuration).probe(Path())
    failed = [check for check in ill if check.state == "fail"]
    assert failed
    assert all(len(check.words) > 10 and check.next for check in failed)


async def test_a_collector_that_blocks_would_be_found() -> None:
    """The guard that every test here runs under does bite: a sleep inside a collector's module is an error."""
    path = Path(collectors.kinds.__file__).with_name("sleepy.py")
    code = compile("import time\nasync def run():\n    time.sleep(0.01)\n", str(path), "exec")
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102 - a module that is not there
    with pytest.raises(BlockingError):
        await module["run"]()
