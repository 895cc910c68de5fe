"""The sentences that may follow `at 40s`: read word by word into statements. Pure."""

from __future__ import annotations

from collections.abc import Callable

from monitor.deciding.decision import State
from monitor.documents.finding import meant, quoted
from monitor.judging.states import PHASES
from monitor.model import Flag, Standing, Verdict
from monitor.scenarios import statements as say
from monitor.scenarios.words import WordError, Words

STANDINGS = tuple(standing.word for standing in Standing)
STATES = tuple(dict.fromkeys((*STANDINGS, *PHASES)))
VERDICTS = tuple(verdict.word for verdict in Verdict)
GATES = (*STANDINGS, "stale", "signed", "unsigned")
DECISIONS = tuple(state.value for state in State)
RUNS = ("running", "paused", "verifying", "done", "aborted", "ineffective")
FLAGS = tuple(flag.name.lower() for flag in Flag if flag.name and flag is not Flag.NONE)
TRUTHS = ("true", "false", "unknown")
OUTCOMES = {"works": "done", "fails": "failed", "unknown": "unknown"}
_PLAIN_ACTS = ("approves", "rejects", "rearms", "signs", "unsigns", "holds", "aborts", "pauses", "resumes")
_STEP_ACTS = ("retries", "skips", "resolves")
ACTS = (*_PLAIN_ACTS, *_STEP_ACTS, "asks", "advances", "goes")


def statement(words: Words) -> say.Statement:
    """One expectation or act; WordError where the line leaves the language."""
    read = _FIRST.get(words.peek())
    if read is not None and not words.ended:
        words.word("")
        made = read(words)
    elif words.peek().isdecimal():
        made = _count(words)
    else:
        made = _person(words)
    words.end()
    return made


def _name(words: Words, what: str) -> str:
    return words.word(f"the name of a {what}")


def _because(words: Words) -> str:
    return words.rest() if words.maybe("because") else ""


def _rule(words: Words) -> say.Statement:
    name, labels = _name(words, "rule"), words.labels()
    state = reads = because = ""
    value: float | None = None
    samples: int | None = None
    flags: frozenset[str] | None = None
    if words.take("is", "reads") == "is":
        state = words.one_of(STATES, "a state")
    else:
        reads = words.one_of(TRUTHS, "true, false or unknown")
    while not words.ended:
        what = words.take("value", "samples", "flags", "reads", "because")
        if what == "value":
            value = words.number()
        elif what == "samples":
            samples = words.whole("a number of samples")
        elif what == "flags":
            flags = _flags(words)
        elif what == "reads":
            reads = words.one_of(TRUTHS, "true, false or unknown")
        else:
            because = words.rest()
    return say.RuleIs(
        rule=name,
        labels=labels,
        state=state,
        reads=reads,
        value=value,
        samples=samples,
        flags=flags,
        because=because,
    )


def _flags(words: Words) -> frozenset[str]:
    if words.maybe("none"):
        return frozenset()
    found = {words.one_of(FLAGS, "a flag, or none")}
    while words.peek() in FLAGS and not words.ended:
        found.add(words.word(""))
    return frozenset(found)


def _verdict(words: Words) -> say.Statement:
    return say.VerdictIs(word=words.one_of(VERDICTS, "a verdict"), because=_because(words))


def _gate(words: Words) -> say.Statement:
    name = _name(words, "gate")
    if words.maybe("signed", "by"):
        return say.PersonDoes(person=_name(words, "person"), act="signs", what=name)
    words.take("is")
    return say.GateIs(gate=name, state=words.one_of(GATES, "a state of a gate"), because=_because(words))


def _signal(words: Words) -> say.Statement:
    name = _name(words, "signal")
    words.take("is")
    return say.SignalIs(signal=name, value=None if words.maybe("unknown") else words.number())


def _alert(words: Words) -> say.Statement:
    return say.AlertIs(rule=_name(words, "rule"), labels=words.labels(), there=True)


