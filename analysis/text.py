"""Comparisons as plain text for a terminal."""

import itertools
import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.compare import Comparison
from model.outcomes import OUTCOME

LEGEND = (
    "chance removed: less the chance alignment of own and system imbalance, whose mean is known to be zero\n"
    "var. ratio: how much larger the variance of the difference would be with independent seeds\n"
    "n for {0}: replications after which the half-width of the interval is {0} of the difference, chance removed\n"
    "of bill: of a party, over its own energy bill; none where resources or technology are shared"
)
_EXACT_FROM = 1000.0
_NAMES = 40
_ROUGH = r"n = \d+ is too small to trust the interval$"


def ranked(comparison: Comparison) -> str:
    """Return the short answer: strategies in order, with interval, share of bill and probability of best."""
    study, goal = comparison.tables.study, OUTCOME[comparison.goal]
    controlled = bool((comparison.ranking["control_method"] != "none").any())
    has_share = _has_share(comparison)
    rows = []
    for row in comparison.ranking.itertuples():
        base = row.strategy == comparison.baseline
        adjusted = [number(row.adjusted_difference), interval(row.adjusted_low, row.adjusted_high)]
        figures = [number(row.difference), interval(row.low, row.high), *(adjusted if controlled else [])]
        rows.append([
            str(row.rank), str(row.strategy), number(row.mean),
            *(["baseline", *[""] * len(figures[1:])] if base else figures),
            *(["" if base else percent(row.share_of_bill)] if has_share else []),
            percent(row.probability_best, digits=0), str(row.n),
        ])  # fmt: skip
    head = ["", "strategy", f"mean {goal.unit}", "difference", "95 % interval",
            *(["chance removed", "its interval"] if controlled else []), *(["of bill"] if has_share else []),
            "best", "n"]  # fmt: skip
    return "\n".join([
        f"{study.title}: {study.question}",
        f"{goal.title}, paired on common random numbers, seed {study.seed}, against {comparison.baseline}"
        f"{_bill(comparison)}",
        *variation(comparison),
        "",
        table(head, rows, left=(1,)),
        *_tail_lines(comparison),
    ])  # fmt: skip


def variation(comparison: Comparison) -> list[str]:
    """Return a line that says how the study departs from its scenario file, none where it does not."""
    options = comparison.tables.study.evaluation.get("options", ())
    return [f"A variation of the scenario: {shlex.join(options)}"] if options else []


def full(comparison: Comparison, outcomes: Sequence[str] = ()) -> str:
    """Return the ranking, and per strategy its differences, who gains and loses, and who pays whom."""
    wanted = outcomes or comparison.tables.study.evaluation.get("outcomes", ())
    parts = [ranked(comparison)]
    for strategy in comparison.ranking["strategy"]:
        if strategy != comparison.baseline:
            parts += ["", f"{strategy} against {comparison.baseline}", *_blocks(comparison, strategy, wanted)]
    more = [*_influence(comparison.influence), *_waterfall(comparison.waterfall), *_orders(comparison.orders)]
    return "\n".join([*parts, *more, "", *_tail(comparison), "", LEGEND.format(_precision(comparison))])


def number(value: Any) -> str:
    """Return a number for people: thousands separated when large, four digits when small."""
    if not math.isfinite(value):
        return "-" if math.isnan(value) else "inf"
    return f"{value:,.0f}" if abs(value) >= _EXACT_FROM else f"{value + 0.0:.4g}"  # never minus zero


def percent(value: Any, digits: int = 2) -> str:
    """Return a share as a percentage."""
    return "-" if not math.isfinite(value) else f"{100 * value:.{digits}f} %"


