"""Tokens: made once, kept as hashes, read again when they change, known only as long as they should be."""

from __future__ import annotations

import asyncio
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli.main import build
from monitor.deciding.auth import ATTEMPTS, Attempts, Authority
from monitor.deciding.people import Person
from monitor.deciding.tokens import TokensError, hashed, make_token, read_tokens, revoke_tokens
from monitor.secrets import SecretError, SecretRef

NOW = 1_795_294_546.0
ANNA = Person(name="anna", role="approver", duties=("cutover-manager",))
BEN = Person(name="ben", role="operator")


def authority(tmp_path, *people: Person, now: float = NOW) -> Authority:
    """An authority that has read its tokens."""
    known = Authority(people, tmp_path, tmp_path, clock=lambda: now)
    known.load()
    return known


def test_a_token_is_its_person(tmp_path):
    """A token made for anna is anna, with the role and duties that golive.yaml gives her."""
    token, replaced = make_token(tmp_path, "anna", None, NOW, None)
    actor = authority(tmp_path, ANNA, BEN).identify(token)
    assert actor is not None
    assert (actor.name, actor.role, actor.duties, replaced) == ("anna", "approver", ("cutover-manager",), 0)


def test_tokens_are_long_random_and_kept_as_hashes(tmp_path):
    """A token has 256 random bits, the file has its hash alone, and nobody else may read file or folder."""
    state = tmp_path / "state"
    tokens = {make_token(state, f"p{number}", None, NOW, None)[0] for number in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= len("golive_") + 43 for token in tokens)
    text = (state / "tokens.json").read_text()
    assert not any(token in text or token[7:] in text for token in tokens)
    assert {entry.sha256 for entry in read_tokens(state)} == {hashed(token) for token in tokens}
    assert stat.S_IMODE((state / "tokens.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


@settings(max_examples=100, deadline=None)
@given(offered=st.text(max_size=600))
def test_nothing_else_is_a_token(tmp_path_factory, offered):
    """Whatever text is offered, surrogates included, it is nobody unless it is the token."""
    folder = tmp_path_factory.getbasetemp() / "tokens-one"
    if not folder.exists():
        make_token(folder, "anna", None, NOW, None)
    assert authority(folder, ANNA).identify(offered) is None


@pytest.mark.parametrize(
    ("made_as", "is_now"), [(None, "approver"), ("viewer", "viewer"), ("operator", "operator"), ("admin", "approver")]
)
def test_a_token_can_do_less_than_its_person_and_never_more(tmp_path, made_as, is_now):
    """The role of a token is an upper bound on the person's role."""
    token, _ = make_token(tmp_path, "anna", made_as, NOW, None)
    actor = authority(tmp_path, ANNA).identify(token)
    assert actor is not None
    assert actor.role == is_now


def test_a_token_ends_at_its_time(tmp_path):
    """A token is refused from the second at which it expires."""
    token, _ = make_token(tmp_path, "anna", None, NOW, 60)
    assert authority(tmp_path, ANNA, now=NOW + 59.9).identify(token) is not None
    assert authority(tmp_path, ANNA, now=NOW + 60).identify(token) is None


def test_a_stranger_has_no_say_where_people_are_named(tmp_path, caplog):
    """A token of somebody whom golive.yaml does not name is refused, and the log says whose and what to do."""
    token, _ = make_token(tmp_path, "mallory", "admin", NOW, None)
    assert authority(tmp_path, ANNA).identify(token) is None
    assert "mallory" in caplog.text
    assert "next: " in caplog.text


def test_without_people_the_token_says_the_role(tmp_path):
    """Where golive.yaml names nobody, a token's own role counts; without one it may only look."""
    admin, _ = make_token(tmp_path, "dora", "admin", NOW, None)
    viewer, _ = make_token(tmp_path, "vera", None, NOW, None)
    known = authority(tmp_path)
    roles = [actor.role for token in (admin, viewer) if (actor := known.identify(token)) is not None]
    assert roles == ["admin", "viewer"]


def test_a_new_token_replaces_the_old_one(tmp_path):
    """A person's older tokens stop working when a new one is made; those of others stay."""
    old, _ = make_token(tmp_path, "anna", None, NOW, None)
    other, _ = make_token(tmp_path, "ben", None, NOW, None)
    new, replaced = make_token(tmp_path, "anna", None, NOW, None)
    known = authority(tmp_path, ANNA, BEN)
    assert replaced == 1
    assert known.identify(old) is None
    assert [known.identify(token) is not None for token in (other, new)] == [True, True]


def test_many_commands_at_once_lose_nothing(tmp_path):
    """Tokens made by commands that run at the same moment are all kept."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: make_token(tmp_path, f"p{n}", None, NOW, None)[0], range(24)))
    assert {entry.sha256 for entry in read_tokens(tmp_path)} == {hashed(token) for token in made}


async def test_a_running_daemon_sees_changes(tmp_path):
    """After refresh a new token is known and a revoked one is not, without a restart."""
    known = Authority((ANNA,), tmp_path, tmp_path, clock=lambda: NOW)
    await known.refresh()
    token, _ = await asyncio.to_thread(make_token, tmp_path, "anna", None, NOW, None)
    assert known.identify(token) is None
    await known.refresh()
    assert known.identify(token) is not None
    assert await asyncio.to_thread(revoke_tokens, tmp_path, "anna") == 1
    await known.refresh()
    assert known.identify(token) is None


async def test_a_broken_file_keeps_the_known_tokens(tmp_path, caplog):
    """While tokens.json cannot be read people stay signed in; the log says so once, not at each request."""
    token, _ = await asyncio.to_thread(make_token, tmp_path, "anna", None, NOW, None)
    known = Authority((ANNA,), tmp_path, tmp_path, clock=lambda: NOW)
    await known.refresh()
    await asyncio.to_thread((tmp_path / "tokens.json").write_text, "{")
    for _ in range(3):
        await known.refresh()
    assert known.identify(token) is not None
    assert len(caplog.records) == 1
    await asyncio.to_thread(make_token, tmp_path / "other", "anna", None, NOW, None)
    fixed = await asyncio.to_thread((tmp_path / "other" / "tokens.json").replace, tmp_path / "tokens.json")
    assert fixed
    await known.refresh()
    assert known.identify(token) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema":1,"tokens":[{"name":"x"}]}', '{"more":1}', "\x00" * 9])
def test_a_damaged_token_file_is_refused_in_words(tmp_path, content):
    """What golive token did not write is refused with the path and a next step, and no hash in the words."""
    path = tmp_path / "tokens.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(TokensError, match=r"tokens\.json: .*next: "):
        read_tokens(tmp_path)


def test_a_token_file_that_others_may_read_is_refused(tmp_path):
    """A readable tokens.json is refused with the command that mends it."""
    make_token(tmp_path, "anna", None, NOW, None)
    (tmp_path / "tokens.json").chmod(0o640)
    with pytest.raises(TokensError, match="chmod 600"):
        read_tokens(tmp_path)


def test_a_token_may_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    """`token: {file: ...}` and `{env: ...}` work beside tokens.json."""
    (tmp_path / "anna.token").write_text("a-token-of-anna-from-a-file\n")
    (tmp_path / "anna.token").chmod(0o600)
    monkeypatch.setenv("BENS_TOKEN", "a-token-of-ben-from-the-environment")
    anna = Person(name="anna", role="approver", token=SecretRef(file="anna.token"))
    ben = Person(name="ben", role="operator", token=SecretRef(env="BENS_TOKEN"))
    third, _ = make_token(tmp_path, "anna", None, NOW, None)
    known = authority(tmp_path, anna, ben)
    names = [
        actor.name
        for token in ("a-token-of-anna-from-a-file", "a-token-of-ben-from-the-environment", third)
        if (actor := known.identify(token)) is not None
    ]
    assert names == ["anna", "ben", "anna"]


async def test_a_token_file_is_read_again_when_it_changes(tmp_path):
    """Rotating the file behind `token: {file: ...}` works without a restart."""
    path = tmp_path / "anna.token"

    def put(text: str) -> None:
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        fresh.chmod(0o600)
        fresh.replace(path)

    await asyncio.to_thread(put, "the-first-token-of-anna")
    person = Person(name="anna", role="approver", token=SecretRef(file="anna.token"))
    known = Authority((person,), tmp_path, tmp_path)
    await known.refresh()
    assert known.identify("the-first-token-of-anna") is not None
    await asyncio.to_thread(put, "the-second-token-of-anna")
    await known.refresh()
    assert known.identify("the-first-token-of-anna") is None
    assert known.identify("the-second-token-of-anna") is not None


def test_a_short_token_is_refused(tmp_path):
    """A token that could be guessed stops the start, without being shown."""
    (tmp_path / "t").write_text("hunter2")
    (tmp_path / "t").chmod(0o600)
    with pytest.raises(SecretError, match="shorter than 16") as caught:
        authority(tmp_path, Person(name="anna", role="approver", token=SecretRef(file="t")))
    assert "hunter2" not in str(caught.value)


def test_wrong_attempts_slow_down_and_are_forgotten():
    """Five wrong tokens a minute are answered as such, further ones told to wait, peers apart, and it passes."""
    attempts = Attempts()
    assert [attempts.wrong("a", 100.0 + n) for n in range(ATTEMPTS)] == [0.0] * ATTEMPTS
    assert attempts.wrong("a", 110.0) == 50.0
    assert attempts.wrong("b", 110.0) == 0.0
    assert attempts.wrong("a", 160.0) == 0.0


def test_attempts_are_remembered_for_so_many_peers():
    """A flood from many addresses does not grow the memory without end."""
    attempts = Attempts()
    for number in range(5000):
        attempts.wrong(f"peer-{number}", 0.0)
    assert len(attempts._wrong) <= 1024


def run(*words: str) -> int:
    """`golive` with these words; the exit code."""
    code = build("token")(words, exit_on_error=False, result_action="return_value")
    assert isinstance(code, int)
    return code


def test_the_command_prints_the_token_once(tmp_path, capsys):
    """golive token new prints the token alone on standard output, which the daemon then knows."""
    assert run("token", "new", "--name", "anna", "--role", "operator", "--state-dir", str(tmp_path)) == 0
    out, err = capsys.readouterr()
    (token,) = out.splitlines()
    actor = authority(tmp_path, ANNA).identify(token)
    assert actor is not None
    assert actor.role == "operator"
    assert token not in err
    assert "anna" in err
    assert token not in json.dumps((tmp_path / "tokens.json").read_text())


def test_the_command_revokes(tmp_path, capsys):
    """golive token revoke forgets a person's tokens; when there are none it says so and fails."""
    run("token", "new", "--name", "anna", "--state-dir", str(tmp_path))
    token = capsys.readouterr().out.strip()
    assert run("token", "revoke", "--name", "anna", "--state-dir", str(tmp_path)) == 0
    assert authority(tmp_path, ANNA).identify(token) is None
    assert run("token", "revoke", "--name", "anna", "--state-dir", str(tmp_path)) == 1
    assert "next: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("--name", ""), ("--name", "a\x1b[1m"), ("--name", "x" * 81), ("--name", " x"), ("--name", "x", "--expires", "7")],
)
def test_the_command_refuses_what_it_cannot_use(tmp_path, capsys, words):
    """A name with control characters or a span without a unit is a usage error, and nothing is written."""
    assert run("token", "new", *words, "--state-dir", str(tmp_path)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("golive token: ")
    assert "\x1b" not in err
    assert not (tmp_path / "tokens.json").exists()


def test_the_command_says_why_it_cannot_write(tmp_path, capsys):
    """A state directory that cannot be made is an error in words, not a traceback."""
    (tmp_path / "file").write_text("")
    assert run("token", "new", "--name", "x", "--state-dir", str(tmp_path / "file" / "state")) == 1
    assert "no token was made" in capsys.readouterr().err


def test_a_token_made_to_expire_expires(tmp_path, capsys):
    """--expires takes a span with a unit and the token ends after it."""
    assert run("token", "new", "--name", "anna", "--expires", "12h", "--state-dir", str(tmp_path)) == 0
    assert "12h00m" in capsys.readouterr().err
    (entry,) = read_tokens(tmp_path)
    assert entry.expires_at == pytest.approx(entry.made_at + 43200)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    """A symbolic link under the lock's name is refused: it could make golive create a file elsewhere."""
    (tmp_path / "tokens.json.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        make_token(tmp_path, "anna", None, NOW, None)
    assert not (tmp_path / "elsewhere").exists()
