"""What the families of resources and technology cost in processor time, against the economy without them.

The firms are those of the library scenario `industrial-park`, or so many times as many of each small group of it.

- bare: loads, stocks, orders, power market and books of these firms, and nothing of either family: no machines, people,
  heat, by-products, stations or own generation, and no technology. It is the economy of `steel-and-power`.
- resources: the same with all of these declared, and contracts on heat, by-products, machines and people at work.
- technology: the bare firms with what they know and find out, and contracts on it at work.
- together: both.

A park has the contracts of its scenario. In a large park by-products, machines and people are shared by a pool or by
leasing with ten partners, and know-how in pools: the mechanisms that take any number of members.
"""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

from model.endowments import ByProduct, Equipment, Generation, Heat, Labour, Station
from model.inputs import ManufacturerInputs, ModelInputs
from model.know_how import Technology
from model.model import CollaborationModel
from scenarios.spec import load_study

PARK = "industrial-park"
STRATEGIES = {
    "bare": "none",
    "resources": "resources",
    "technology": "technology",
    "together": "resources-and-technology",
}
LINKS = 10


def family_cases(times: int = 1) -> dict[str, ModelInputs]:
    """Return the inputs of each case; `times` as many firms in each small group."""
    strategies = load_study(PARK).strategies
    cases = {}
    for name, strategy in STRATEGIES.items():
        inputs = strategies[strategy]
        large = inputs if times == 1 else enlarged(inputs, times)
        cases[name] = stripped(large, resources="resources" in strategy, technology="technology" in strategy)
    return cases


def stripped(inputs: ModelInputs, *, resources: bool, technology: bool) -> ModelInputs:
    """Return the inputs without what a family adds to firms, unless it is kept."""
    makers, utilities = inputs.manufacturers, inputs.utilities
    if not resources:
        nothing: dict[str, Any] = {
            "equipment": Equipment(),
            "labour": Labour(),
            "heat": Heat(),
            "by_product": ByProduct(),
            "station": Station(),
        }
        makers = tuple(dataclasses.replace(maker, **nothing) for maker in makers)
        utilities = tuple(dataclasses.replace(utility, generation=Generation()) for utility in utilities)
    if not technology:
        makers = tuple(dataclasses.replace(maker, technology=Technology()) for maker in makers)
    return dataclasses.replace(inputs, manufacturers=makers, utilities=utilities)


def enlarged(inputs: ModelInputs, times: int) -> ModelInputs:
    """Return a park with so many times as many firms in each group, under contracts that take so many."""

    def more(maker: ManufacturerInputs) -> ManufacturerInputs:
        process = dataclasses.replace(maker.process, mean_load=maker.process.mean_load / times)
        alone = maker.process.kind == "batch"
        return maker if alone else dataclasses.replace(maker, count=maker.count * times, process=process)

    changes: dict[str, dict[str, Any]] = {
        "people": {"variant": "leasing", "partners": LINKS},
        "materials": {"variant": "pooling", "members": ("food-north", "food-south", "farms")},
    }
    resources = tuple(dataclasses.replace(c, **changes.get(c.name, {})) for c in inputs.resource_contracts)
    pools = tuple(
        dataclasses.replace(c, openness=c.openness / times)
        for c in inputs.technology_contracts
        if c.variant == "sharing"
    )
    return dataclasses.replace(
        inputs,
        manufacturers=tuple(more(maker) for maker in inputs.manufacturers),
        resource_contracts=resources,
        technology_contracts=pools,
    )


def firms_of(inputs: ModelInputs) -> int:
    """Return the number of firms, utilities included."""
    return sum(maker.count for maker in inputs.manufacturers) + len(inputs.utilities)


def family_lines(times: int, days: int, rounds: int) -> Iterator[str]:
    """Yield nanoseconds of processor time by firm and day, and their ratio to the bare economy, one case a line.

    The cases take turns, `days` at a time, and the fastest of `rounds` turns counts; set-up and first days do not.
    """
    cases = family_cases(times)
    models = {name: CollaborationModel(inputs) for name, inputs in cases.items()}
    best = dict.fromkeys(cases, float("inf"))
    for model in models.values():
        model.run_for(2)
    for _ in range(rounds):
        for name, model in models.items():
            begun = time.process_time()
            model.run_for(days)
            best[name] = min(best[name], time.process_time() - begun)
    for name, seconds in best.items():
        firms = firms_of(cases[name])
        cell = f"{1e9 * seconds / (firms * days):>10,.0f} ns{seconds / best['bare']:>8.2f}x"
        yield f"{name:<16}{firms:>10,} firms{cell}"


def park_seconds(strategy: str, rounds: int) -> float:
    """Return processor time of one run of a strategy of the park, burn-in and set-up included, compilation not, s."""
    inputs = load_study(PARK).strategies[strategy]
    seconds = []
    for turn in range(rounds + 1):
        begun = time.process_time()
        model = CollaborationModel(inputs)
        model.run_to_end()
        model.outcomes()
        if turn:
            seconds.append(time.process_time() - begun)
    return min(seconds)
