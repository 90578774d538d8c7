"""Steps 1 and 5 of a study: baseline, what is tabulated, break-even, influence, waterfalls and orders."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from model.errors import nearest
from model.outcomes import OUTCOME
from model.parameters import Parameter
from scenarios.evaluation import (
    BreakEven,
    Evaluation,
    Influence,
    Orders,
    Range,
    StepSet,
    Switch,
    Waterfall,
    resolve,
)
from scenarios.spec_build import Case
from scenarios.spec_ranges import Asked, read_range, read_switches, read_values, the_parameter
from scenarios.spec_sections import OTHER_PARTIES
from scenarios.spec_shape import Reading
from scenarios.yaml_source import Node

SWEEP_REPLICATIONS = 10
"""Random futures per point of a break-even sweep that does not say how many."""
STAGES = ("cleaning", "integration", "transformation", "mining", "analysis", "application")
"""Stages of a contract's pipeline, in their order."""
MOST_STEPS = 4
"""Most steps whose orders are told apart: 24 orders of 16 strategies."""


def baseline_of(values: Mapping[str, Any], reading: Reading) -> str:
    """Return the study's baseline; complains if it is no strategy."""
    baseline = values.get("goals", {}).get("baseline", "")
    if baseline and "strategies" in values:
        _known("goals.baseline", baseline, list(values["strategies"]), "strategy", reading)
    return str(baseline)


def evaluation_of(values: Mapping[str, Any], cases: Mapping[str, Case], baseline: str, reading: Reading) -> Evaluation:
    """Return what the study evaluates, complaining about names and values that mean nothing."""
    section = values.get("evaluate", {})
    firms = list(next(iter(cases.values())).values.get("firms", {})) if cases else []
    parties = section.get("parties") or tuple(firms)
    _known_parties("evaluate.parties", parties, firms, reading)
    asked = Asked(cases, baseline, firms, reading)
    evaluation = Evaluation(
        outcomes=section.get("outcomes", ()),
        parties=parties,
        break_even=_each(section.get("break_even", ()), _break_even, asked),
        influence=_each(section.get("influence", ()), _influence, asked),
        waterfall=_each(section.get("waterfall", ()), _waterfall, asked),
        orders=_each(section.get("orders", ()), _orders, asked),
    )
    for name in ("break_even", "influence", "waterfall", "orders"):
        _unique(section.get(name, ()), getattr(evaluation, name), name, reading)
    _refused(section.get("break_even", ()), evaluation, asked)
    return evaluation


def _each(sections: Sequence[tuple[str, Any]], make: Any, asked: Asked) -> tuple[Any, ...]:
    """Return what was made of each section, those with faults left out."""
    made = [make(where, section, asked) for where, section in sections]
    return tuple(one for one in made if one is not None)


def _unique(sections: Sequence[tuple[str, Any]], made: Sequence[Any], part: str, reading: Reading) -> None:
    """Complain about two parts of one name."""
    names = [one.name for one in made]
    if len(made) != len(sections):
        return
    for number, (where, _) in enumerate(sections):
        if names[number] in names[:number]:
            what = f"evaluate.{part}: two are called {names[number]!r}"
            reading.complain(where, reading.places[where], what, "give each a `name` of its own")


def _refused(sections: Sequence[tuple[str, Any]], evaluation: Evaluation, asked: Asked) -> None:
    """Complain about values of a sweep that the model refuses, as soon as everything else is sound."""
    if asked.reading.faults or any(case.inputs is None for case in asked.cases.values()):
        return
    inputs = {name: case.inputs for name, case in asked.cases.items() if case.inputs is not None}
    wheres = {f"break_even/{one.name}": where for one, (where, _) in zip(evaluation.break_even, sections, strict=True)}
    _, refused = resolve(Evaluation((), (), evaluation.break_even), inputs)
    for one in refused:
        where = f"{wheres[one.part]}.values"
        what = f"{where}: {one.label} is impossible in strategy {one.strategy}: {one.reason}"
        asked.reading.complain(where, asked.reading.places[where], what)


def _known(where: str, name: str, known: Sequence[str], noun: str, reading: Reading) -> bool:
    """Whether `name` is known; complains if not."""
    if name not in known:
        allowed = f"{nearest(name, known)} known: {', '.join(known) or '(nothing)'}".strip()
        reading.complain(where, reading.places[where], f"{where}: no such {noun}: {name!r}", allowed)
    return name in known


def _known_parties(where: str, parties: Sequence[str], firms: Sequence[str], reading: Reading) -> None:
    for number, party in enumerate(parties if firms else ()):
        if party not in firms:
            _known(f"{where}.{number}", party, [*firms, *OTHER_PARTIES], "party", reading)


