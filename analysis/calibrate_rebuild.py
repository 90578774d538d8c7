"""Recomputes every committed table of `model/data/` from the raw series; the same input gives the same bytes."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibrate import error_table_tree, load_table_tree, price_table_tree
from analysis.calibrate_error import LAGS, ErrorStatistics
from analysis.calibrate_industry import energy_tree, input_output_tree, keyed_rows, learning_tree, utilisation_tree
from analysis.calibrate_stack import stack_tree
from analysis.calibrate_tables import TableText, write_table
from model.calendar import HOURS, german_holidays
from model.errors import Fault, InputError
from model.streams import Floats
from scenarios.series_files import read_series

DATE = "2026-11-22"
"""Date of the calibration of the committed tables."""
STEEL_CLOSED = frozenset(
    datetime.date(2018, month, day)
    for month, day in ((1, 1), (2, 15), (2, 16), (2, 17), (5, 1), (9, 24), (9, 25), (9, 26), (12, 25))
)
"""Korean public holidays of 2018 on which the steel works stood still (it worked on the other ones)."""
ERROR_DAYS = 1275
"""Length in days of the series behind the forecast-error statistics (2015-01-01 to 2018-06-29)."""
RESIDUAL = ("load_mw", "wind_onshore_mw", "wind_offshore_mw", "solar_mw")
"""Residual load is the first of these columns minus the others."""
_VDI = {
    "metal_processing_2018": ("manufacturing_metal_processing_w_per_mwh_yr", 2018),
    "electroplating_2017": ("electroplating_w_per_mwh_yr", 2017),
    "furniture_shop_2015": ("furniture_shop_w_per_mwh_yr", 2015),
    "business_continuous_g3": ("bdew_g3_continuous_w_per_mwh_yr", 2019),
    "business_general_g0": ("bdew_g0_general_w_per_mwh_yr", 2019),
}
"""Table -> column of the VDI 4657 file and the year whose weekdays and Easter the column follows.

The file stamps all columns as 2018, but only the metal works keeps the weekdays of 2018: the shop
rests on the Sundays, Good Friday and Whit Monday of 2015, the standard profiles follow 2019, the
electroplating works 2017. The dates are set right here, or work days would fall on Sundays.
"""
_PLATING_CUT = slice(181, 185)
"""Electroplating: 1-4 July are left out. The stamps jump from a Friday to a Tuesday there, because the second half
of the column was measured in another year; without these days the weekdays run on."""
_PLATING_CLOSED = frozenset(
    datetime.date(2017, month, day)
    for month, day in ((4, 14), (4, 17), (5, 1), (6, 5), (9, 27), (11, 21), (11, 22), (11, 28))
)
"""Holidays of the electroplating works on the dates given to it here, read off the load; those after June are
Reformation Day, Christmas and New Year of the second period."""


@dataclass(frozen=True)
class Recipe:
    """How one committed table is made: its source id and the function from the source's file to the tree."""

    table: str
    source: str
    file: str
    make: Callable[[Path, TableText], dict[str, Any]]


def source_entries() -> dict[str, dict[str, str]]:
    """Return the entries of model/data/sources.yaml by source id."""
    from ruamel.yaml import YAML

    text = files("model").joinpath("data", "sources.yaml").read_text(encoding="utf-8")
    return dict(YAML(typ="safe").load(text))


def _text(table: str, source: str) -> TableText:
    entry = source_entries()[source]
    return TableText(table, f"{source}: {entry['reference']}", entry["licence"], entry["attribution"], DATE)


def _steel(path: Path, text: TableText) -> dict[str, Any]:
    series = read_series(path, "load", column="energy_kwh", time="interval_start_kst", time_zone="Asia/Seoul")
    return load_table_tree(series.values, series.first, STEEL_CLOSED, text)


def _vdi(path: Path, text: TableText) -> dict[str, Any]:
    column, year = _VDI[text.name]
    days = read_series(path, "load", column=column, unit="W").values
    holidays = german_holidays(year)
    if text.name.startswith("electroplating"):
        days, holidays = np.delete(days, _PLATING_CUT, axis=0), _PLATING_CLOSED
    return load_table_tree(days, datetime.date(year, 1, 1), holidays, text)


def residual_load(
    path: Path, columns: Iterable[str] = RESIDUAL, time: str | None = None, time_zone: str = "Europe/Berlin"
) -> tuple[Floats, datetime.date]:
    """Return the first column minus the others, MW, shape (days, 24), and the first date.

    Raises:
        InputError: if a column is faulty or the columns do not cover the same days.
    """
    parts = [read_series(path, "residual_load", column=c, time=time, time_zone=time_zone) for c in columns]
    values = parts[0].values.copy()
    for part in parts[1:]:
        if (part.first, part.days) != (parts[0].first, parts[0].days):
            raise InputError([Fault(f"{path}: {part.column}", "does not cover the days of", parts[0].column)])
        values -= part.values
    return values, parts[0].first


