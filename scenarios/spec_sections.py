"""The five steps of a scenario file as shapes, built from the declarations of inputs and outcomes."""

import dataclasses
import inspect
import typing
from typing import Any

from model.firms import MAKER_TYPES
from model.inputs import (
    DataContract,
    DataPlatformInputs,
    ManufacturerInputs,
    ModelInputs,
    ResourceContract,
    ResourcePlatformInputs,
    Shock,
    TechnologyContract,
    TechnologyPlatformInputs,
    UtilityInputs,
)
from model.outcomes import OUTCOME
from model.parameters import Parameter, parameters_of
from scenarios.spec_shape import (
    Changes,
    Items,
    Leaf,
    Named,
    OneOrMore,
    Ranges,
    Section,
    Shape,
    Sweep,
    Switches,
    Variants,
)

PLATFORM_GROUPS: dict[str, type] = {
    name: hint
    for name, hint in typing.get_type_hints(ModelInputs).items()
    if isinstance(hint, type) and dataclasses.is_dataclass(hint)
}
"""Groups of the whole economy; their keys start dotted keys."""
FIRM_TYPES: dict[str, type] = {**dict.fromkeys(MAKER_TYPES, ManufacturerInputs), "utility": UtilityInputs}
CONTRACT_FAMILIES: dict[str, tuple[type, str]] = {
    "data": (DataContract, "contracts"),
    "resource": (ResourceContract, "resource_contracts"),
    "technology": (TechnologyContract, "technology_contracts"),
}
"""Declaration of a contract and the field of the inputs that holds it, by family."""
HUB_TYPES: dict[str, type] = {
    "data_platforms": DataPlatformInputs,
    "resource_platforms": ResourcePlatformInputs,
    "technology_platforms": TechnologyPlatformInputs,
}
"""Declaration of a platform by the section that holds it."""
LIKE = "like"
"""Key by which a firm names its sector file; what the file declares is resolved before the firm is read."""
RESOURCES = ("equipment", "labour", "station", "heat", "by_product", "storage", "generation")
"""Classes of resources that a sector may have, each a section of its firms."""
OTHER_PARTIES = ("market", "grid", "customers", "suppliers", "regulator", "resources")
"""Parties of the ledger that are no firms; no firm may bear their names."""
MAX_REPLICATIONS = 100_000
MAX_SEED = 2**63 - 1
MAX_FIRMS = 1_000
"""Firms with a section of their own; a section may stand for many firms alike."""
_NO_SOURCE = ""  # a choice of whoever asks, not a fact about the world


def setting(
    name: str,
    doc: str,
    *,
    kind: str = "str",
    bounds: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    default: Any = None,
) -> Leaf:
    """Return the leaf of a value that belongs to the study and not to the model."""
    unit = "1" if kind in ("int", "float") else ""
    return Leaf(Parameter(name, kind, default, unit, bounds, choices, "constant", _NO_SOURCE, "", doc))


def section_of(group: type) -> Section:
    """Return the section of a parameter group: its parameters, nested groups, and names it refers to."""
    hints = typing.get_type_hints(group)
    declared = parameters_of(group)
    fields: dict[str, Shape] = {}
    required = []
    for item in dataclasses.fields(group):
        if item.name in declared:
            fields[item.name] = Leaf(declared[item.name])
        elif dataclasses.is_dataclass(hints[item.name]):
            fields[item.name] = section_of(hints[item.name])
        elif hints[item.name] == tuple[str, ...]:
            fields[item.name] = Items(setting(item.name, f"Names of the {item.name}."), least=0)
            if item.default is dataclasses.MISSING:
                required.append(item.name)
        elif hints[item.name] == tuple[tuple[str, float], ...]:
            share = setting(item.name, "Part of the whole.", kind="float", bounds=(0, 1))
            fields[item.name] = Named(share, "member", "Part of each member; they sum to 1.")
        elif item.name not in ("name", "type"):
            fields[item.name] = setting(item.name, f"Name of the {item.name}.")
            if item.default is dataclasses.MISSING:
                required.append(item.name)
    return Section(fields, first_line(group), tuple(required))


def first_line(thing: type) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").splitlines()[0]


