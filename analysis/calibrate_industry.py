"""Tables of whole industries: utilisation, energy by end use, inputs and outputs, rates of learning."""

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibrate_tables import TableText, provenance_tree
from model.errors import Fault, InputError

TWH_PER_TBTU = 0.293071
SUPPRESSED = 1.0
"""TBtu below which the prepared files hold a filler for a suppressed cell; read as nothing."""
MECS_ROWS = {
    "311FT": ("311", "312"),
    "313TT": ("313", "314"),
    "315AL": ("315", "316"),
    "3361MV+3364OT": ("336",),
}
"""Rows of the energy survey that make up an industry of the input-output accounts, where it is not one alike."""
END_USES = {
    "process_heating": ("Process Heating",),
    "boilers": ("Conventional Boiler Use", "CHP and/or Cogeneration Process"),
    "cooling": ("Process Cooling and Refrigeration",),
    "machine_drive": ("Machine Drive",),
    "electrochemical": ("Electro-Chemical Processes",),
    "hvac": ("Facility HVAC",),
    "lighting": ("Facility Lighting",),
}
"""End uses kept by name; what is left of an industry's energy is other or not reported."""
SECTORS = {
    "11_agriculture": ("111CA", "113FF"),
    "21_mining": ("211", "212", "213"),
    "22_utilities": ("22",),
    "23_construction": ("23",),
    "31D_durable_mfg": (
        "321", "327", "331", "332", "333", "334", "335", "3361MV", "3364OT", "337", "339",
    ),
    "31N_nondurable_mfg": ("311FT", "313TT", "315AL", "322", "323", "324", "325", "326"),
    "42_wholesale": ("42",),
    "44_retail": ("441", "445", "452", "4A0"),
    "48_transport": ("481", "482", "483", "484", "485", "486", "487OS", "493"),
    "51_information": ("511", "512", "513", "514"),
    "52_finance_realestate": ("521CI", "523", "524", "525", "HS", "ORE", "532RL"),
    "54_professional": ("5411", "5415", "5412OP", "55", "561", "562"),
    "61_education": ("61",),
    "62_health": ("621", "622", "623", "624"),
    "71_arts_food": ("711AS", "713", "721", "722"),
    "81_other_services": ("81",),
    "G_government": ("GFGD", "GFGN", "GFE", "GSLG", "GSLE"),
}  # fmt: skip
"""Industries of each of the 17 sectors of the input-output accounts."""
RANKS = (5, 25, 50, 75, 95)
"""Percentiles of learning rates that a table keeps."""
MIN_DOUBLINGS = 2.0
"""Series that span fewer doublings of output say little about learning; quantiles are also given without them."""


