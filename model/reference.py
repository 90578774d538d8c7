"""Calibrated tables: compact numbers computed from real series, with their source and target statistics.

A table is one JSON file, committed under `model/data/` or named by a user's path. It holds
table, kind, source, licence, attribution, method, date, unit, `statistics` (the real series'
values, each with its sampling standard deviation) and `fit` (the generator's arrays).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import Fault, InputError, nearest
from model.streams import Floats, Ints

KINDS = ("load", "price", "forecast_error")
"""Kinds of calibrated series tables."""
KEPT = 32
"""Parsed tables kept in memory, of each kind."""
_TEXTS = ("table", "kind", "source", "licence", "attribution", "method", "date", "unit")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a table comes from.

    Attributes:
        table: name of the table, also its file name under `model/data/`.
        kind: load, price or forecast_error.
        source: source id and citation of the real series.
        licence: licence of the real series.
        attribution: the words the licence asks for.
        method: how the table was computed.
        date: ISO date of the calibration.
        unit: unit of the real series' statistics.
    """

    table: str
    kind: str
    source: str
    licence: str
    attribution: str
    method: str
    date: str
    unit: str


@dataclass(frozen=True, slots=True)
class Target:
    """One statistic of the real series: its value and its sampling standard deviation, in the statistic's unit."""

    value: float
    sampling_sd: float

    @property
    def tolerance(self) -> float:
        """Largest accepted distance of a simulated value: max(5 %, 2 sampling standard deviations)."""
        return max(0.05 * abs(self.value), 2.0 * self.sampling_sd)


@dataclass(frozen=True, slots=True, eq=False)
class BlockFit:
    """Arrays of a block-bootstrap generator for V variables of S slots a day, from n source days.

    Attributes:
        day_type: type of each source day, shape (n,).
        first_monday: index of the first Monday among the source days.
        monday_day_of_year: day of year of that Monday, 1 to 366.
        block_weeks: length of a bootstrap block in weeks.
        season_weeks: a block is drawn from within this many weeks of the same season; -1 anywhere.
        mean: mean day, shape (V, S).
        components: principal components, shape (K, V * S).
        scores: scores of the source days, shape (n, K).
        noise_sd: standard deviation of the residual by day type, shape (V, 3, S).
        noise_scale: factor of each source day on that deviation (a day of standstill is quiet), shape (V, n).
        noise_ar: slot-to-slot autocorrelation of the residual, shape (V,).
        raw_quantiles: quantiles before the map by day type, ascending, shape (V, 3, Q).
        real_quantiles: real quantiles at the same ranks, shape (V, 3, Q).
        pools: source days sorted by day type, then time, shape (n,).
        pool_start: where each day type starts in `pools`, shape (4,).
    """

    day_type: Ints
    first_monday: int
    monday_day_of_year: int
    block_weeks: int
    season_weeks: int
    mean: Floats
    components: Floats
    scores: Floats
    noise_level: Floats
    noise_sd: Floats
    noise_scale: Floats
    noise_ar: Floats
    raw_quantiles: Floats
    real_quantiles: Floats
    pools: Ints
    pool_start: Ints


@dataclass(frozen=True, slots=True, eq=False)
class LoadTable:
    """A calibrated load class; statistics are of the series divided by its mean."""

    provenance: Provenance
    statistics: Mapping[str, Target]
    fit: BlockFit


@dataclass(frozen=True, slots=True, eq=False)
class PriceTable:
    """A calibrated day-ahead market; prices in EUR/MWh, residual load in MW."""

    provenance: Provenance
    statistics: Mapping[str, Target]
    fit: BlockFit
    zone: str
    has_residual_load: bool