def _firm() -> Variants:
    like = setting(LIKE, "Sector whose values the firm has where it is silent; see tandem sectors.")
    sections = {kind: section_of(group) for kind, group in FIRM_TYPES.items()}
    options = {
        kind: dataclasses.replace(section, fields={**section.fields, LIKE: like}) for kind, section in sections.items()
    }
    by = setting("type", "What the firm is.", choices=tuple(FIRM_TYPES))
    return Variants(by, options, "One firm, or a group of firms alike.")


_CONTRACTS = Named(
    Variants(
        setting("family", "What is shared.", choices=tuple(CONTRACT_FAMILIES), default="data"),
        {family: section_of(group) for family, (group, _) in CONTRACT_FAMILIES.items()},
        "One contract.",
    ),
    "contract",
    "Contracts by name.",
)
_PLATFORM_FIELDS: dict[str, Shape] = {**{key: section_of(group) for key, group in PLATFORM_GROUPS.items()}}
FIRM = _firm()
"""One firm."""
_FIRMS = Named(FIRM, "firm", "The firms by name.", reserved=OTHER_PARTIES, least=1, most=MAX_FIRMS)
_HUBS: dict[str, Shape] = {
    name: Named(section_of(group), "platform", f"{first_line(group)[:-1]}, by name.", reserved=OTHER_PARTIES)
    for name, group in HUB_TYPES.items()
}

_EXTENSIONS = Items(
    setting("extensions", "Python file beside the scenario that adds a mechanism or a behaviour; it is run."), least=0
)

_SHOCKS = Named(section_of(Shock), "shock", "Dated shocks from outside, by name.")

CASE = Section(
    {
        **_PLATFORM_FIELDS,
        "extensions": _EXTENSIONS,
        "firms": _FIRMS,
        **_HUBS,
        "shocks": _SHOCKS,
        "contracts": _CONTRACTS,
    },
    "One strategy's economy.",
    ("firms",),
    root=True,
)
"""What one strategy resolves to: the platforms with its own contracts; dotted keys start here."""

SECTOR_HEAD = Section(
    {
        "title": setting("title", "The sector in a few words."),
        "title_zh": setting("title_zh", "The same in Chinese."),
        "description": setting("description", "What firm the values describe."),
        "industry": setting("industry", "Code of the industry in the input-output accounts."),
        "resources": Items(setting("resources", "Class of resources that a firm has.", choices=RESOURCES), least=0),
        "sources": Items(setting("sources", "Where values come from.")),
        "firm": setting("firm", "Values of a firm of this sector."),
    },
    "A sector: what its firms are like.",
    ("title",),
)
"""The head of a sector file; `firm` is a firm's section, which may leave out anything but its type."""

