"""Computes a country's thermal merit-order stack from a list of power plants."""

from pathlib import Path
from typing import Any

from analysis.calibrate_tables import TableText, provenance_tree

YEAR = 2025
"""A plant counts if it was commissioned by this year and is not retired in or before it."""
STEP = 0.05
"""Width of an efficiency class."""

FUELS = {
    "Lignite": ("lignite", 0.40),
    "Hard Coal": ("hard_coal", 0.34),
    "Natural Gas": ("natural_gas", 0.202),
    "Oil": ("oil", 0.27),
    "Waste": ("waste", 0.16),
    "Solid Biomass": ("solid_biomass", 0.0),
    "Biogas": ("biogas", 0.0),
}
"""Fuel type -> name here and t CO2 per MWh of fuel.

Assumption: rounded standard factors in the range of national inventories (natural gas .202, hard coal
.34, lignite .40, oil .27); waste .16 for its fossil half; biogenic fuels 0 by convention.
"""

PLAUSIBLE = {
    "CCGT": (0.35, 0.63),
    "OCGT": (0.28, 0.46),
    "Steam Turbine": (0.28, 0.48),
    "Combustion Engine": (0.30, 0.50),
}
"""Technology -> electrical efficiencies that are believed (assumption: published ranges of plants in service)."""

ASSUMED = {
    ("natural_gas", "CCGT"): (0.42, 0.49, 0.55, 0.58),
    ("natural_gas", "OCGT"): (0.34, 0.37, 0.39, 0.40),
    ("natural_gas", "Steam Turbine"): (0.37, 0.39, 0.40, 0.40),
    ("natural_gas", "Combustion Engine"): (0.38, 0.40, 0.42, 0.44),
    ("hard_coal", "Steam Turbine"): (0.37, 0.40, 0.43, 0.455),
    ("lignite", "Steam Turbine"): (0.34, 0.37, 0.42, 0.43),
    ("oil", "CCGT"): (0.38, 0.40, 0.42, 0.44),
    ("oil", "OCGT"): (0.31, 0.33, 0.35, 0.36),
    ("oil", "Steam Turbine"): (0.36, 0.37, 0.38, 0.38),
    ("oil", "Combustion Engine"): (0.38, 0.40, 0.42, 0.44),
    ("waste", "Steam Turbine"): (0.28, 0.28, 0.28, 0.28),
    ("solid_biomass", "Steam Turbine"): (0.30, 0.32, 0.34, 0.34),
}
"""Efficiency where the list has none or an implausible one: commissioned before 1980, 1980-1999, 2000-2009, later.

Assumption: typical values of the technology and decade; each block says how many of its MW rest on them.
"""
DEFAULT_TECHNOLOGY = "Steam Turbine"
"""Technology of a unit whose technology is not given (assumption: the large units are steam plants)."""
_OTHER = (0.38, 0.39, 0.40, 0.41)
_DECADES = (1980, 2000, 2010)


def assumed_efficiency(fuel: str, technology: str, year: float) -> float:
    """Return the assumed electrical efficiency of a unit commissioned or retrofitted in `year` (0: unknown)."""
    return ASSUMED.get((fuel, technology), _OTHER)[sum(year >= since for since in _DECADES)]


def stack_tree(path: Path, text: TableText, country: str = "Germany") -> dict[str, Any]:
    """Return the stack of `country` as a tree: blocks by fuel, technology and efficiency class."""
    import pandas as pd

    plants = pd.read_parquet(path)
    plants = plants[(plants["Country"] == country) & plants["Fueltype"].isin(list(FUELS))]
    active = (plants["DateOut"].isna() | (plants["DateOut"] > YEAR)) & ~(plants["DateIn"] > YEAR)
    blocks: dict[tuple[str, str, int], list[float]] = {}
    for plant in plants[active].sort_values("id").to_dict("records"):
        fuel = FUELS[plant["Fueltype"]][0]
        given = plant["Technology"]
        technology = given if isinstance(given, str) else DEFAULT_TECHNOLOGY
        year = max((y for y in (plant["DateIn"], plant["DateRetrofit"]) if y > 0), default=0.0)
        low, high = PLAUSIBLE.get(technology, (0.2, 0.5))
        known = low <= plant["Efficiency"] <= high
        efficiency = plant["Efficiency"] if known else assumed_efficiency(fuel, technology, year)
        entry = blocks.setdefault((fuel, technology, int(efficiency / STEP + 1e-9)), [0.0, 0.0, 0.0, 0.0])
        mw = float(plant["Capacity"])
        for i, add in enumerate((mw, mw / efficiency, 0.0 if known else mw, 1.0)):
            entry[i] += add
    return _tree(blocks, text, country)


def _tree(blocks: dict[tuple[str, str, int], list[float]], text: TableText, country: str) -> dict[str, Any]:
    factors = dict(FUELS.values())
    rows: list[dict[str, Any]] = [
        {
            "fuel": fuel,
            "technology": technology.lower().replace(" ", "_"),
            "capacity_mw": mw,
            "efficiency": mw / fuel_mw,
            "emission_t_per_mwh_fuel": factors[fuel],
            "assumed_efficiency_share": assumed / mw,
            "units": int(units),
        }
        for (fuel, technology, _), (mw, fuel_mw, assumed, units) in blocks.items()
    ]
    rows.sort(key=lambda row: (row["fuel"], -row["efficiency"], row["technology"]))
    head = provenance_tree(
        text,
        "stack",
        f"plants of {country} of 10 MW and more, active in {YEAR}, by fuel, technology and {STEP:g}-wide efficiency "
        "class; capacity-weighted harmonic mean efficiency; missing or implausible efficiencies by technology and "
        "decade (assumption, share given per block); emission factors are rounded standard values (assumption); wind, "
        "solar, hydro and units below 10 MW are not thermal blocks and left out; fuel and carbon prices belong to the "
        "scenario",
        "MW; 1; t CO2 per MWh of fuel",
    )
    return head | {"country": country, "year": YEAR, "blocks": rows}