@dataclass(frozen=True, slots=True, eq=False)
class ForecastErrorTable:
    """A calibrated day-ahead load forecast error, actual / forecast - 1, hourly.

    The error is bias + sd * g(z): z is a stationary Gaussian process with unit variance, the sum of a
    first-order autoregression (fast), a moving average over `slow_hours` (slow), and a moving average
    over `weekly_hours` of noise that partly returns every week (weekly).

    Attributes:
        provenance: where the table comes from.
        statistics: targets.
        bias: mean error by (workday, week-end or holiday) and hour, shape (2, 24).
        sd: standard deviation around the bias, shape (2, 24).
        weights: variance shares of fast, slow and weekly part, shape (3,), sum 1.
        fast_memory: hour-to-hour autocorrelation of the fast part.
        slow_hours: hours over which the slow part averages; its autocorrelation falls linearly to zero there.
        weekly_hours: the same of the weekly part.
        weekly_memory: week-to-week autocorrelation of the weekly part's noise.
        normal_quantiles: standard normal quantiles, ascending, shape (Q,).
        shape_quantiles: standardised error at the same ranks, by workday and week-end, shape (2, Q).
    """

    provenance: Provenance
    statistics: Mapping[str, Target]
    bias: Floats
    sd: Floats
    weights: Floats
    fast_memory: float
    slow_hours: int
    weekly_hours: int
    weekly_memory: float
    normal_quantiles: Floats
    shape_quantiles: Floats

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the whole error; multiply a generated error by declared sd / this to rescale it."""
        return self.statistics["standard_deviation"].value


class _Reader:
    """Reads typed values out of a parsed table and collects every fault."""

    def __init__(self, where: str, tree: Mapping[str, Any]) -> None:
        self.where = where
        self.tree = tree
        self.faults: list[Fault] = []

    def fault(self, key: str, what: str, allowed: str = "") -> None:
        self.faults.append(Fault(f"{self.where}: {key}", what, allowed))

    def get(self, *path: str) -> Any:
        """Return the value at `path`, or None with a fault."""
        node: Any = self.tree
        for depth, key in enumerate(path):
            if not isinstance(node, Mapping) or key not in node:
                known = [str(name) for name in node] if isinstance(node, Mapping) else []
                self.fault(".".join(path[: depth + 1]), "is missing", nearest(key, known))
                return None
            node = node[key]
        return node

    def text(self, key: str) -> str:
        value = self.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self.fault(key, f"is {value!r}", "a text that is not empty")
        return str(value)

    def array(self, key: str, shape: tuple[int | None, ...]) -> Floats:
        """Return `fit.key` as a float array of `shape` (None: any length), or zeros with a fault."""
        value = self.get("fit", key)
        empty = np.zeros([size or 1 for size in shape])
        if value is None:
            return empty
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError):
            self.fault(f"fit.{key}", "is not an array of numbers")
            return empty
        wanted = "x".join("n" if size is None else str(size) for size in shape) or "one number"
        fits = array.ndim == len(shape) and all(
            size is None or size == got for size, got in zip(shape, array.shape, strict=True)
        )
        if not fits or array.size == 0:
            self.fault(f"fit.{key}", f"has shape {'x'.join(map(str, array.shape))}", f"needs {wanted}")
            return empty
        if not np.isfinite(array).all():
            self.fault(f"fit.{key}", "holds a value that is not finite")
            return empty
        return array

    def integer(self, key: str, low: int, high: int) -> int:
        value = self.get("fit", key)
        if value is None:
            return low
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fault(f"fit.{key}", f"is {value!r}", f"a whole number from {low} to {high}")
            return low
        return value

    def correlation(self, key: str) -> float:
        value = float(self.array(key, ()))
        if abs(value) >= 1.0:
            self.fault(f"fit.{key}", f"is {value}, not stationary", "between -1 and 1")
        return value

    def statistics(self) -> dict[str, Target]:
        tree = self.get("statistics")
        targets: dict[str, Target] = {}
        for name, entry in tree.items() if isinstance(tree, Mapping) else ():
            pair = [entry.get(key) if isinstance(entry, Mapping) else None for key in ("value", "sampling_sd")]
            numbers = [float(x) for x in pair if isinstance(x, int | float) and math.isfinite(x)]
            if len(numbers) < len(pair) or numbers[1] < 0:
                self.fault(f"statistics.{name}", f"is {entry!r}", "value and sampling_sd >= 0, both finite")
                continue
            targets[name] = Target(numbers[0], numbers[1])
        return targets

    def provenance(self, kind: str) -> Provenance:
        texts = {key: self.text(key) for key in _TEXTS}
        if self.get("kind") is not None and texts["kind"] != kind:
            self.fault("kind", f"is {texts['kind']!r}", f"this place needs a table of kind {kind!r}")
        return Provenance(**texts)

    def ascending(self, key: str, array: Floats) -> None:
        if (np.diff(array, axis=-1) < 0).any():
            self.fault(f"fit.{key}", "is not ascending along its last axis")

    def block_fit(self, variables: int, slots: int) -> BlockFit:
        """Return the arrays of a block-bootstrap generator."""
        scores = self.array("scores", (None, None))
        days, components = scores.shape
        kinds = self.array("day_type", (days,))
        if not np.isin(kinds, (0, 1, 2)).all():
            self.fault("fit.day_type", "holds other values than 0, 1, 2")
            kinds = np.zeros(days)
        day_type = kinds.astype(np.int64)
        raw = self.array("raw_quantiles", (variables, 3, None))
        real = self.array("real_quantiles", (variables, 3, raw.shape[2]))
        self.ascending("raw_quantiles", raw)
        self.ascending("real_quantiles", real)
        level = self.array("noise_level", (variables, None))
        self.ascending("noise_level", level)
        noise_ar = self.array("noise_ar", (variables,))
        if (np.abs(noise_ar) >= 1.0).any():
            self.fault("fit.noise_ar", "is not stationary", "between -1 and 1")
        return BlockFit(
            day_type=day_type,
            first_monday=self.integer("first_monday", 0, 6),
            monday_day_of_year=self.integer("monday_day_of_year", 1, 366),
            block_weeks=self.integer("block_weeks", 1, 26),
            season_weeks=self.integer("season_weeks", -1, 26),
            mean=self.array("mean", (variables, slots)),
            components=self.array("components", (components, variables * slots)),
            scores=scores,
            noise_level=level,
            noise_sd=self.array("noise_sd", level.shape),
            noise_scale=self.array("noise_scale", (variables, days)),
            noise_ar=noise_ar,
            raw_quantiles=raw,
            real_quantiles=real,
            pools=np.argsort(day_type, kind="stable").astype(np.int64),
            pool_start=np.searchsorted(np.sort(day_type), np.arange(4)).astype(np.int64),
        )

    def finish(self) -> None:
        if self.faults:
            raise InputError(self.faults)


def table_names(kind: str | None = None) -> list[str]:
    """Return the names of the committed series tables, sorted; only those of `kind` if given."""
    names = []
    for entry in sorted(files("model").joinpath("data").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".json"):
            found = json.loads(entry.read_text(encoding="utf-8")).get("kind")
            if found in KINDS and kind in (None, found):
                names.append(entry.name.removesuffix(".json"))
    return names


def read_tree(name: str | Path) -> tuple[str, dict[str, Any]]:
    """Return where a table was found and its parsed JSON.

    Args:
        name: name of a committed table, or the path of a user's file (anything with a folder or the ending .json).

    Raises:
        InputError: if there is no such table or file, or it is not a JSON object.
    """
    path = Path(name)
    is_path = isinstance(name, Path) or path.suffix == ".json" or len(path.parts) > 1
    entry = path if is_path else files("model").joinpath("data", f"{name}.json")
    if not entry.is_file():
        hint = "a readable JSON file" if is_path else nearest(str(name), table_names()) or f"one of {table_names()}"
        raise InputError([Fault(str(name), "no such calibrated table", hint)])
    try:
        tree = json.loads(entry.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        place = f"{name}:{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else str(name)
        raise InputError([Fault(place, "is not a JSON text", "a table written by `tandem calibrate`")]) from error
    if not isinstance(tree, dict):
        raise InputError([Fault(str(name), "is not a JSON object", "a table written by `tandem calibrate`")])
    return str(name), tree


def _version(name: str | Path) -> tuple[int, int]:
    """Return what changes when a user's file is written anew; (0, 0) for committed tables."""
    path = Path(name)
    state = path.stat() if path.is_file() else None
    return (state.st_mtime_ns, state.st_size) if state else (0, 0)


