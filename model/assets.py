"""The data assets that firms may share: what kind of data, how much, how old, from whom to whom.

Their quality is a firm's (`records`, `logs`), their sensitivity a contract's (`breach_median`), their value what a
study finds.
"""

from dataclasses import dataclass
from typing import Literal

type AssetClass = Literal["structured", "unstructured", "real-time"]

VALUE_BYTES = 16
"""Size of a value with its time stamp (assumption)."""

HOURS = 24


@dataclass(frozen=True)
class DataAsset:
    """One kind of data.

    Attributes:
        name: as contracts name it; `title`: for people.
        kind: structured, unstructured or real-time.
        age_hours: from the newest fact in a record to the middle of the day it is used for, by the day's timetable.
        hourly: whether a record has a value for every block of hours; else it is one value, or text.
        provider, partner: who may give and take it.
        use: what the partner does with it.
    """

    name: str
    title: str
    kind: AssetClass
    age_hours: float
    hourly: bool
    provider: str
    partner: str
    use: str

    def values_per_day(self, resolution: int) -> int:
        """Return values a day at `resolution` hours each; text counts as one."""
        return HOURS // resolution if self.hourly else 1


ASSETS: dict[str, DataAsset] = {
    asset.name: asset
    for asset in (
        DataAsset("plan", "Production plan", "structured", 36.0, True, "works", "utility", "forecasts the load"),
        DataAsset("orders", "Announced orders", "structured", 12.0, False, "customers", "firm", "forecasts demand"),
        DataAsset("log", "Maintenance log", "unstructured", 36.0, False, "works", "utility", "predicts breakdowns"),
        DataAsset("meter", "Meter", "real-time", 25.0, True, "customer", "utility", "forecasts the load"),
        DataAsset("price_forecast", "Price forecast", "structured", 25.0, True, "utility", "firm", "shifts load"),
    )
}
"""Assets by name."""