def _price_2025(path: Path, text: TableText) -> dict[str, Any]:
    price = read_series(path, "price", column="day_ahead_price_eur_mwh")
    return price_table_tree(price.values, residual_load(path)[0], price.first, text, zone="DE-LU")


def _price_2018(path: Path, text: TableText) -> dict[str, Any]:
    price = read_series(path, "price", start=datetime.date(2018, 1, 1), end=datetime.date(2018, 12, 31))
    return price_table_tree(price.values, None, price.first, text, zone="DE-AT-LU")


def read_error_statistics(by_hour: Path, memory: Path) -> ErrorStatistics:
    """Return published statistics of a forecast error.

    Args:
        by_hour: CSV with weekend, hour, count, mean, std, min, 1%, 5%, 25%, 50%, 75%, 95%, 99%, max.
        memory: CSV with lag_15min, autocorr.

    Raises:
        InputError: if a file, column, hour or lag is missing or no number.
    """
    ranks = ("min", "1%", "5%", "25%", "50%", "75%", "95%", "99%", "max")
    cells = keyed_rows(by_hour, ("weekend", "hour"), ("count", "mean", "std", *ranks))
    lags = keyed_rows(memory, ("lag_15min",), ("autocorr",))
    wanted = [(kind, str(hour)) for kind in ("False", "True") for hour in range(HOURS)]
    faults = [Fault(str(by_hour), f"no row for weekend {k}, hour {h}") for k, h in wanted if (k, h) not in cells]
    faults += [Fault(str(memory), f"no row for lag {4 * lag}") for lag in LAGS if (str(4 * lag),) not in lags]
    if faults:
        raise InputError(faults)
    table = np.array([cells[key] for key in wanted]).reshape(2, HOURS, -1)
    return ErrorStatistics(
        count=table[:, :, 0],
        bias=table[:, :, 1],
        sd=table[:, :, 2],
        quantiles=table[:, :, 3:],
        autocorrelation=np.array([lags[(str(4 * lag),)][0] for lag in LAGS]),
    )


def _error(path: Path, text: TableText) -> dict[str, Any]:
    known = read_error_statistics(path, path.with_name("load_error_autocorrelation.csv"))
    return error_table_tree(known, ERROR_DAYS, text)


RECIPES = (
    Recipe("steel_works_2018", "steel_industry_2018", "steel_industry_2018/steel_15min_2018.parquet", _steel),
    *(
        Recipe(table, "vdi4657_commercial_profiles", "vdi4657_commercial_profiles/profiles_15min_2018.parquet", _vdi)
        for table in _VDI
    ),
    Recipe("day_ahead_de_lu_2025", "de_power_2025_smard", "de_power_2025_smard/de_lu_hourly_2025.parquet", _price_2025),
    Recipe(
        "day_ahead_de_2018",
        "de_day_ahead_price_2018_smard",
        "de_day_ahead_price_2015_2018_smard/de_day_ahead_price_hourly.parquet",
        _price_2018,
    ),
    Recipe(
        "load_error_de_2015_2018",
        "forecast_error_statistics",
        "forecast_error_statistics/load_relative_error_by_hour.csv",
        _error,
    ),
    Recipe("stack_de", "eu_powerplants", "eu_powerplants/powerplants_ge10mw.parquet", stack_tree),
    Recipe(
        "utilisation_us",
        "us_mfg_utilisation",
        "us_mfg_utilisation_energy/utilisation_by_naics3.csv",
        utilisation_tree,
    ),
    Recipe(
        "energy_use_us",
        "us_mfg_energy",
        "us_mfg_utilisation_energy/energy_intensity_by_bea_industry_2014.csv",
        energy_tree,
    ),
    Recipe(
        "input_output_us",
        "us_bea_input_output",
        "us_bea_input_output/A_17_sectors_2023.csv",
        input_output_tree,
    ),
    Recipe("learning_rates", "performance_curves", "learning_rates_derived/learning_rates.csv", learning_tree),
)
"""Every committed table."""


def rebuild(data: Path, out: Path, recipes: Iterable[Recipe] = RECIPES) -> list[Path]:
    """Recompute tables from the raw series in `data` and write them to `out`; return the paths.

    Raises:
        InputError: if raw files are missing; nothing is written then.
    """
    chosen = list(recipes)
    absent = [
        Fault(str(data / r.file), f"raw series of table {r.table} not found")
        for r in chosen
        if not (data / r.file).is_file()
    ]
    if absent:
        raise InputError([*absent, Fault("--data", f"is {data}", "the folder that holds the raw series")])
    trees = [(r.table, r.make(data / r.file, _text(r.table, r.source))) for r in chosen]
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for table, tree in trees:
        write_table(tree, out / f"{table}.json")
        paths.append(out / f"{table}.json")
    return paths
