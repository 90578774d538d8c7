"""Exposure and risk in the report: expected loss, probability of a leak, and the sampled tail of bad years."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis import figures_risk
from analysis.compare import Comparison
from analysis.estimates import t_quantile
from analysis.points import floats, values_of
from analysis.report_charts import Chart, series_of
from analysis.report_contracts import all_contracts
from analysis.report_tables import ROUNDING, THOUSAND, Table, bracketed, count_words, others_of, records
from analysis.report_text import decimals_of, fixed, joined, level, money, party_label, percent, titles_of
from model.contract_checks import sharers
from model.contracts import DataContract
from model.risk import var

ALL = "all owners together"
EXPOSURE = (
    "strategy", "owner", "copies", "records", "probability", "expected", "p95", "cvar", "cvar_error", "cvar_low",
    "cvar_high", "n", "years",
)  # fmt: skip
"""Columns of the frame of exposures; losses in EUR/yr, owner empty for all together."""


def exposure_frame(comparison: Comparison) -> pd.DataFrame:
    """Return what leaks cost by strategy and owner, and for all owners together where they are several.

    Columns `EXPOSURE`; means over replications, the CVaR with standard error and 95 % interval over them.
    """
    metrics = comparison.tables.metrics
    rows = []
    for strategy in others_of(comparison):
        mine = metrics[metrics["strategy"] == strategy]
        owners = list(dict.fromkeys(mine[mine["outcome"] == "exposed_copies"]["party"]))
        parts = [one for one in (_owner_row(comparison, mine, strategy, owner) for owner in owners) if one]
        if len(parts) > 1:
            parts = [_together_row(comparison, strategy, parts), *parts]
        rows += parts
    return pd.DataFrame(rows, columns=list(EXPOSURE))


def _owner_row(comparison: Comparison, mine: pd.DataFrame, strategy: str, owner: str) -> dict[str, Any]:
    """Return one owner's exposure; nothing where its losses were not drawn."""
    tail = _loss_tail(comparison, strategy, owner)
    if tail is None:
        return {}
    mean = {
        name: float(floats(values_of(mine, outcome, (owner,))).mean())
        for name, outcome in (("copies", "exposed_copies"), ("records", "exposed_records"),
                              ("probability", "breach_probability"), ("p95", "breach_loss_p95"))
    }  # fmt: skip
    return {"strategy": strategy, "owner": owner, **mean, **tail}


