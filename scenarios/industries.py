"""What the calibrated tables say of an industry: utilisation, hours, energy per output, where its inputs come from.

A sector file takes its numbers from here; `tandem sectors --industry 311FT` prints them, so that anyone can check
a file, or write one.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from model.errors import Fault, InputError, nearest

MOST_KNOWN = 4.0
"""Doublings of experience in the area from which most of an industry's inputs come; assumption."""
BOILER = 0.9
"""Heat over fuel burnt, as a gas boiler; assumption."""
DAYS_A_WEEK = 7
AREAS = {
    "raw_materials": ("11_agriculture", "21_mining"),
    "energy": ("22_utilities",),
    "processing": ("31D_durable_mfg", "31N_nondurable_mfg"),
    "logistics": ("42_wholesale", "44_retail", "48_transport"),
    "information": ("51_information", "54_professional"),
}
"""Areas of knowledge by the sectors whose deliveries stand for them; finance, rent and building stand for none."""
HEATING = ("process_heating", "boilers")
_ENERGY_ROWS = {"3361MV": "3361MV+3364OT", "3364OT": "3361MV+3364OT"}


@dataclass(frozen=True)
class Facts:
    """An industry in numbers; NaN-free: what no table says is left out.

    Attributes:
        code: of the input-output accounts; `name`: what it makes.
        inputs: EUR of input per EUR of output, by delivering sector.
        knowledge: doublings of experience by area.
        utilisation: mean share of capacity used; `utilisation_sd`: its spread over quarters and sub-industries.
        hours: hours a day, as a mean over all days of the week.
        electricity: kWh of electricity per EUR of output; US dollars of 2014 are taken as euros of today: a euro was
            1.33 dollars, and prices have risen by about a third since.
        heat: kWh of process heat per EUR of output: fuel for process heating and boilers through a boiler.
        space_heat: kWh of heat for rooms per EUR of output.
        electricity_shares: end uses of that electricity.
    """

    code: str
    name: str
    inputs: dict[str, float]
    knowledge: dict[str, float]
    utilisation: float | None = None
    utilisation_sd: float | None = None
    hours: float | None = None
    electricity: float | None = None
    heat: float | None = None
    space_heat: float | None = None
    electricity_shares: dict[str, float] | None = None


@cache
def _table(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(files("model").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))
    return tree


def codes() -> list[str]:
    """Return the codes of the 71 industries of the input-output accounts."""
    return list(_table("input_output_us")["industries"])


def knowledge(inputs: dict[str, float]) -> dict[str, float]:
    """Return doublings of experience by area: as the inputs that stand for it, the largest `MOST_KNOWN`."""
    weights = {area: sum(inputs[name] for name in names) for area, names in AREAS.items()}
    most = max(weights.values())
    return {area: round(MOST_KNOWN * weight / most, 2) for area, weight in weights.items()}


def facts(code: str) -> Facts:
    """Return what the tables say of an industry.

    Raises:
        InputError: if there is no such industry.
    """
    table = _table("input_output_us")
    if code not in table["industries"]:
        known = codes()
        raise InputError(
            [Fault("", f"no such industry: {code!r}", f"{nearest(code, known)} known: {', '.join(known)}")]
        )
    row = table["industries"][code]
    inputs = dict(zip(table["sectors"], row["inputs"], strict=True))
    return Facts(code, row["name"], inputs, knowledge(inputs), **_work(code), **_energy(code))


def _work(code: str) -> dict[str, Any]:
    row = _table("utilisation_us")["industries"].get(code[:3])
    if row is None:
        return {}
    hours = row["weekly_hours"] / DAYS_A_WEEK
    return {"utilisation": row["utilisation"], "utilisation_sd": row["sd"], "hours": round(hours, 1)}


def _energy(code: str) -> dict[str, Any]:
    row = _table("energy_use_us")["industries"].get(_ENERGY_ROWS.get(code, code))
    if row is None:
        return {}
    fuel, shares = row["fuel_kwh_usd"] * BOILER, row["fuel_shares"]
    return {
        "electricity": row["electricity_kwh_usd"],
        "heat": fuel * sum(shares[name] for name in HEATING),
        "space_heat": fuel * shares["hvac"],
        "electricity_shares": row["electricity_shares"],
    }