def interval(low: Any, high: Any) -> str:
    """Return an interval."""
    return "-" if math.isnan(low) else f"{number(low)} to {number(high)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Return aligned columns; those in `left` hold words, the others numbers."""
    grid = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in grid) for i in range(len(head))]
    lines = []
    for row in grid:
        cells = [
            cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _precision(comparison: Comparison) -> str:
    return f"{100 * comparison.precision:g} %"


def _tail(comparison: Comparison) -> list[str]:
    """Return the risk of bad years: of all parties together, and of each party to a contract."""
    heading = [
        "Bad years: mean cost of the worst 5 % of years (CVaR95), with breaches as drawn; ± standard error",
        "over mean: CVaR95 less mean; its price: capital charge on that, a year; losses alone: CVaR95 of breach "
        "losses and fines",
    ]
    lines: list[str] = []
    told: dict[str, list[str]] = {}
    for party in ("", *comparison.tables.contract_parties):
        part = comparison.tail[comparison.tail["party"] == party]
        if len(part):
            lines += ["", _tail_of(part, party)]
        for note, rows in part[part["note"] != ""].groupby("note", sort=False):
            which = "" if len(rows) == len(part) else f" ({', '.join(rows['strategy'])})"
            told.setdefault(str(note), []).append(f"{party or 'all parties together'}{which}")
    notes = [f"note: {', '.join(where)}: {note}" for note, where in told.items()]
    return [*heading, *lines, "", *notes] if lines else []


def _tail_of(part: pd.DataFrame, party: str) -> str:
    head = [f"{party or 'all parties together'}, EUR/yr", "CVaR95", "over mean", "against baseline", "95 % interval",
            "its price", "losses alone", "n", "years"]  # fmt: skip
    rows = [[
        str(r.strategy), number(r.cvar95), uncertain(r.cvar_minus_mean, r.standard_error), number(r.excess_difference),
        interval(r.excess_low, r.excess_high), number(r.capital_charge),
        uncertain(r.loss_cvar95, r.loss_cvar95_error), str(r.n), number(r.years),
    ] for r in part.itertuples()]  # fmt: skip
    return table(head, rows)


def uncertain(value: Any, error: Any) -> str:
    """Return a number with its standard error."""
    return number(value) if math.isnan(error) else f"{number(value)} ± {number(error)}"


def _has_share(comparison: Comparison) -> bool:
    """Return whether a share of the energy bill says anything of any strategy."""
    others = comparison.ranking[comparison.ranking["strategy"] != comparison.baseline]
    return bool(others["share_of_bill"].notna().any())


def _bill(comparison: Comparison) -> str:
    bill = comparison.bill
    if not (math.isfinite(bill.eur_per_year) and _has_share(comparison)):
        return ""
    return f"; energy bill of {bill.whose}: {number(bill.eur_per_year)} EUR/yr"


def _influence(frame: pd.DataFrame) -> list[str]:
    """Return the rankings of assumptions, largest swing first."""
    head = ["assumption", "unit", "low", "base", "high", "at low", "95 % interval", "at base", "95 % interval",
            "at high", "95 % interval", "swing", "n"]  # fmt: skip
    lines: list[str] = []
    for _, part in frame.groupby(["name", "party"], sort=False):
        first = part.iloc[0]
        name, party = str(first["name"]), str(first.party)
        about = f"{OUTCOME[first.outcome].title}{f' of {party}' if party else ''}, {first.outcome_unit}"
        rows = [[
            str(r.parameter), str(r.unit), *(number(getattr(r, end)) for end in ("low", "base", "high")),
            number(r.at_low), interval(r.at_low_lower, r.at_low_upper), number(r.at_base),
            interval(r.at_base_lower, r.at_base_upper), number(r.at_high), interval(r.at_high_lower, r.at_high_upper),
            number(r.swing), str(r.n),
        ] for r in part.itertuples()]  # fmt: skip
        named = "" if name == first.strategy else f"{name}: "
        title = first.title or f"{named}which assumption moves {first.strategy} against {first.baseline}"
        lines += ["", f"{title}: {about}", table(head, rows, left=(0, 1)), *_notes(part, "parameter")]
    return lines


def _waterfall(frame: pd.DataFrame) -> list[str]:
    """Return what each stage adds: left out alone, and switched on one after another."""
    head = ["stage", "left out alone", "95 % interval", "one after another", "95 % interval", "n"]
    lines: list[str] = []
    for _, part in frame.groupby(["name", "outcome", "party"], sort=False):
        first = part.iloc[0]
        name, party = str(first["name"]), str(first.party)
        alone = {
            str(r.stage): [number(r.effect), interval(r.lower, r.upper)]
            for r in part[part["kind"] == "leave_one_out"].itertuples()
        }
        rows = [
            [str(r.stage), *([""] * 2 if r.kind == "total" else alone[str(r.stage)]), number(r.effect),
             interval(r.lower, r.upper), str(r.n)]
            for r in part[part["kind"].isin(["cumulative", "total"])].itertuples()
        ]  # fmt: skip
        about = f"{OUTCOME[first.outcome].title}{f' of {party}' if party else ''}, {first.unit}"
        named = "" if name == first.strategy else f"{name}: "
        title = first.title or f"{named}what each stage adds in {first.strategy}"
        lines += ["", f"{title}: {about}", table(head, rows), *_notes(part, "stage")]
    return lines


def _orders(frame: pd.DataFrame) -> list[str]:
    """Return what steps add in every order, on average over orders, and together."""
    lines: list[str] = []
    for _, part in frame.groupby(["name", "party"], sort=False):
        first = part.iloc[0]
        by_kind = {str(kind): rows for kind, rows in part.groupby("kind", sort=False)}
        steps = list(by_kind["shapley"]["step"])
        party = str(first.party)
        about = f"{OUTCOME[first.outcome].title}{f' of {party}' if party else ''}, {first.unit}"
        title = first.title or f"what {', '.join(steps)} add to {first.baseline} in every order"
        lines += [
            "",
            f"{title}: {about}",
            _orders_table(by_kind, steps),
            "",
            _sets_table(by_kind),
            *_notes(part, "name"),
        ]
    return lines


def _orders_table(by_kind: Mapping[str, pd.DataFrame], steps: Sequence[str]) -> str:
    groups = {**dict(iter(by_kind["marginal"].groupby("order", sort=False))), "mean over orders": by_kind["shapley"]}
    rows = []
    for order, group in groups.items():
        found = {str(row.step): row for row in group.itertuples()}
        cells = [[number(found[step].effect), interval(found[step].lower, found[step].upper)] for step in steps]
        rows.append([str(order), *itertools.chain(*cells), str(group["n"].iloc[0])])
    return table(["order", *itertools.chain(*[[step, "95 % interval"] for step in steps]), "n"], rows)


def _sets_table(by_kind: Mapping[str, pd.DataFrame]) -> str:
    beyond = {
        str(row.step): [number(row.effect), interval(row.lower, row.upper)]
        for row in by_kind["interaction"].itertuples()
    }
    rows = [
        [
            str(row.step),
            number(row.effect),
            interval(row.lower, row.upper),
            *beyond.get(str(row.step), ["", ""]),
            str(row.n),
        ]
        for row in by_kind["set"].itertuples()
    ]
    return table(["steps", "together", "95 % interval", "beyond each alone", "95 % interval", "n"], rows)


def _notes(frame: pd.DataFrame, key: str) -> list[str]:
    """Return the notes of a frame's rows, each once; that intervals are rough stands in the warnings."""
    noted = frame[(frame["note"] != "") & ~frame["note"].str.match(_ROUGH)]
    return list(dict.fromkeys(f"note: {where}: {note}" for where, note in zip(noted[key], noted["note"], strict=True)))


def _tail_lines(comparison: Comparison) -> list[str]:
    lines = [""] if comparison.break_even or comparison.warnings else []
    for answer in comparison.break_even:
        whose = " + ".join(answer.parties) or "all parties together"
        named = f"{answer.title}: " if answer.title else ""
        lines.append(f"{named}{answer.strategy}, {OUTCOME[answer.outcome].title.lower()} of {whose}: {answer.verdict}")
    return lines + [f"warning: {words}" for words in comparison.warnings]


def _blocks(comparison: Comparison, strategy: str, wanted: Sequence[str]) -> list[str]:
    rows = comparison.differences[comparison.differences["strategy"] == strategy]
    parties = ["", *comparison.tables.study.evaluation.get("parties", ())]
    shown = rows[rows["outcome"].isin([*wanted]) & rows["party"].isin(parties)]
    head = ["outcome", "party", "unit", "difference", "95 % interval", "of bill", "chance removed", "its interval",
            "var. ratio", f"n for {_precision(comparison)}"]  # fmt: skip
    lines = [[
        str(r.title)[:_NAMES], str(r.party), str(r.unit), number(r.difference), interval(r.low, r.high),
        percent(r.share_of_bill), number(r.adjusted_difference) if r.control_method != "none" else "",
        interval(r.adjusted_low, r.adjusted_high) if r.control_method != "none" else "", number(r.variance_ratio),
        number(r.replications_needed if r.control_method == "none" else r.replications_needed_adjusted),
    ] for r in shown.itertuples()]  # fmt: skip
    return [table(head, lines, left=(0, 1, 2)), "", *_payments(comparison, strategy)]


def _payments(comparison: Comparison, strategy: str) -> list[str]:
    parties = comparison.parties[comparison.parties["strategy"] == strategy]
    gains = [
        [str(r.party), str(r.verdict), number(r.difference), interval(r.low, r.high)] for r in parties.itertuples()
    ]
    paid = comparison.transfers[comparison.transfers["strategy"] == strategy]
    moved = paid[paid["difference"].abs() > 0.0]
    return [
        table(["party", "", "net cost, EUR/yr, chance removed", "its interval"], gains, left=(0, 1)),
        "",
        *([_transfers(moved)] if len(moved) else ["no payment between parties changes"]),
    ]


def _transfers(moved: pd.DataFrame) -> str:
    rows = [
        [str(r.payer), str(r.payee), str(r.kind), number(r.mean), number(r.difference), interval(r.low, r.high)]
        for r in moved.itertuples()
    ]  # fmt: skip
    return table(["payer", "payee", "for", "EUR/yr", "difference", "95 % interval"], rows, left=(0, 1, 2))