def keyed_rows(path: Path, keys: tuple[str, ...], values: tuple[str, ...]) -> dict[tuple[str, ...], list[float]]:
    """Return the numeric columns `values` of a CSV, gzipped or not, by its key columns.

    Raises:
        InputError: if the file or a column is missing, or a cell is no number.
    """
    if not path.is_file():
        raise InputError([Fault(str(path), "no such file", f"a CSV with {', '.join(keys + values)}")])
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    reader = csv.DictReader(data.decode("utf-8-sig").splitlines())
    missing = [name for name in keys + values if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError([Fault(f"{path}:1", f"no column {', '.join(missing)}", ", ".join(keys + values))])
    out, faults = {}, []
    for row in reader:
        try:
            out[tuple(row[key] for key in keys)] = [float(row[name]) for name in values]
        except (TypeError, ValueError):
            faults.append(Fault(f"{path}:{reader.line_num}", "a cell is not a number", ", ".join(values)))
    if faults:
        raise InputError(faults)
    return out


def utilisation_tree(path: Path, text: TableText) -> dict[str, Any]:
    """Return the table of utilisation by three-digit NAICS group."""
    rows = keyed_rows(path, ("n3",), ("utilisation_mean", "utilisation_sd", "weekly_op_hours", "n"))
    head = provenance_tree(
        text,
        "utilisation",
        "mean and standard deviation over quarters and sub-industries by three-digit NAICS group",
        "1 (share of full production capability); weekly hours h",
    )
    industries = {
        n3: {"utilisation": mean / 100.0, "sd": sd / 100.0, "weekly_hours": hours, "observations": int(count)}
        for (n3,), (mean, sd, hours, count) in rows.items()
    }
    return head | {"industries": industries}


def energy_tree(path: Path, text: TableText) -> dict[str, Any]:
    """Return the table of energy over output by industry, and where its electricity and its fuel go.

    Args:
        path: CSV of energy and gross output by industry of the input-output accounts; the end uses stand beside it.
        text: name, source and licence.
    """
    totals = keyed_rows(path, ("bea_code",), ("total_tbtu", "net_electricity_tbtu", "gross_output_2014_musd"))
    uses = keyed_rows(
        path.with_name("eia_mecs2014_table5_2_enduse_tbtu.csv.gz"), ("naics", "end_use"), ("total", "net_electricity")
    )
    industries = {}
    for (code,), (total, electricity, output) in totals.items():
        rows = MECS_ROWS.get(code, (code,))
        kwh_usd = TWH_PER_TBTU * 1e3 / output
        electric = {name: _use(uses, rows, names, 1) for name, names in END_USES.items()}
        fuel = {name: _use(uses, rows, names, 0) - electric[name] for name, names in END_USES.items()}
        industries[code] = {
            "electricity_kwh_usd": electricity * kwh_usd,
            "fuel_kwh_usd": (total - electricity) * kwh_usd,
            "gross_output_musd": output,
            "electricity_shares": _shares(electric, electricity),
            "fuel_shares": _shares(fuel, total - electricity),
        }
    head = provenance_tree(
        text,
        "energy_use",
        "energy of the survey over gross output of the industry, both of 2014; shares of end uses in an industry's "
        "electricity and in all its fuels together, the rest is other or not reported; cells below 1 TBtu are read as "
        "nothing",
        "kWh per USD of gross output of 2014; shares 1",
    )
    return head | {"industries": industries}


def _use(
    uses: dict[tuple[str, ...], list[float]], rows: tuple[str, ...], names: tuple[str, ...], column: int
) -> float:  # fmt: skip
    """Return TBtu of some end uses in some rows of the survey; fillers of suppressed cells are left out."""
    cells = [uses[row, name][column] for row in rows for name in names if (row, name) in uses]
    return sum(cell for cell in cells if cell >= SUPPRESSED)


def _shares(parts: dict[str, float], whole: float) -> dict[str, float]:
    """Return each part over the whole, and what is left as `other`."""
    shares = {name: max(0.0, part) / whole for name, part in parts.items()}
    return shares | {"other": max(0.0, 1.0 - sum(shares.values()))}


def input_output_tree(path: Path, text: TableText) -> dict[str, Any]:
    """Return the table of direct requirements: 17 sectors by 17, and 71 industries by what they take from the 17.

    Args:
        path: CSV of direct requirements of the 17 sectors; gross output and the 71 industries stand beside it.
        text: name, source and licence.
    """
    names = tuple(SECTORS)
    square = keyed_rows(path, ("",), names)
    output = keyed_rows(path.with_name("gross_output_17_sectors_2023.csv"), ("",), ("0",))
    codes = tuple(code for group in SECTORS.values() for code in group)
    fine = keyed_rows(path.with_name("A_industry_by_industry_summary_2023.csv.gz"), ("",), codes)
    sizes = keyed_rows(path.with_name("gross_output_summary_2023.csv"), ("",), ("gross_output_musd",))
    titles = _titles(path.with_name("industry_names_summary.csv"))
    inputs = {group: np.sum([fine[code,] for code in members], axis=0) for group, members in SECTORS.items()}
    industries = {
        code: {
            "name": titles[code],
            "gross_output_musd": sizes[code,][0],
            "inputs": [float(inputs[group][k]) for group in names],
        }
        for k, code in enumerate(codes)
    }
    head = provenance_tree(
        text,
        "input_output",
        "direct requirements by the industry-technology assumption, imports included; the rows of the 71 industries "
        "are summed to the 17 sectors that deliver",
        "USD of input per USD of output; gross output million USD of 2023",
    )
    return head | {
        "sectors": list(names),
        "gross_output_musd": [output[name,][0] for name in names],
        "direct_requirements": [square[name,] for name in names],
        "industries": industries,
    }


def _titles(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return {row["code"]: row["name"] for row in csv.DictReader(handle)}


def learning_tree(path: Path, text: TableText) -> dict[str, Any]:
    """Return the table of the distribution of learning rates over technologies."""
    rows = keyed_rows(path, ("technology",), ("learning_rate_pct", "wright_exponent", "doublings", "resid_sd_log2"))
    values = np.array(list(rows.values()))
    head = provenance_tree(
        text,
        "learning_rates",
        "log2 of unit cost regressed on log2 of cumulative output, technology by technology; percentiles over "
        f"technologies, all of them and those that span at least {MIN_DOUBLINGS:g} doublings",
        "1 (fall of unit cost per doubling of cumulative output); log2 for the residual",
    )
    long = values[values[:, 2] >= MIN_DOUBLINGS]
    return head | {"all": _spread(values), "long": _spread(long)}


def _spread(values: Any) -> dict[str, Any]:
    """Return count, percentiles and the share of technologies that grew dearer; `values` is (technologies, 4)."""
    rate = values[:, 0] / 100.0
    percentiles = {f"p{rank}": float(np.percentile(rate, rank)) for rank in RANKS}
    return {
        "technologies": len(values),
        **percentiles,
        "mean": float(rate.mean()),
        "sd": float(rate.std(ddof=1)),
        "dearer_share": float((rate < 0.0).mean()),
        "median_exponent": float(np.median(values[:, 1])),
        "median_residual_sd": float(np.median(values[:, 3])),
    }