def _decision(words: Words) -> say.Statement:
    name, labels = _name(words, "trigger"), words.labels()
    words.take("is")
    state = words.one_of(DECISIONS, "a state of a decision")
    votes = words.whole("a number of votes") if words.maybe("votes") else None
    scopes = words.whole("a number of scopes") if words.maybe("scopes") else None
    return say.DecisionIs(trigger=name, labels=labels, state=state, votes=votes, scopes=scopes, because=_because(words))


def _run(words: Words) -> say.Statement:
    name, labels = _name(words, "trigger"), words.labels()
    words.take("is")
    return say.RunIs(trigger=name, labels=labels, state=words.one_of(RUNS, "a state of a run"), because=_because(words))


def _stage(words: Words) -> say.Statement:
    if words.maybe("is"):
        return say.StageIs(stage=_name(words, "stage"))
    return say.Enter(stage=_name(words, "stage"))


def _source(words: Words) -> say.Statement:
    name = _name(words, "source")
    words.take("refused")
    count = words.whole("a number of samples")
    return say.Refused(source=name, count=count, reason="" if words.ended else words.word("a reason"))


def _paged(words: Words) -> say.Statement:
    return say.Paged(words=words.rest(), there=True)


def _no(words: Words) -> say.Statement:
    what = words.take("alert", "decision", "run", "page")
    if what == "page":
        return say.Paged(there=False, words=words.rest())
    name = "" if words.ended else words.word("a name")
    if what == "alert":
        return say.AlertIs(rule=name, labels=words.labels(), there=False)
    labels = words.labels()
    return say.Count(count=0, what="decision" if what == "decision" else "run", trigger=name, labels=labels)


def _count(words: Words) -> say.Statement:
    count = words.whole("a number")
    what = words.take("decision", "decisions", "run", "runs")
    name = words.word("the name of a trigger") if words.maybe("of") else ""
    labels = words.labels()
    return say.Count(
        count=count, what="decision" if what.startswith("decision") else "run", trigger=name, labels=labels
    )


def step(words: Words) -> say.StepDoes:
    """`step repoint fails`, `works`, `is unknown` or `takes 30s`."""
    name = _name(words, "step")
    if words.maybe("takes"):
        return say.StepDoes(step=name, after=words.duration())
    words.maybe("is")
    outcome = words.one_of(tuple(OUTCOMES), "works, fails, is unknown, or takes and a time")
    after = words.duration() if words.maybe("after") else 0.0
    if outcome == "fails":
        return say.StepDoes(step=name, outcome="failed", after=after)
    return say.StepDoes(step=name, outcome="unknown" if outcome == "unknown" else "done", after=after)


def _restart(_words: Words) -> say.Statement:
    return say.Restart()


def _person(words: Words) -> say.Statement:
    column, person = words.column, words.word("an expectation, or a person's name")
    if words.peek() not in ACTS or words.ended:
        what = f"expected an expectation, or a person and what they do, found {quoted(person)}"
        raise WordError(f"{what}; {meant(person, (*_FIRST, *ACTS))}", column)
    act = words.word("")
    step_name = outcome = ""
    shown: float | None = None
    if act in _STEP_ACTS:
        step_name = _name(words, "step")
        words.take("of")
    if act == "asks":
        words.take("for")
    elif act == "advances":
        words.take("to")
    elif act == "goes":
        words.take("back")
        words.take("to")
    what, labels = _name(words, "trigger, runbook, gate or stage"), words.labels()
    if act == "resolves":
        words.take("as")
        outcome = words.take("done", "not_done")
    if act == "approves" and words.maybe("as", "shown", "at"):
        shown = words.duration()
    refused = words.rest() if words.maybe("but", "is", "refused") else None
    return say.PersonDoes(
        person=person,
        act=act,
        what=what,
        labels=labels,
        step=step_name,
        outcome=outcome,
        shown=shown,
        refused=refused.removeprefix("because ") if refused is not None else None,
    )


_FIRST: dict[str, Callable[[Words], say.Statement]] = {
    "rule": _rule,
    "verdict": _verdict,
    "gate": _gate,
    "signal": _signal,
    "alert": _alert,
    "decision": _decision,
    "run": _run,
    "stage": _stage,
    "source": _source,
    "paged": _paged,
    "no": _no,
    "step": step,
    "restart": _restart,
}
"""The words that a sentence may begin with, beside a number and a person's name."""