def load_table(name: str | Path) -> LoadTable:
    """Return a load table, committed or a user's file; raises InputError listing every fault.

    Tables are kept, so that a study of a thousand customers parses each once; their arrays are shared: do not write.
    """
    return _load_table(name, _version(name))


def price_table(name: str | Path) -> PriceTable:
    """Return a price table as `load_table` does a load's; raises InputError listing every fault."""
    return _price_table(name, _version(name))


def forecast_error_table(name: str | Path) -> ForecastErrorTable:
    """Return a forecast-error table as `load_table` does a load's; raises InputError listing every fault."""
    return _forecast_error_table(name, _version(name))


@lru_cache(maxsize=KEPT)
def _load_table(name: str | Path, _version: tuple[int, int]) -> LoadTable:
    reader = _Reader(*read_tree(name))
    table = LoadTable(reader.provenance("load"), reader.statistics(), reader.block_fit(1, 96))
    reader.finish()
    return table


@lru_cache(maxsize=KEPT)
def _price_table(name: str | Path, _version: tuple[int, int]) -> PriceTable:
    reader = _Reader(*read_tree(name))
    has_residual = reader.get("has_residual_load") is True
    table = PriceTable(
        reader.provenance("price"),
        reader.statistics(),
        reader.block_fit(2 if has_residual else 1, 24),
        reader.text("zone"),
        has_residual,
    )
    reader.finish()
    return table


@lru_cache(maxsize=KEPT)
def _forecast_error_table(name: str | Path, _version: tuple[int, int]) -> ForecastErrorTable:
    reader = _Reader(*read_tree(name))
    quantiles = reader.array("normal_quantiles", (None,))
    shape = reader.array("shape_quantiles", (2, quantiles.size))
    reader.ascending("normal_quantiles", quantiles)
    reader.ascending("shape_quantiles", shape)
    table = ForecastErrorTable(
        reader.provenance("forecast_error"),
        reader.statistics(),
        reader.array("bias", (2, 24)),
        reader.array("sd", (2, 24)),
        reader.array("weights", (3,)),
        reader.correlation("fast_memory"),
        reader.integer("slow_hours", 1, 336),
        reader.integer("weekly_hours", 1, 168),
        reader.correlation("weekly_memory"),
        quantiles,
        shape,
    )
    if (table.weights < 0).any() or not np.isclose(table.weights.sum(), 1.0, atol=1e-3):
        reader.fault("fit.weights", "are not variance shares", "each at least 0, together 1")
    if "standard_deviation" not in table.statistics:
        reader.fault("statistics.standard_deviation", "is missing")
    reader.finish()
    return table