def _pair(where: str, section: Mapping[str, Any], asked: Asked) -> dict[str, str]:
    """Return strategy and baseline where both are strategies, else what is known of them; complains."""
    pair = {"strategy": section.get("strategy"), "baseline": section.get("baseline", asked.baseline)}
    for key, name in pair.items():
        if key in section and asked.cases:
            _known(f"{where}.{key}", name, list(asked.cases), "strategy", asked.reading)
    if pair["strategy"] is not None and pair["strategy"] == pair["baseline"]:
        place = asked.reading.places[f"{where}.strategy"]
        what = f"{where}: {pair['strategy']!r} is compared with itself"
        asked.reading.complain(f"{where}.strategy", place, what, "strategy and baseline differ")
    return {key: name for key, name in pair.items() if name in asked.cases}


def _break_even(where: str, section: Mapping[str, Any], asked: Asked) -> BreakEven | None:
    """Return a sweep, or None with complaints."""
    before = len(asked.reading.faults)
    pair = _pair(where, section, asked)
    parameter, values = None, ()
    if "parameter" in section and asked.cases:
        parameter = the_parameter(f"{where}.parameter", section["parameter"], pair.get("strategy"), asked)
    if parameter is not None and "values" in section:
        spacing = section.get("spacing", "linear")
        values = _values(where, parameter, section["values"], spacing, asked.reading)
    parties = _parties(where, section, asked) if "outcome" in section else ()
    if len(asked.reading.faults) > before or not (values and parties and len(pair) == 2):
        return None
    return BreakEven(
        name=section.get("name", section["parameter"]), title=section.get("title", ""),
        parameter=section["parameter"], values=values, spacing=section.get("spacing", "linear"), **pair,
        outcome=section["outcome"], parties=parties, replications=section.get("replications", SWEEP_REPLICATIONS),
    )  # fmt: skip


def _values(where: str, parameter: Parameter, node: Node, spacing: str, reading: Reading) -> tuple[Any, ...]:
    """Return the swept values in the parameter's unit, ascending; () with complaints."""
    key = f"{where}.values"
    before = len(reading.faults)
    values = read_values(key, parameter, node, spacing, reading)
    if len(reading.faults) > before:
        return ()
    finite = [value for value in values if math.isfinite(value)]
    allowed = ""
    if len(values) < 2 or any(a >= b for a, b in itertools.pairwise(values)):
        allowed = "allowed: a list of two or more ascending values"
    elif len(finite) < len(values) and (values[-1] != math.inf or len(finite) < len(values) - 1 or finite[-1] <= 0):
        allowed = "allowed: .inf as the last value, after one above 0"
    elif spacing == "log" and values[0] <= 0:
        allowed = "allowed with spacing log: values above 0"
    if allowed:
        reading.complain(key, node.place, f"{key} is no sweep", allowed)
    return () if allowed else values


def _influence(where: str, section: Mapping[str, Any], asked: Asked) -> Influence | None:
    """Return a ranking of assumptions, or None with complaints."""
    before = len(asked.reading.faults)
    pair = _pair(where, section, asked)
    parties = _parties(where, section, asked) if "outcome" in section else ()
    ranges: list[Range] = []
    for key, node in section["parameters"].entries.items() if "parameters" in section and asked.cases else ():
        found = read_range(f"{where}.parameters", key, node, pair.get("strategy"), asked)
        ranges += [] if found is None else [found]
    if "parameters" in section and not section["parameters"].entries:
        at = f"{where}.parameters"
        asked.reading.complain(at, section["parameters"].key_place, f"{at} names no parameter", "allowed: at least 1")
    if len(asked.reading.faults) > before or not (ranges and parties and len(pair) == 2):
        return None
    return Influence(
        name=section.get("name", section["strategy"]), title=section.get("title", ""), **pair,
        outcome=section["outcome"], parties=parties, parameters=tuple(ranges),
        replications=section.get("replications"),
    )  # fmt: skip


def _waterfall(where: str, section: Mapping[str, Any], asked: Asked) -> Waterfall | None:
    """Return a waterfall, or None with complaints."""
    before = len(asked.reading.faults)
    strategy = section.get("strategy", "")
    known = bool(strategy) and _known(f"{where}.strategy", strategy, list(asked.cases), "strategy", asked.reading)
    _known_parties(f"{where}.parties", section.get("parties", ()), asked.firms, asked.reading)
    switches = _switches(where, section, strategy if known else None, asked)
    if len(asked.reading.faults) > before or not (known and switches and "outcomes" in section):
        return None
    return Waterfall(
        name=section.get("name", strategy), title=section.get("title", ""), strategy=strategy,
        outcomes=section["outcomes"], parties=section.get("parties", tuple(asked.firms)),
        contract=section.get("contract", ""), switches=switches, replications=section.get("replications"),
    )  # fmt: skip


def _switches(where: str, section: Mapping[str, Any], strategy: str | None, asked: Asked) -> tuple[Switch, ...]:
    """Return the stages of a contract's pipeline, or those that the scenario spells out."""
    place = asked.reading.places[where]
    if ("contract" in section) == ("switches" in section):
        both = "contract" in section
        what = f"{where} has both `contract` and `switches`" if both else f"{where} names no stages"
        asked.reading.complain(where, place, what, "allowed: either `contract` or `switches`")
        return ()
    if "switches" in section:
        return read_switches(f"{where}.switches", section["switches"], strategy, asked)
    if strategy is None or f"{where}.contract" in asked.reading.faulty:
        return ()
    contracts = list(asked.cases[strategy].values.get("contracts", {}))
    if not _known(f"{where}.contract", section["contract"], contracts, f"contract of {strategy}", asked.reading):
        return ()
    pipeline = f"contracts.{section['contract']}.pipeline"
    return tuple(Switch(stage, {f"{pipeline}.{stage}": False}) for stage in STAGES)


