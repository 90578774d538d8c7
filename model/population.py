"""From declared inputs to rows: who exists, in which order, and who supplies whom.

Manufacturers take rows 0 to n-1 of the firm table, utilities follow. A firm with `count` above one is a
group: its members share parameters and are one party in tables, but draw from streams of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from model.errors import Fault, InputError
from model.inputs import DataPlatformInputs, ManufacturerInputs, ModelInputs
from model.platforms import Hub
from model.streams import Floats, Ints, entity_id

HOURS = 24
MARKET, GRID, CUSTOMERS, REGULATOR = "market", "grid", "customers", "regulator"
"""Parties outside the agents: wholesale market, network and system operator, final demand, and who fines."""


@dataclass
class Population:
    """Who is where.

    Attributes:
        inputs: the inputs that declare everybody.
        names: firm name by row, manufacturers first, then utilities and platforms; members are numbered from 1.
        party: party index by row: group of a manufacturer, then utilities, then platforms.
        parties: party names: groups, utilities, platforms, outside parties; without the sink of real cost.
        makers: number of manufacturers n.
        group: group index by manufacturer, shape (n,).
        entity: stream entity by manufacturer, shape (n,).
        supplier: row of the supplier or -1, shape (n,).
        utility: index of the utility or -1, shape (n,).
        alone: row in the list of separately forecast customers or -1, shape (n,).
        levels: manufacturers by distance from final demand, each level after its customers.
    """

    inputs: ModelInputs
    names: tuple[str, ...] = ()
    party: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    parties: tuple[str, ...] = ()
    makers: int = 0
    group: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    entity: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    supplier: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    utility: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    alone: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    levels: list[Ints] = field(default_factory=list)

    def of_group(self, name: str) -> Ints:
        """Return the rows of the manufacturers declared under `name`."""
        index = [m.name for m in self.inputs.manufacturers].index(name)
        return np.flatnonzero(self.group == index)

    def rows_of(self, name: str) -> Ints:
        """Return the rows of everybody who is declared under `name`: a group, a utility or a platform."""
        return np.flatnonzero(self.party == self.parties.index(name))

    def size_of(self, name: str) -> int:
        """Return how many firms bear a name; 1 for a party outside the agents."""
        return next((m.count for m in self.inputs.manufacturers if m.name == name), 1)

    def spread(self, section: str, parameter: str) -> Floats:
        """Return a manufacturer parameter by row, shape (n,)."""
        values = [float(getattr(getattr(m, section), parameter)) for m in self.inputs.manufacturers]
        return np.array(values, dtype=np.float64)[self.group]

    def coded(self, section: str, parameter: str, codes: tuple[str, ...]) -> Ints:
        """Return a manufacturer parameter that is a word, as its index in `codes`, shape (n,)."""
        values = [codes.index(getattr(getattr(m, section), parameter)) for m in self.inputs.manufacturers]
        return np.array(values, dtype=np.int64)[self.group]

    def with_process(self, kind: str) -> Ints:
        """Return the rows of the manufacturers whose process is of `kind`."""
        is_kind = np.array([m.process.kind == kind for m in self.inputs.manufacturers], dtype=np.bool_)
        return np.flatnonzero(is_kind[self.group]) if self.makers else np.zeros(0, np.int64)


def member_names(firm: ManufacturerInputs) -> list[str]:
    """Return the names of a firm's members: its own, or numbered ones for a group."""
    return [firm.name] if firm.count == 1 else [f"{firm.name} {k + 1}" for k in range(firm.count)]


def populate(inputs: ModelInputs) -> Population:
    """Return the population that the inputs declare.

    Raises:
        InputError: if a group of several firms is named as a supplier.
    """
    makers = inputs.manufacturers
    counts = np.array([m.count for m in makers], dtype=np.int64)
    group = np.repeat(np.arange(len(makers)), counts)
    names = [name for m in makers for name in member_names(m)]
    first_row = {m.name: int(row) for m, row in zip(makers, np.cumsum(counts) - counts, strict=True)}
    _refuse_supplier_groups(inputs)
    utilities = {u.name: k for k, u in enumerate(inputs.utilities)}
    hubs = [platform.name for platform in platforms_of(inputs)]
    fines = (REGULATOR,) if inputs.privacy.fine_probability > 0.0 else ()
    supplier = np.array([first_row.get(m.supplier, -1) for m in makers], dtype=np.int64)[group]
    utility = np.array([utilities.get(m.utility, -1) for m in makers], dtype=np.int64)[group]
    is_alone = np.array([m.metered_alone and bool(m.utility) for m in makers], dtype=np.bool_)[group]
    alone = np.where(is_alone, np.cumsum(is_alone) - 1, -1).astype(np.int64)
    return Population(
        inputs=inputs,
        names=(*names, *utilities, *hubs),
        party=np.concatenate([group, len(makers) + np.arange(len(utilities) + len(hubs))]).astype(np.int64),
        parties=(*(m.name for m in makers), *utilities, *hubs, MARKET, GRID, CUSTOMERS, *fines),
        makers=len(names),
        group=group,
        entity=np.array([entity_id(name) for name in names], dtype=np.int64),
        supplier=supplier,
        utility=utility,
        alone=alone,
        levels=_levels({m.name: m.supplier for m in makers}, [m.name for m in makers], group),
    )


def platforms_of(inputs: ModelInputs) -> tuple[Hub | DataPlatformInputs, ...]:
    """Return all platforms in the order of their rows: for data, for resources, for technology."""
    return (*inputs.data_platforms, *inputs.resource_platforms, *inputs.technology_platforms)


def _refuse_supplier_groups(inputs: ModelInputs) -> None:
    size = {m.name: m.count for m in inputs.manufacturers}
    faults = [
        Fault(f"firms.{m.name}.supplier", f"{m.supplier} is a group of {size[m.supplier]} firms", "name one firm")
        for m in inputs.manufacturers
        if size.get(m.supplier, 1) > 1
    ]
    if faults:
        raise InputError(faults)


def _levels(suppliers: Mapping[str, str], names: list[str], group: Ints) -> list[Ints]:
    """Return rows by level: a group's level is one above the highest of its customers."""
    level = dict.fromkeys(names, 0)
    for _ in names:
        for name, supplier in suppliers.items():
            if supplier:
                level[supplier] = max(level[supplier], level[name] + 1)
    by_group = np.array([level[name] for name in names], dtype=np.int64)[group]
    return [np.flatnonzero(by_group == k) for k in range(int(by_group.max()) + 1)] if by_group.size else []


def signal_means(people: Population) -> Floats:
    """Return the mean daily demand that reaches each manufacturer, its customers' orders included, shape (n,)."""
    mean = people.spread("demand", "mean")
    for rows in people.levels[1:]:
        for row in rows:
            mean[row] = mean[people.supplier == row].sum()
    return mean


def usual_load_mw(people: Population, utility: str = "") -> float:
    """Return the long-run mean load of all firms that one utility supplies, or any, MW."""
    mean = signal_means(people)
    total = 0.0
    for firm in people.inputs.manufacturers:
        p = firm.process
        if not firm.utility or utility not in ("", firm.utility):
            continue
        if p.kind == "batch":
            heats = min(p.capacity, float(mean[people.of_group(firm.name)[0]]) / p.heat_output)
            total += firm.count * (p.mill + p.auxiliary + heats * p.heat_energy / HOURS)
        elif p.kind == "shaped":
            total += firm.count * p.mean_load
    return total
