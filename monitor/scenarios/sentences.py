"""An expectation as the beginning of a sentence, for the line that tells what was found instead. Pure."""

from __future__ import annotations

from functools import singledispatch

from monitor.model import Labels
from monitor.scenarios import statements as say


def _group(name: str, labels: Labels) -> str:
    shown = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{shown}}}" if shown else name


def _because(text: str) -> str:
    return f" because {text!r}" if text else ""


@singledispatch
def sentence(said: say.Expectation) -> str:
    """What should be."""
    raise TypeError(f"{type(said).__name__} has no words")


@sentence.register
def _rule(said: say.RuleIs) -> str:
    wanted = [f"be {said.state}"] if said.state else []
    wanted += [f"read {said.reads}"] if said.reads else []
    wanted += [f"have the value {said.value:g}"] if said.value is not None else []
    wanted += [f"have {said.samples} samples"] if said.samples is not None else []
    wanted += [f"have the flags {' '.join(sorted(said.flags)) or 'none'}"] if said.flags is not None else []
    wanted += [f"say {said.because!r}"] if said.because else []
    return f"rule {_group(said.rule, said.labels)} should {', '.join(wanted)}"


@sentence.register
def _verdict(said: say.VerdictIs) -> str:
    return f"the verdict should be {said.word}{_because(said.because)}"


@sentence.register
def _gate(said: say.GateIs) -> str:
    return f"gate {said.gate} should be {said.state}{_because(said.because)}"


@sentence.register
def _signal(said: say.SignalIs) -> str:
    return f"signal {said.signal} should be {'unknown' if said.value is None else f'{said.value:g}'}"


@sentence.register
def _alert(said: say.AlertIs) -> str:
    of = f" of {_group(said.rule, said.labels)}" if said.rule else ""
    return f"there should be {'an' if said.there else 'no'} alert{of}"


@sentence.register
def _decision(said: say.DecisionIs) -> str:
    votes = f" with {said.votes} votes" if said.votes is not None else ""
    scopes = f" in {said.scopes} scopes" if said.scopes is not None else ""
    of = _group(said.trigger, said.labels)
    return f"the decision of {of} should be {said.state}{votes}{scopes}{_because(said.because)}"


@sentence.register
def _count(said: say.Count) -> str:
    of = f" of {_group(said.trigger, said.labels)}" if said.trigger else ""
    return f"there should be {said.count or 'no'} {said.what}{'s' if said.count > 1 else ''}{of}"


@sentence.register
def _run(said: say.RunIs) -> str:
    return f"the run of {_group(said.trigger, said.labels)} should be {said.state}{_because(said.because)}"


@sentence.register
def _stage(said: say.StageIs) -> str:
    return f"the stage should be {said.stage}"


@sentence.register
def _refused(said: say.Refused) -> str:
    reason = f" as {said.reason}" if said.reason else ""
    return f"source {said.source} should have {said.count} samples refused{reason}"


@sentence.register
def _paged(said: say.Paged) -> str:
    words = f" with {said.words!r}" if said.words else ""
    return f"there should be {'a' if said.there else 'no'} page{words} now"