def _orders(where: str, section: Mapping[str, Any], asked: Asked) -> Orders | None:
    """Return the orders of some steps, or None with complaints."""
    before, reading = len(asked.reading.faults), asked.reading
    baseline = section.get("baseline", asked.baseline)
    if "baseline" in section and asked.cases:
        _known(f"{where}.baseline", baseline, list(asked.cases), "strategy", reading)
    parties = _parties(where, section, asked) if "outcome" in section else ()
    steps = section.get("steps", ())
    if steps:
        _judge_steps(f"{where}.steps", steps, reading)
    sets = section.get("sets", {})
    taken = [_step_set(f"{where}.sets.{name}", name, own, steps, asked) for name, own in sets.items() if own and steps]
    _judge_baseline(f"{where}.sets", baseline, sets, reading)
    if len(reading.faults) == before and steps and "sets" in section:
        _judge_sets(f"{where}.sets", steps, taken, baseline, reading)
    if len(reading.faults) > before or not (steps and taken and parties and baseline in asked.cases):
        return None
    return Orders(
        name=section.get("name", section["outcome"]), title=section.get("title", ""), baseline=baseline,
        outcome=section["outcome"], parties=parties, steps=steps, sets=tuple(taken),
    )  # fmt: skip


def _judge_steps(where: str, steps: Sequence[str], reading: Reading) -> None:
    """Complain about too many steps, and about one that is named twice."""
    twice = [step for number, step in enumerate(steps) if step in steps[:number]]
    what = f"{where}: {twice[0]!r} is named twice" if twice else f"{where} names {len(steps)} steps"
    if twice or len(steps) > MOST_STEPS:
        reading.complain(where, reading.places[where], what, f"allowed: 2 to {MOST_STEPS} different steps")


def _step_set(where: str, name: str, own: Sequence[str], steps: Sequence[str], asked: Asked) -> StepSet:
    """Return which steps a strategy takes, complaining about what is unknown."""
    if asked.cases:
        _known(where, name, list(asked.cases), "strategy", asked.reading)
    for number, step in enumerate(own):
        if _known(f"{where}.{number}", step, steps, "step", asked.reading) and step in own[:number]:
            place = asked.reading.places[f"{where}.{number}"]
            asked.reading.complain(f"{where}.{number}", place, f"{where}: {step!r} is named twice", "each step once")
    return StepSet(name, tuple(step for step in steps if step in own))


def _judge_baseline(where: str, baseline: str, sets: Mapping[str, Any], reading: Reading) -> None:
    if baseline in sets:
        key = f"{where}.{baseline}"
        what = f"{key}: the baseline takes no step"
        reading.complain(key, reading.places[key], what, "leave it out here, or name another `baseline`")


def _judge_sets(where: str, steps: Sequence[str], taken: Sequence[StepSet], baseline: str, reading: Reading) -> None:
    """Complain about sets of steps that two strategies take, and about those that none takes."""
    strategy_of: dict[tuple[str, ...], str] = {}
    for one in taken:
        other = strategy_of.setdefault(one.steps, one.strategy)
        if other != one.strategy:
            key = f"{where}.{one.strategy}"
            what = f"{key}: {other} takes the same steps: {', '.join(one.steps)}"
            reading.complain(key, reading.places[key], what, "one strategy for each set of steps")
    every = [some for size in range(1, len(steps) + 1) for some in itertools.combinations(steps, size)]
    missing = [f"[{', '.join(some)}]" for some in every if some not in strategy_of]
    if missing:
        what = f"{where}: no strategy takes {', '.join(missing)}"
        allowed = f"each of the {len(every)} sets of steps needs a strategy; {baseline} is the one without any"
        reading.complain(where, reading.places[where], what, allowed)


def _parties(where: str, section: Mapping[str, Any], asked: Asked) -> tuple[str, ...]:
    """Return whose outcome decides; ("",) for an outcome of the whole economy."""
    outcome, key = OUTCOME[section["outcome"]], f"{where}.parties"
    parties: tuple[str, ...] = section.get("parties", ())
    reading = asked.reading
    if not outcome.per_party:
        if parties:
            reading.complain(key, reading.places[key], f"{key}: {outcome.name} is one value for all parties")
        return ("",)
    if not parties and key not in reading.faulty:
        what = f"{key} is missing: {outcome.name} has one value per party"
        reading.complain(key, reading.places[where], what, f"known: {', '.join([*asked.firms, *OTHER_PARTIES])}")
    _known_parties(key, parties, asked.firms, reading)
    return parties