def _together_row(comparison: Comparison, strategy: str, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    tail = _loss_tail(comparison, strategy, "") or {}
    sums = {name: sum(part[name] for part in parts) for name in ("copies", "records")}
    sample = comparison.tables.loss_years.get((strategy, ""))
    p95 = math.nan
    if sample is not None:
        p95 = float(var(sample.table(sample.replications)).mean())
    return {"strategy": strategy, "owner": "", **sums, "probability": math.nan, "p95": p95, **tail}


def _loss_tail(comparison: Comparison, strategy: str, owner: str) -> dict[str, Any] | None:
    """Return expected loss and CVaR of drawn losses, with its interval; None where none were drawn."""
    frame = comparison.tail
    outcome = "party_cost" if owner else "real_cost"
    found = frame[(frame["strategy"] == strategy) & (frame["outcome"] == outcome) & (frame["party"] == owner)]
    if not len(found) or not found["years"].iloc[0]:
        return None
    row = found.iloc[0]
    half = t_quantile(int(row["n"]) - 1) * float(row["loss_cvar95_error"])
    value = float(row["loss_cvar95"])
    return {
        "expected": float(row["expected_loss"]), "cvar": value, "cvar_error": float(row["loss_cvar95_error"]),
        "cvar_low": value - half, "cvar_high": value + half, "n": int(row["n"]), "years": int(row["years"]),
    }  # fmt: skip


def exposure_chart(comparison: Comparison, frame: pd.DataFrame) -> Chart | None:
    """Return expected loss and tail of every strategy that makes copies."""
    if frame.empty or not (frame["cvar"] > 0.0).any():
        return None
    alone = frame.groupby("strategy")["owner"].transform("size") == 1
    labels = [party_label(owner) if owner else ALL for owner in frame["owner"]]
    shown = frame.assign(owner=labels)
    owners = [*([ALL] if not alone.all() else []), *[one for one in dict.fromkeys(labels) if one != ALL]]
    series = [one for one in series_of(comparison) if one.name in set(frame["strategy"])]
    figure = figures_risk.exposure(shown, series, owners, together=ALL)
    caption = (
        f"What leaks cost in a year under each strategy, {_years_words(frame)}. The bar is the expected loss, the only "
        "part that means and rankings book; the open ring is the loss that one year in twenty exceeds, the filled "
        "symbol the mean of the worst 5 % of years (CVaR 95) with its 95 % interval over random futures. The scale is "
        f"logarithmic; what is next to nothing stands at its left edge. {count_words(frame['n'])}."
    )
    return Chart("exposure", figure, caption, _described(comparison, frame), exposure_table(comparison, frame))


def exposure_table(comparison: Comparison, frame: pd.DataFrame) -> Table:
    """Return copies, records, probability, expected loss and tail by strategy and owner."""
    titles = titles_of(comparison)
    rows = [
        (
            titles[row["strategy"]], party_label(row["owner"]) if row["owner"] else ALL, f"{row['copies']:g}",
            level(row["records"]), percent(row["probability"]), *[
                level(row[name] / THOUSAND) for name in ("expected", "p95")
            ], with_error(row["cvar"], row["cvar_error"]), str(row["n"]), f"{row['years']:,}",
        )
        for row in records(frame)
    ]  # fmt: skip
    head = ("strategy", "owner", "copies", "records expected to leak, 1/yr", "probability of a leak in a year",
            "expected loss", "one year in twenty", "worst 5 % of years (CVaR 95)", "n",
            "nested years of each")  # fmt: skip
    caption = (
        f"What leaks cost the owners of data, thousand EUR/yr, {count_words(frame['n'])}. Expected loss: booked in all "
        "means; the two columns after it: from nested loss-years, CVaR ± standard error over random futures"
    )
    return Table(caption, head, tuple(rows), words=(0, 1))


def with_error(value: float, error: float) -> str:
    """Return "254 ± 14": an amount in thousand EUR with its standard error."""
    value, error = value / THOUSAND, error / THOUSAND
    decimals = decimals_of(value, 2 * error)
    return (
        fixed(value, decimals) if not math.isfinite(error) else f"{fixed(value, decimals)} ± {fixed(error, decimals)}"
    )


def risk_sentences(comparison: Comparison, frame: pd.DataFrame) -> list[str]:
    """Return what is booked and what is sampled, where bad years coincide, and hubs beside bilateral contracts."""
    if frame.empty:
        return []
    said = [
        "Means and rankings book the expected loss of every copy, probability times mean loss, because it is exact. "
        f"What a bad year looks like is drawn apart: {_years_words(frame)}. The standard error of a CVaR comes from "
        "leaving out one random future at a time."
    ]
    return said + _common_words(comparison, frame) + _hub_words(comparison, frame) + _fine_words(comparison)


def _years_words(frame: pd.DataFrame) -> str:
    n, years = int(frame["n"].max()), int(frame["years"].max())
    return f"{years:,} nested loss-years in each of {n} random futures, {n * years:,} years in all"


def _common_words(comparison: Comparison, frame: pd.DataFrame) -> list[str]:
    """Return how far the owners' bad years coincide."""
    titles, found = titles_of(comparison), []
    for strategy, part in frame.groupby("strategy", sort=False):
        whole = part[part["owner"] == ""]
        apart = float(part[part["owner"] != ""]["cvar"].sum())
        if len(whole) and apart > 0.0:
            share = float(whole["cvar"].iloc[0]) / apart
            found.append(f"{percent(share)} under “{titles[str(strategy)]}”")
    if not found:
        return []
    return [
        "Do owners have the same bad years? In the worst 5 % of years all owners together lose, as a share of the sum "
        f"of what each loses in its own worst years, {joined(found)}; at 100 % their bad years are the same (common "
        "mode), and the lower it is, the more often one has a good year while another has a bad one."
    ]


def _hub_words(comparison: Comparison, frame: pd.DataFrame) -> list[str]:
    """Return strategies over a platform beside the same contract without one."""
    titles, contracts = titles_of(comparison), all_contracts(comparison)
    whole = {
        str(strategy): part.iloc[0] for strategy, part in frame.groupby("strategy", sort=False)
    }  # the row of all owners stands first
    said = []
    for name, row in whole.items():
        twin = next((other for other in whole if _twins(contracts[name], contracts[other])), None)
        if twin is not None:
            said.append(
                f"A platform adds holders: “{titles[name]}” makes {row['copies']:g} copies where “{titles[twin]}” "
                f"makes {whole[twin]['copies']:g}. Each copy is expected to lose {_per_copy(row)} a year against "
                f"{_per_copy(whole[twin])}; in the worst 5 % of years all owners lose {_tail_words(row)} against "
                f"{_tail_words(whole[twin])}."
            )
    return said


def _twins(hub: Sequence[DataContract], pair: Sequence[DataContract]) -> bool:
    """Tell whether two strategies share the same of the same firms, one over platforms and one without."""

    def shared(contracts: Sequence[DataContract]) -> list[tuple[Any, ...]]:
        return sorted(
            (c.asset, *sharers(c), c.partner, c.resolution, c.variant in ("encrypted",), c.k) for c in contracts
        )

    over = any(c.platform for c in hub) and not any(c.platform for c in pair)
    return over and bool(pair) and shared(hub) == shared(pair)


def _per_copy(row: Any) -> str:
    return money(float(row["expected"]) / float(row["copies"]))


def _tail_words(row: Any) -> str:
    return (
        f"{money(float(row['cvar']), 2 * float(row['cvar_error']))} (standard error {money(float(row['cvar_error']))})"
    )


def _fine_words(comparison: Comparison) -> list[str]:
    """Return the expected fines on holders, where there are any."""
    titles = titles_of(comparison)
    rows = comparison.tables.metrics
    means = rows[rows["outcome"] == "fines"].groupby(["strategy", "party"], sort=False)["value"].mean().reset_index()
    said = [
        f"{party_label(row['party'])} {money(row['value'])} under “{titles[row['strategy']]}”"
        for row in records(means) if row["value"] > ROUNDING
    ]  # fmt: skip
    return [f"Privacy fines that holders have to expect a year: {joined(said)}."] if said else []


def _described(comparison: Comparison, frame: pd.DataFrame) -> str:
    titles = titles_of(comparison)
    return " ".join(
        f"{titles[row['strategy']]}, {row['owner'] or ALL}: expected {level(row['expected'] / THOUSAND)}, worst 5 % of "
        f"years {with_error(row['cvar'], row['cvar_error'])} thousand EUR/yr."
        for row in records(frame)
    )


def tail_table(comparison: Comparison, parties: Sequence[str]) -> Table | None:
    """Return the risk of bad years by strategy: energy and drawn losses together; None without a tail.

    Args:
        comparison: the study.
        parties: whose; empty name for all parties together.
    """
    titles, frame = titles_of(comparison), comparison.tail
    order = [comparison.baseline, *others_of(comparison)]
    rows = []
    for party in parties:
        outcome = "party_cost" if party else "real_cost"
        part = frame[(frame["outcome"] == outcome) & (frame["party"] == party)]
        by_name = {row["strategy"]: row for row in records(part)}
        rows += [
            _tail_cells(by_name[name], titles[name], party, baseline=name == comparison.baseline)
            for name in order if name in by_name
        ]  # fmt: skip
    head = ("party", "strategy", "CVaR 95 less mean", "change of CVaR 95", "change of CVaR 95 less mean",
            "n", "nested years of each")  # fmt: skip
    caption = (
        "Risk of a bad year, thousand EUR/yr: mean net cost in the worst 5 % of years less the mean of all years "
        f"(CVaR 95 less mean, ± standard error), drawn losses in place of expected ones, {count_words(frame['n'])}; "
        f"changes against “{titles[comparison.baseline]}” with 95 % interval in brackets"
    )
    return Table(caption, head, tuple(rows), words=(0, 1)) if rows else None


def _tail_cells(row: Mapping[str, Any], title: str, party: str, *, baseline: bool) -> tuple[str, ...]:
    differences = [
        "–" if baseline else bracketed(
            (row[f"{name}_difference"], row[f"{name}_low"], row[f"{name}_high"]), THOUSAND, floor=ROUNDING, most=2
        )
        for name in ("cvar95", "excess")
    ]  # fmt: skip
    return (
        party_label(party) if party else "all parties together", title,
        with_error(row["cvar_minus_mean"], row["standard_error"]), *differences, str(row["n"]), f"{row['years']:,}",
    )  # fmt: skip


def tail_notes(comparison: Comparison) -> list[str]:
    """Return what weakens the figures of risk, each once with the strategies it concerns."""
    found: dict[str, list[str]] = {}
    titles = titles_of(comparison)
    rows = comparison.tail[comparison.tail["outcome"] == "real_cost"]
    for row in records(rows):
        for note in [words for words in row["note"].split("; ") if words]:
            found.setdefault(note, []).append(f"“{titles[row['strategy']]}”")
    return [
        f"{joined(names) if len(names) < len(rows) else 'All strategies'}: {note}." for note, names in found.items()
    ]
