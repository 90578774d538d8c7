"""`ModelInputs`: the frozen, fully resolved inputs of one run, and nothing but declared parameters.

A scenario file resolves to one `ModelInputs` per strategy; a validation case builds one directly.
Groups nest as a scenario file does: `inputs.balancing.beta` is `balancing.beta` in YAML, and
`firms.steel.process.furnace` is the parameter `furnace` of the firm named steel.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.assets import ASSETS
from model.contract_checks import Parties, contract_faults
from model.contracts import DataContract
from model.endowments import ByProduct, Equipment, Generation, Heat, Labour, Site, Station
from model.errors import Fault, InputError, nearest
from model.extensions import Extension, extension_faults, known_names
from model.family_checks import family_faults
from model.firms import Demand, Forecasting, ManufacturerInputs, Ordering, Retail, UtilityInputs
from model.know_how import Technology
from model.parameters import faults_of, parameters_of
from model.platforms import DataPlatformInputs, ResourcePlatformInputs, TechnologyPlatformInputs
from model.processes import Flexibility, Process, Storage
from model.records import Logs, Pipeline, Records
from model.resource_terms import ResourceContract
from model.security import PrivacyRule, Security
from model.shocks import Shock
from model.technology_terms import TechnologyContract
from model.world import Balancing, Economy, Incidents, Market, Period

__all__ = [
    "GROUPS",
    "Balancing",
    "ByProduct",
    "DataContract",
    "DataPlatformInputs",
    "Demand",
    "Economy",
    "Equipment",
    "Extension",
    "Flexibility",
    "Forecasting",
    "Generation",
    "Heat",
    "Labour",
    "ManufacturerInputs",
    "Market",
    "ModelInputs",
    "Ordering",
    "OwnSeries",
    "Period",
    "Process",
    "ResourceContract",
    "ResourcePlatformInputs",
    "Retail",
    "Shock",
    "Site",
    "Station",
    "Storage",
    "Technology",
    "TechnologyContract",
    "TechnologyPlatformInputs",
    "UtilityInputs",
    "as_tree",
    "replace_inputs",
]


DAY_HOURS = 24.0
MAKING_DAYS = 3
"""Shortest lead time of a works that plans its production at the day-ahead gate."""


@dataclass(frozen=True, kw_only=True)
class OwnSeries:
    """A user's own measured series, named by `market.price_table` or `process.load_table`.

    Attributes:
        name: the name that the parameter gives (the file's path).
        first_day: date of the first day, YYYY-MM-DD.
        digest: sha256 of the values; stands for them in comparisons and in the stored inputs.
        values: EUR/MWh, shape (days, 24), for a price; load of any scale, shape (days, 96), for a load.
    """

    name: str
    first_day: str
    digest: str
    values: NDArray[np.float64] = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """The resolved inputs of one run; seed and replication are arguments of the model."""

    name: str = "case"
    calendar: Period = field(default_factory=Period)
    economy: Economy = field(default_factory=Economy)
    market: Market = field(default_factory=Market)
    balancing: Balancing = field(default_factory=Balancing)
    privacy: PrivacyRule = field(default_factory=PrivacyRule)
    incidents: Incidents = field(default_factory=Incidents)
    manufacturers: tuple[ManufacturerInputs, ...] = ()
    utilities: tuple[UtilityInputs, ...] = ()
    data_platforms: tuple[DataPlatformInputs, ...] = ()
    resource_platforms: tuple[ResourcePlatformInputs, ...] = ()
    technology_platforms: tuple[TechnologyPlatformInputs, ...] = ()
    contracts: tuple[DataContract, ...] = ()
    resource_contracts: tuple[ResourceContract, ...] = ()
    technology_contracts: tuple[TechnologyContract, ...] = ()
    shocks: tuple[Shock, ...] = ()
    own_series: tuple[OwnSeries, ...] = ()
    extensions: tuple[Extension, ...] = ()

    def __post_init__(self) -> None:
        """Refuse faulty inputs.

        Raises:
            InputError: with every fault found.
        """
        faults = [*_value_faults(self), *_reference_faults(self), *_contract_faults(self), *_extension_faults(self)]
        faults += _shock_faults(self)
        variants = {family: known_names(self.extensions, family) for family in ("resource", "technology")}
        faults += family_faults(self, variants)
        if faults:
            raise InputError(faults)


GROUPS: dict[str, type] = {
    "calendar": Period,
    "economy": Economy,
    "market": Market,
    "balancing": Balancing,
    "privacy": PrivacyRule,
    "incidents": Incidents,
    "security": Security,
    "demand": Demand,
    "ordering": Ordering,
    "process": Process,
    "flexibility": Flexibility,
    "storage": Storage,
    "retail": Retail,
    "forecasting": Forecasting,
    "manufacturer": ManufacturerInputs,
    "utility": UtilityInputs,
    "site": Site,
    "equipment": Equipment,
    "labour": Labour,
    "station": Station,
    "heat": Heat,
    "by_product": ByProduct,
    "technology": Technology,
    "generation": Generation,
    "data_platform": DataPlatformInputs,
    "resource_platform": ResourcePlatformInputs,
    "technology_platform": TechnologyPlatformInputs,
    "data_contract": DataContract,
    "resource_contract": ResourceContract,
    "technology_contract": TechnologyContract,
    "pipeline": Pipeline,
    "records": Records,
    "logs": Logs,
    "shock": Shock,
}
"""Every parameter group by the name of its section."""

FIRMS = ("manufacturers", "utilities")
PLATFORMS = ("data_platforms", "resource_platforms", "technology_platforms")
EVENTS = ("shocks",)
CONTRACTS = ("contracts", "resource_contracts", "technology_contracts")
"""Fields of `ModelInputs` that hold firms, platforms, what happens from outside, and contracts, by family."""


def _groups_within(owner: object, where: str) -> Iterator[tuple[str, object]]:
    yield where, owner
    for item in dataclasses.fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, item.name)
        if dataclasses.is_dataclass(value):
            yield from _groups_within(value, f"{where}.{item.name}" if where else item.name)


def _members(inputs: ModelInputs) -> Iterator[tuple[str, object]]:
    """Yield (dotted place, group) for every parameter group of the inputs."""
    for name in ("calendar", "economy", "market", "balancing", "privacy", "incidents"):
        yield name, getattr(inputs, name)
    for where, member in members_of(inputs):
        yield from _groups_within(member, where)


def members_of(inputs: ModelInputs) -> Iterator[tuple[str, Any]]:
    """Yield (dotted place, declaration) of every firm, platform, shock and contract, in order of declaration."""
    for field_name in (*FIRMS, *PLATFORMS, *EVENTS, *CONTRACTS):
        section = "firms" if field_name in FIRMS else "contracts" if field_name in CONTRACTS else field_name
        for member in getattr(inputs, field_name):
            yield f"{section}.{member.name}", member


def _value_faults(inputs: ModelInputs) -> Iterator[Fault]:
    for where, group in _members(inputs):
        yield from faults_of(group, where)
    try:
        _first_day(inputs.calendar)
    except OverflowError:
        what = f"a run that starts on {inputs.calendar.start} leaves the calendar"
        yield Fault("calendar.start", what, f"allowed: years {dt.MINYEAR} to {dt.MAXYEAR - 1}, burn-in included")
    except (ValueError, TypeError):
        yield Fault("calendar.start", f"{inputs.calendar.start!r} is not a date", "allowed: YYYY-MM-DD")


def _first_day(period: Period) -> dt.date:
    """Return the first simulated day, burn-in included; OverflowError if a run would leave the calendar."""
    start = dt.date.fromisoformat(period.start)
    if (start + dt.timedelta(days=period.days)).year >= dt.MAXYEAR:
        raise OverflowError
    return start - dt.timedelta(days=period.burn_in)


def _reference_faults(inputs: ModelInputs) -> Iterator[Fault]:
    """Yield a fault for each name that is taken twice or refers to nobody."""
    makers = [m.name for m in inputs.manufacturers]
    utilities = [u.name for u in inputs.utilities]
    names = makers + utilities
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Fault(f"firms.{name}", "two firms bear this name")
    owners: tuple[ManufacturerInputs | UtilityInputs, ...] = (*inputs.manufacturers, *inputs.utilities)
    for owner in owners:
        for word in owner.data:
            if word not in ASSETS:
                allowed = f"{nearest(word, list(ASSETS))} known: {', '.join(ASSETS)}".strip()
                yield Fault(f"firms.{owner.name}.data", f"no such data asset: {word!r}", allowed)
    for firm in inputs.manufacturers:
        for role, known in (("supplier", makers), ("utility", utilities)):
            target = getattr(firm, role)
            if target and (target not in known or target == firm.name):
                allowed = nearest(target, known) or f"known: {', '.join(known) or 'none'}"
                yield Fault(f"firms.{firm.name}.{role}", f"no such {role}: {target!r}", allowed)
    for firm in inputs.manufacturers:
        if firm.process.kind == "batch" and firm.utility and not firm.metered_alone:
            yield Fault(
                f"firms.{firm.name}.metered_alone",
                "a batch process is forecast on its own",
                "set metered_alone to true",
            )
    for firm in inputs.manufacturers:
        if firm.process.kind == "batch":
            yield from _batch_faults(firm)
            if firm.process.scheduling == "after_prices" and inputs.market.closure == "endogenous":
                what = "the zone clears only after the day is planned, so its prices cannot be waited for"
                yield Fault(f"firms.{firm.name}.process.scheduling", what, "allowed here: habit, before_prices")
        yield from _shifting_faults(firm)
    yield from _loop_faults({m.name: m.supplier for m in inputs.manufacturers})


def _shifting_faults(firm: ManufacturerInputs) -> Iterator[Fault]:
    """Yield a fault for load that is declared to move where nothing can."""
    for section, key, amount in (
        ("flexibility", "share", firm.flexibility.share),
        ("storage", "capacity", firm.storage.capacity),
    ):
        if amount > 0.0 and (firm.process.kind != "shaped" or not firm.utility):
            what = f"{firm.name} has no shaped load with a meter that it could apply to"
            allowed = "0 here; or process.kind shaped and a utility (a batch process shifts by process.scheduling)"
            yield Fault(f"firms.{firm.name}.{section}.{key}", what, allowed)


def _batch_faults(firm: ManufacturerInputs) -> Iterator[Fault]:
    """Yield a fault for each way in which a batch process cannot work as declared."""
    where, process = f"firms.{firm.name}", firm.process
    if firm.ordering.lead_time < MAKING_DAYS:
        yield Fault(
            f"{where}.ordering.lead_time",
            f"{firm.ordering.lead_time} day(s) are too few for a batch process",
            "allowed: 3 or more: ordered tonight, planned at tomorrow's gate, made the day after, available the next",
        )
    hours = process.heat_energy / process.furnace if process.furnace > 0.0 else 0.0
    if process.capacity * hours > DAY_HOURS:
        yield Fault(
            f"{where}.process.capacity",
            f"{process.capacity} heats of {hours:.2g} h do not fit into a day",
            f"allowed here: up to {int(DAY_HOURS / hours)}; or a stronger furnace, or a smaller heat",
        )


def _loop_faults(suppliers: Mapping[str, str]) -> Iterator[Fault]:
    for name in suppliers:
        seen, here = {name}, suppliers[name]
        while here in suppliers and here not in seen:
            seen.add(here)
            here = suppliers[here]
        if here == name:
            yield Fault(f"firms.{name}.supplier", "the chain of suppliers runs in a circle")


def _contract_faults(inputs: ModelInputs) -> Iterator[Fault]:
    """Yield a fault for each contract and each name of a platform that cannot work."""
    firms: tuple[Any, ...] = (*inputs.manufacturers, *inputs.utilities)
    taken = {firm.name: "a firm" for firm in firms}
    for family in PLATFORMS:
        for platform in getattr(inputs, family):
            if platform.name in taken:
                yield Fault(f"{family}.{platform.name}", f"{taken[platform.name]} bears this name")
            taken[platform.name] = "another platform"
    try:
        first = _first_day(inputs.calendar)
    except (ValueError, TypeError, OverflowError):
        return  # said where the calendar is judged
    parties = Parties(
        makers={m.name: m for m in inputs.manufacturers},
        utilities={u.name: u for u in inputs.utilities},
        platforms={p.name: p for p in inputs.data_platforms},
        rule=inputs.privacy,
        start=first,
        days=inputs.calendar.days + inputs.calendar.burn_in,
        cleared=inputs.market.closure == "endogenous",
    )
    yield from contract_faults(inputs.contracts, parties)


def _extension_faults(inputs: ModelInputs) -> Iterator[Fault]:
    """Yield a fault for each behaviour that nobody defines, and each name that two extensions define."""
    yield from extension_faults(inputs.extensions)
    known = known_names(inputs.extensions, "behaviour")
    for firm in inputs.manufacturers:
        if firm.behaviour and firm.behaviour not in known:
            allowed = nearest(firm.behaviour, known) or f"known: {', '.join(known) or 'none'}; an extension adds one"
            yield Fault(f"firms.{firm.name}.behaviour", f"no such behaviour: {firm.behaviour!r}", allowed)


def _shock_faults(inputs: ModelInputs) -> Iterator[Fault]:
    """Yield a fault for each shock that hits nobody, nothing, or on no day of the run."""
    makers = {m.name: m for m in inputs.manufacturers}
    try:
        first = _first_day(inputs.calendar)
    except (ValueError, TypeError, OverflowError):
        return  # said where the calendar is judged
    last = first + dt.timedelta(days=inputs.calendar.burn_in + inputs.calendar.days - 1)
    for shock in inputs.shocks:
        where = f"shocks.{shock.name}"
        try:
            day = dt.date.fromisoformat(shock.date)
        except (ValueError, TypeError):
            yield Fault(f"{where}.date", f"{shock.date!r} is not a date", "allowed: YYYY-MM-DD")
        else:
            if not first <= day <= last:
                yield Fault(f"{where}.date", f"{shock.date} is no day of the run", f"allowed: {first} to {last}")
        if shock.what != "demand" and not 0.0 <= shock.size <= 1.0:
            what = f"{shock.size:g} is no part of the {'machines' if shock.what == 'machines' else 'crew'}"
            silent = shock.size == parameters_of(Shock)["size"].default
            allowed = "the part that is missing, from 0 to 1" + ("; the default is a fall of demand" if silent else "")
            yield Fault(f"{where}.size", what, f"needed: {allowed}")
        if not shock.firms:
            yield Fault(f"{where}.firms", "the shock hits nobody", "allowed: at least one firm")
        for k, name in enumerate(shock.firms):
            if name not in makers:
                allowed = nearest(name, list(makers)) or f"known: {', '.join(makers) or 'none'}"
                yield Fault(f"{where}.firms.{k}", f"no such firm that makes something: {name!r}", allowed)
            elif name in shock.firms[:k]:
                yield Fault(f"{where}.firms.{k}", f"{name} is named twice")
            elif lacking := _lacking(makers[name], shock.what):
                yield Fault(f"{where}.firms.{k}", f"{name} {lacking}")


def _lacking(firm: ManufacturerInputs, what: str) -> str:
    """Return what a firm lacks that a shock could hit, as a phrase; empty where there is something."""
    if what == "demand":
        return "" if firm.demand.mean > 0.0 else "sells nothing to final customers (demand.mean)"
    if what == "machines":
        return "" if firm.equipment.machines > 0 else "declares no machines (equipment.machines)"
    there = firm.labour.skilled + firm.labour.general > 0
    return "" if there else "declares no crew (labour.skilled, labour.general)"


def replace_inputs(inputs: ModelInputs, changes: Mapping[str, Any]) -> ModelInputs:
    """Return `inputs` with dotted keys replaced, for example {"balancing.beta": 0.3}.

    Args:
        inputs: the inputs to start from; not modified.
        changes: dotted key -> value; firms and contracts are addressed as `firms.NAME.group.parameter`
            and `contracts.NAME.parameter`.

    Raises:
        InputError: for unknown keys or values that are not allowed, all at once.
    """
    faults: list[Fault] = []
    draft = {item.name: getattr(inputs, item.name) for item in dataclasses.fields(inputs)}
    for key, value in changes.items():
        try:
            _change(draft, key, value)
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return ModelInputs(**draft)


def _change(draft: dict[str, Any], key: str, value: Any) -> None:
    """Change one dotted key of a draft; what the draft means as a whole is checked once all keys are in."""
    head, *rest = key.split(".")
    if head in ("firms", "contracts") and rest:
        _change_member(draft, FIRMS if head == "firms" else CONTRACTS, rest, value, key)
    elif head in (*PLATFORMS, *EVENTS) and rest:
        _change_member(draft, (head,), rest, value, key)
    elif head in draft and dataclasses.is_dataclass(draft[head]) and rest:
        draft[head] = _replaced(draft[head], rest, value, key)
    else:
        parts = [name for name, part in draft.items() if dataclasses.is_dataclass(part)]
        known = [*parts, "firms", *PLATFORMS, *EVENTS, "contracts"]
        raise InputError([Fault(key, f"{head!r} is not a section with parameters", nearest(head, known))])


def _replaced(group: Any, path: list[str], value: Any, key: str) -> Any:
    """Return a parameter group with the value at `path` replaced."""
    head, *rest = path
    names = [f.name for f in dataclasses.fields(group)]
    if head not in names or (not rest and head not in parameters_of(type(group))):
        raise InputError([Fault(key, f"{head!r} is not a parameter", nearest(head, names))])
    inner = getattr(group, head)
    if rest and not dataclasses.is_dataclass(inner):
        raise InputError([Fault(key, f"{head!r} is a parameter and has no parts")])
    return dataclasses.replace(group, **{head: _replaced(inner, rest, value, key) if rest else value})


def _change_member(draft: dict[str, Any], fields: tuple[str, ...], rest: list[str], value: Any, key: str) -> None:
    """Change a parameter of one firm or contract, addressed by its name."""
    for attribute in fields:
        members = draft[attribute]
        for i, member in enumerate(members):
            if member.name == rest[0] and len(rest) > 1:
                draft[attribute] = (*members[:i], _replaced(member, rest[1:], value, key), *members[i + 1 :])
                return
    known = [m.name for attribute in fields for m in draft[attribute]]
    raise InputError([Fault(key, f"no such firm, platform or contract: {rest[0]!r}", nearest(rest[0], known))])


def as_tree(inputs: ModelInputs) -> dict[str, Any]:
    """Return the inputs as plain nested dicts and lists, ready for JSON, in declaration order."""
    slim = dataclasses.replace(inputs, own_series=())
    series = [{"name": s.name, "first_day": s.first_day, "digest": s.digest} for s in inputs.own_series]
    return {**dataclasses.asdict(slim), "own_series": series}
