"""Units of parameters: what a written quantity such as "500 kW" is worth in the unit of its declaration.

A unit is a product of powers of base dimensions and a factor. Factors are exact fractions, so that
"500 kW" is 0.5 MW to the last bit and a thousand small conversions do not drift. A year is the model's
year of 365 days and a month a twelfth of it. Currencies are never converted into each other.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Unit:
    """A parsed unit.

    Attributes:
        factor: size in base units (EUR, USD, MW, h, t, km, K, unit, heat, firm, shift).
        powers: sorted (base, exponent) pairs without zeros; empty for dimensionless.
    """

    factor: Fraction
    powers: tuple[tuple[str, int], ...]


_H, _DAY, _YEAR = Fraction(1), Fraction(24), Fraction(24 * 365)


def _scaled(base: Mapping[str, int], **names: Fraction | int) -> dict[str, Unit]:
    return {name: Unit(Fraction(factor), tuple(sorted(base.items()))) for name, factor in names.items()}


_K, _M, _MILLI = Fraction(1000), Fraction(1_000_000), Fraction(1, 1000)
UNITS: dict[str, Unit] = {
    **_scaled({"EUR": 1}, EUR=1, kEUR=_K, MEUR=_M, ct=Fraction(1, 100)),
    **_scaled({"USD": 1}, USD=1, kUSD=_K, MUSD=_M),
    **_scaled({"MW": 1}, W=Fraction(1, 1_000_000), kW=_MILLI, MW=1, GW=_K, TW=_M),
    **_scaled({"MW": 1, "h": 1}, Wh=Fraction(1, 1_000_000), kWh=_MILLI, MWh=1, GWh=_K, TWh=_M),
    **_scaled({"MW": 1, "h": 1}, MJ=Fraction(1, 3600), GJ=Fraction(1000, 3600), TJ=Fraction(1_000_000, 3600)),
    **_scaled({"h": 1}, s=_H / 3600, min=_H / 60, h=_H, day=_DAY, week=_DAY * 7, month=_YEAR / 12, yr=_YEAR),
    **_scaled({"t": 1}, g=Fraction(1, 1_000_000), kg=_MILLI, t=1, kt=_K, Mt=_M),
    **_scaled({"km": 1}, m=_MILLI, km=1),
    **_scaled({"K": 1}, K=1, degC=1),
    **_scaled({"unit": 1}, unit=1),
    **_scaled({"heat": 1}, heat=1),
    **_scaled({"firm": 1}, firm=1),
    **_scaled({"shift": 1}, shift=1),
    "1": Unit(Fraction(1), ()),
    "%": Unit(Fraction(1, 100), ()),
}
"""Every unit by the name that is printed."""

_ALIASES = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "k€": "kEUR", "M€": "MEUR", "cent": "ct", "$": "USD",
    "sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "hr": "h",
    "d": "day", "days": "day", "weeks": "week", "months": "month", "a": "yr", "y": "yr", "year": "yr", "years": "yr",
    "tonne": "t", "tonnes": "t", "units": "unit", "heats": "heat", "firms": "firm",
    "shifts": "shift", "percent": "%",
}  # fmt: skip
_NUMBER = r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*((?:1/|[^\W\d_]|[€$%/]).*)", re.DOTALL)
_LONGEST_UNIT = 60


class UnitError(ValueError):
    """A quantity cannot be read, or does not fit the unit that is asked for."""


def parse_unit(text: str) -> Unit:
    """Return the unit that `text` names: units joined by `/`, `*` or "per", for example "EUR/MWh per MW".

    Raises:
        UnitError: for a name that is not a unit; says what is near.
    """
    if len(text) > _LONGEST_UNIT:
        msg = f"{text[:_LONGEST_UNIT]!r}... is not a unit"
        raise UnitError(msg)
    factor, powers = Fraction(1), dict[str, int]()
    for sign, name in _factors(text):
        unit = _named(name or text)
        factor *= unit.factor**sign
        for base, power in unit.powers:
            powers[base] = powers.get(base, 0) + sign * power
    return Unit(factor, tuple(sorted((base, power) for base, power in powers.items() if power)))


def _factors(text: str) -> list[tuple[int, str]]:
    """Return (exponent, unit name) for each factor of a unit."""
    parts = re.split(r"\s*([/*·])\s*", re.sub(r"\s+per\s+|^per\s+", "/", text.strip()))
    first = [(1, parts[0])] if parts[0] else []
    rest = [(-1 if mark == "/" else 1, name) for mark, name in zip(parts[1::2], parts[2::2], strict=True)]
    return first + rest


def _named(name: str) -> Unit:
    if name in _ALIASES or name in UNITS:
        return UNITS[_ALIASES.get(name, name)]
    same = [known for known in UNITS if known.lower() == name.lower()]
    near = same or difflib.get_close_matches(name, UNITS, n=1)
    msg = f"{name!r} is not a unit" + (f"; did you mean {near[0]}?" if near else "")
    raise UnitError(msg)


def convert(text: str, unit: str) -> float:
    """Return a written quantity in another unit: "500 kW" in "MW" is 0.5.

    Args:
        text: a number followed by a unit.
        unit: unit of the result; "" and "1" are dimensionless.

    Raises:
        UnitError: if `text` is no number with a unit, or its dimension is not that of `unit`.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not a number, nor a number with a unit"
        raise UnitError(msg)
    number, written = match[1], match[2].strip()
    want = parse_unit(unit or "1")
    try:
        have = parse_unit(written)
    except UnitError as error:
        msg = f"{text!r}: {error}{_such_as(want)}"
        raise UnitError(msg) from None
    if have.powers != want.powers:
        msg = f"{text!r}: {written} cannot be converted to {_shown(unit)}{_such_as(want)}"
        raise UnitError(msg)
    return float(Fraction(number) * have.factor / want.factor)


def _shown(unit: str) -> str:
    return "a number without a unit" if unit in ("", "1") else unit


def _such_as(want: Unit) -> str:
    """Return "; write it in kW, MW" for a unit that has relatives, else an empty string."""
    names = [name for name, unit in UNITS.items() if unit.powers == want.powers and name != "1"]
    return f"; write it in {', '.join(names)}" if names else ""