_OUTCOME = setting("outcome", "Name of an outcome.", choices=tuple(OUTCOME))
_OUTCOMES = Items(dataclasses.replace(_OUTCOME, parameter=dataclasses.replace(_OUTCOME.parameter, name="outcomes")))
_STRATEGY = Section(
    {
        "title": setting("title", "The strategy in a few words."),
        "description": setting("description", "What the parties agree, in a sentence or two."),
        "contracts": _CONTRACTS,
        "changes": Changes("Parameters that this strategy sets: dotted key and value."),
    },
    "One strategy: what the parties agree.",
    ("title",),
)
_GOALS = Section(
    {
        "question": setting("question", "The question that the study answers."),
        "stakeholders": Named(
            setting("interest", "What this party wants to know."), "stakeholder", "Who asks, and why."
        ),
        "outcomes": _OUTCOMES,
        "baseline": setting("baseline", "The strategy that the others are compared with."),
    },
    "Step 1, set goals: the question, who asks, which outcomes matter, compared with what.",
    ("question", "outcomes", "baseline"),
)
_PLATFORMS = Section(
    {**_PLATFORM_FIELDS, "extensions": _EXTENSIONS, "firms": _FIRMS, **_HUBS, "shocks": _SHOCKS},
    "Step 2, build platforms: calendar, markets, firms, and platforms for data, resources and technology.",
    ("firms",),
    root=True,
)
_STRATEGIES = Named(_STRATEGY, "strategy", "Step 3, set strategies: what the parties may agree.", least=1)
_RUN = Section(
    {
        "seed": setting("seed", "Seed of all random futures.", kind="int", bounds=(0, MAX_SEED)),
        "replications": setting(
            "replications", "Random futures per strategy.", kind="int", bounds=(1, MAX_REPLICATIONS)
        ),
    },
    "Step 4, run: how many random futures, from which seed.",
    ("seed", "replications"),
)
_EVALUATED_STRATEGY = setting("strategy", "The strategy that is asked about.")
_COMPARED_WITH = setting("baseline", "What it is compared with; the study's baseline if silent.")
_WHOSE = Items(setting("parties", "Whose outcome; needed where the outcome is per party."))
_PART_FIELDS: dict[str, Shape] = {
    "name": setting("name", "Name, needed where several would bear the same."),
    "title": setting("title", "What it asks, in a few words."),
    "replications": setting(
        "replications",
        "Random futures per point, the first ones of the study; a break-even takes 10 if silent, else all of them.",
        kind="int",
        bounds=(1, MAX_REPLICATIONS),
    ),
}
_BREAK_EVEN = Section(
    {
        **_PART_FIELDS,
        "parameter": setting("parameter", "Dotted key of the parameter that is swept."),
        "values": Sweep("Values of that parameter, ascending, at least two; or from, to and points."),
        "spacing": setting("spacing", "Scale between the values.", choices=("linear", "log"), default="linear"),
        "strategy": _EVALUATED_STRATEGY,
        "baseline": _COMPARED_WITH,
        "outcome": _OUTCOME,
        "parties": _WHOSE,
    },
    "From which value of one parameter on a strategy pays.",
    ("parameter", "values", "strategy", "outcome"),
)
_INFLUENCE = Section(
    {
        **_PART_FIELDS,
        "strategy": _EVALUATED_STRATEGY,
        "baseline": _COMPARED_WITH,
        "outcome": _OUTCOME,
        "parties": _WHOSE,
        "parameters": Ranges("Assumptions by dotted key, each with its low and its high end."),
    },
    "Which assumption moves the value of a strategy most, each moved alone.",
    ("strategy", "outcome", "parameters"),
)
_WATERFALL = Section(
    {
        **_PART_FIELDS,
        "strategy": _EVALUATED_STRATEGY,
        "outcomes": _OUTCOMES,
        "parties": _WHOSE,
        "contract": setting("contract", "Contract whose pipeline stages are switched off and on."),
        "switches": Switches("Instead of a contract: stages in their order, and what switches each off."),
    },
    "What each stage of a pipeline adds.",
    ("strategy", "outcomes"),
)
_STEP = setting("steps", "Name of a step.")
_ORDERS = Section(
    {
        **{key: _PART_FIELDS[key] for key in ("name", "title")},
        "baseline": setting("baseline", "The strategy that takes no step; the study's baseline if silent."),
        "outcome": _OUTCOME,
        "parties": _WHOSE,
        "steps": Items(_STEP, least=2),
        "sets": Named(Items(_STEP), "strategy", "Strategies, each with the steps that it takes; every set of steps."),
    },
    "What each of several steps adds, in every order in which they can be taken.",
    ("outcome", "steps", "sets"),
)
_EVALUATE = Section(
    {
        "outcomes": _OUTCOMES,
        "parties": Items(setting("parties", "Parties that are tabulated; every firm if silent.")),
        "break_even": OneOrMore(_BREAK_EVEN, "From where on a strategy pays; one sweep or a list."),
        "influence": OneOrMore(_INFLUENCE, "Which assumption moves a value most; one ranking or a list."),
        "waterfall": OneOrMore(_WATERFALL, "What each stage of a pipeline adds; one waterfall or a list."),
        "orders": OneOrMore(_ORDERS, "What steps add in every order, from strategies that take them; one or a list."),
    },
    "Step 5, evaluate: which outcomes of which parties are compared, break-even, influence, waterfall, orders.",
    ("outcomes",),
)

STUDY = Section(
    {
        "title": setting("title", "The study in a few words."),
        "description": setting("description", "What the study is about."),
        "extends": setting("extends", "A file beside this one, or a library name, that this file builds on."),
        "goals": _GOALS,
        "platforms": _PLATFORMS,
        "strategies": _STRATEGIES,
        "policies": Changes("Step 3, set policies: levers that hold under every strategy, by dotted key."),
        "run": _RUN,
        "evaluate": _EVALUATE,
        "overrides": Named(
            Changes("Dotted keys and values."), "override", "Named sets of changes, chosen with --override NAME."
        ),
    },
    "A scenario of Tandem, in five steps: goals, platforms, strategies and policies, run, evaluate.",
    ("goals", "platforms", "strategies", "run", "evaluate"),
)
"""A whole scenario file."""
