"""Units: known conversions, dimension check, and what is said about a slip."""

import pytest

from model.inputs import GROUPS
from model.parameters import parameters_of
from model.units import UNITS, UnitError, convert, parse_unit


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("500 kW", "MW", 0.5),
        ("0.3 GW", "MW", 300.0),
        ("420 kWh", "MWh", 0.42),
        ("3.6 GJ", "MWh", 1.0),
        ("20 kEUR", "EUR", 20_000.0),
        ("0.1 EUR/kWh", "EUR/MWh", 100.0),
        ("10 ct/kWh", "EUR/MWh", 100.0),
        ("35 EUR/MWh", "EUR/MWh", 35.0),
        ("35 €/MWh", "EUR/MWh", 35.0),
        ("0.2 EUR/MWh per MW", "EUR/MWh per MW", 0.2),
        ("0.2 EUR/MWh/MW", "EUR/MWh per MW", 0.2),
        ("200 EUR/MWh per GW", "EUR/MWh per MW", 0.2),
        ("120 EUR/kW/yr", "EUR/kW/month", 10.0),
        ("1 yr", "day", 365.0),
        ("0.5 h", "min", 30.0),
        ("131.4 1/yr", "1/h", 0.015),
        ("131.4/yr", "1/h", 0.015),
        ("2 %", "1", 0.02),
        ("2%", "1", 0.02),
        ("-3 EUR/MWh", "EUR/MWh", -3.0),
        ("1e3 kW", "MW", 1.0),
        (" 7 days ", "day", 7.0),
        ("360 kg/MWh", "t/MWh", 0.36),
    ],
)
def test_known_conversions_are_exact(text: str, unit: str, expected: float) -> None:
    assert convert(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("48 MWh", "MW", "'48 MWh': MWh cannot be converted to MW; write it in W, kW, MW, GW, TW"),
        ("35 USD/MWh", "EUR/MWh", "'35 USD/MWh': USD/MWh cannot be converted to EUR/MWh"),
        ("5 MW", "1", "'5 MW': MW cannot be converted to a number without a unit; write it in %"),
        ("48 mw", "MW", "'48 mw': 'mw' is not a unit; did you mean MW?; write it in W, kW, MW, GW, TW"),
        ("5 EUR/furlong", "EUR/MWh", "'5 EUR/furlong': 'furlong' is not a unit"),
        ("5", "MW", "'5' is not a number, nor a number with a unit"),
        ("1,000 kW", "MW", "'1,000 kW' is not a number, nor a number with a unit"),
        ("many MW", "MW", "'many MW' is not a number, nor a number with a unit"),
        ("5 MW/", "MW", "'5 MW/': 'MW/' is not a unit; did you mean MW?; write it in W, kW, MW, GW, TW"),
        ("5 " + "MW*" * 50 + "MW", "MW", "is not a unit"),
    ],
)
def test_a_slip_is_named_with_what_would_be_right(text: str, unit: str, said: str) -> None:
    with pytest.raises(UnitError) as caught:
        convert(text, unit)
    assert said in str(caught.value)


def test_every_declared_unit_can_be_written() -> None:
    for group in GROUPS.values():
        for parameter in parameters_of(group).values():
            if parameter.kind in ("int", "float"):
                assert convert(f"7 {parameter.unit}", parameter.unit) == 7.0 if parameter.unit != "1" else True


def test_units_cancel() -> None:
    assert parse_unit("MWh/MWh") == UNITS["1"]
    assert parse_unit("MW*h") == UNITS["MWh"]
