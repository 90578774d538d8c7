"""The report: of a real small study, agreeing with numbers worked out here, one file, valid, escaped, honest."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from analysis import report_charts, report_text
from analysis.cli import main
from analysis.cli_report import report_command
from analysis.glossary import TERMS, terms_in
from analysis.report import Report, build, html_of, inline_svg, plain_text, write_whole
from analysis.report_sources import absent, settings_of, stakeholders_of, tables_of
from analysis.tables import StudyTables, read_study
from model.errors import StoreError
from model.inputs import as_tree
from scenarios.batch import run_study
from scenarios.spec import RunPlan, Strategy, Study, load_study
from scenarios.spec_explain import parameters
from scenarios.store import Reader, Store

HOSTILE = "钢铁 <script>alert('x')</script> & \"电力\" {{ 7*7 }} $a_1$"
TODAY = dt.date(2030, 1, 2)
WORKS = str(Path(__file__).with_name("works.yaml"))
VOID = {"meta", "br", "hr", "img", "input", "link", "col", "source", "wbr"}
SECTIONS = ["answer", "against", "goals", "platforms", "strategies", "runs", "evaluation", "sources", "limits",
            "provenance", "glossary"]  # fmt: skip
SMALL = ("calendar.days=21", "calendar.burn_in=3", "run.seed=11")


def small_study(
    names: tuple[str, ...], replications: int = 3, sets: tuple[str, ...] = (), sweep: bool = False
) -> Study:
    study = load_study(WORKS, sets=[*SMALL, *sets])
    strategies = {name: inputs for name, inputs in study.strategies.items() if name in names}
    first = study.evaluation.break_even[:1] if sweep else ()
    evaluation = dataclasses.replace(study.evaluation, break_even=first, influence=(), waterfall=())
    return dataclasses.replace(
        study, strategies=strategies, run=RunPlan(11, replications), evaluation=evaluation
    )  # fmt: skip


def stored(study: Study, folder: Path) -> str:
    url = f"sqlite:///{folder / 'results.db'}"
    with Store(url) as store:
        run_study(study, store, workers=1, quiet=True)
    return url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def url(folder: Path) -> str:
    """A store with a study of three strategies, a sweep, and names that try to be markup."""
    study = small_study(("none", "raw", "raw-with-fee"), sweep=True)
    notes = {name: Strategy(f"{note.title} {HOSTILE if name == 'raw' else ''}".strip(), note.description)
             for name, note in study.strategy_notes.items()}  # fmt: skip
    return stored(dataclasses.replace(study, title=HOSTILE, strategy_notes=notes), folder)


@pytest.fixture(scope="module")
def report(url: str) -> Report:
    return build("works", url)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return html_of(report, today=TODAY)


class Outline(HTMLParser):
    """Tags in balance, ids, attributes and headings of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    return found


def test_the_page_is_balanced_and_its_ids_are_unique_and_found(outline: Outline) -> None:
    assert outline.faults == []
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    wanted = {value.removeprefix("#") for _, name, value in outline.attributes if name == "href"}
    wanted |= {one for _, name, value in outline.attributes if name.startswith("aria-") and name.endswith("by")
               for one in value.split()}  # fmt: skip
    wanted |= set(re.findall(r"url\(#([^)]+)\)", " ".join(value for _, _, value in outline.attributes)))
    assert wanted <= set(outline.ids)


def test_sections_follow_the_five_steps(page: str) -> None:
    places = [page.index(f'id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    steps = ["1: goals", "2: platforms", "3: strategies and policies", "4: runs", "5: evaluation"]
    places = [page.index(f"<h2>Step {step}</h2>") for step in steps]
    assert places == sorted(places)


def test_the_page_loads_nothing(page: str, outline: Outline) -> None:
    for tag, name, value in outline.attributes:
        if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert value.startswith("#"), f"{tag} {name}={value}"
        assert "url(" not in value or "url(#" in value
    assert not {tag for tag, _, _ in outline.attributes} & {"script", "link", "iframe", "object", "img", "embed"}
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert "@import" not in style.group(1)
    assert "url(" not in style.group(1)


def test_it_reads_in_light_and_dark_on_a_phone_and_on_paper(page: str) -> None:
    assert '<html lang="en">' in page
    for words in ("prefers-color-scheme:dark", "@media print", "max-width:40rem", 'name="viewport"'):
        assert words in page
    assert not re.search(r"(?:fill|stroke): #", page), "ink that does not follow the page's colours"


def test_every_chart_has_a_caption_a_description_and_a_table(report: Report, page: str) -> None:
    assert set(report.charts) == {
        "strategies", "components", "parties", "typical_week", "payments", "break_even", "exposure",
    }  # fmt: skip
    for name, chart in report.charts.items():
        assert f'aria-labelledby="{name}-caption"' in page
        assert f'aria-describedby="{name}-words"' in page
        assert "n = " in chart.caption
        assert chart.table.rows
        assert re.search(r"\d", chart.description)
    assert page.count("<table") >= len(report.charts)


def test_names_from_the_scenario_are_escaped_everywhere(page: str, report: Report) -> None:
    assert "<script" not in page
    assert "alert(&#39;x&#39;)" in page
    assert "{{ 7*7 }}" in plain_text(page)
    assert "49 $" not in page
    assert "钢铁" in page
    for chart in report.charts.values():
        assert "<script" not in inline_svg(chart)


def metric(tables: StudyTables, strategy: str, outcome: str, party: str = "") -> Any:
    rows = tables.metrics
    rows = rows[(rows["strategy"] == strategy) & (rows["outcome"] == outcome) & (rows["party"] == party)]
    return rows.sort_values("replication")["value"].to_numpy()


def interval(sample: Any) -> tuple[float, float, float]:
    low, high = stats.t.interval(0.95, sample.size - 1, sample.mean(), sample.std(ddof=1) / np.sqrt(sample.size))
    return float(sample.mean()), float(low), float(high)


def amounts(words: str) -> list[float]:
    """Return the sizes in "EUR 9.1 thousand a year (95 % interval 7.4 to 10.8 thousand; ...", in EUR."""
    found = re.search(
        r"EUR ([\d,.]+)( thousand| million)? a year \(95 % interval (\S+) to (\S+?)(?: thousand| million)?;", words
    )
    assert found is not None, words
    scale = {None: 1.0, " thousand": 1e3, " million": 1e6}[found.group(2)]
    return [float(found.group(k).replace(",", "").replace("−", "-")) * scale for k in (1, 3, 4)]


def test_the_answer_says_what_the_runs_say(url: str, report: Report) -> None:
    with Reader(url) as store:
        tables = read_study(store, "works")
    chance = metric(tables, "raw", "imbalance_covariance") - metric(tables, "none", "imbalance_covariance")
    total = metric(tables, "raw", "real_cost") - metric(tables, "none", "real_cost")
    value, low, high = interval(total - chance)
    first, second, third = report.answer.sentences
    sign = np.sign(value)
    expected = [abs(value), *sorted((sign * low, sign * high))]
    assert amounts(first) == pytest.approx(expected, abs=max(0.25 * (high - low), 0.006 * abs(value)))
    assert "n = 3" in first
    assert ("lower" in first) == (value < 0)
    assert report.answer.kind == ("better" if high < 0 else "worse" if low > 0 else "unclear")
    plain = interval(total)
    assert amounts(third)[0] == pytest.approx(
        abs(plain[0]), abs=max(0.25 * (plain[2] - plain[1]), 0.006 * abs(plain[0]))
    )
    bill = metric(tables, "none", "energy_bill", "steel").mean()
    assert f"{report_text.percent(abs(value) / bill)} of the energy bill of steel" in first
    assert "too small" in third
    own_cost = metric(tables, "raw", "party_cost", "steel") - metric(tables, "none", "party_cost", "steel")
    value, low, high = interval(own_cost)
    assert f"steel loses {report_text.money(value, (high - low) / 2)} a year" in second
    for sentence in report.answer.sentences:
        assert sentence.endswith(".")
        assert ". " not in sentence, "three sentences, not more"


def test_strategies_that_differ_in_a_payment_only_are_equally_good(report: Report) -> None:
    assert set(report.answer.focus) == {"raw", "raw-with-fee"}


def test_the_works_that_is_not_paid_is_reported_as_a_loser(report: Report) -> None:
    losers = [words for words in report.answer.against if "no reason to take part" in words]
    assert len(losers) == 1
    assert "costs steel EUR" in losers[0]


def test_the_fees_that_leave_both_better_off_are_named(url: str, report: Report) -> None:
    with Reader(url) as store:
        tables = read_study(store, "works")
    works = metric(tables, "raw", "party_cost", "steel") - metric(tables, "none", "party_cost", "steel")
    (words,) = report_text.fee_sentences(report.comparison)
    assert "Hourly plan for a fee" in words, "strategies that differ in the fee only share the answer"
    least = re.search(r"(?:between|needs) EUR ([\d.]+) thousand", words)
    assert least is not None
    assert float(least.group(1)) * 1e3 == pytest.approx(works.mean(), rel=0.006)


@pytest.mark.parametrize(("provider", "partner", "expected"), [
    (40e3, -60e3, "any fee between EUR 40.0 thousand and EUR 60.0 thousand a year, paid by power to steel"),
    (40e3, -30e3, "no fee leaves both better off; steel needs EUR 40.0 thousand a year and power gains EUR 30.0"),
    (40e3, 5e3, "no fee leaves both better off; steel needs EUR 40.0 thousand a year, and power gains nothing."),
    (-10e3, -30e3, "both are better off without a fee, and with any fee below EUR 30.0 thousand a year"),
])  # fmt: skip
def test_a_fee_moves_money_and_nothing_else(provider: float, partner: float, expected: str, report: Report) -> None:
    fee = 25e3
    moved = {"steel": provider - fee, "power": partner + fee}
    rows = report.comparison.differences.query("outcome == 'party_cost' and strategy == 'raw'")
    rows = rows.assign(difference=rows["party"].map(moved).fillna(0.0), control_method="none")
    members = [
        dataclasses.replace(member, inputs={"contracts": [{"provider": "steel", "partner": "power", "fee": fee}]})
        for member in report.comparison.tables.strategies
        if member.name == "raw"
    ]
    tables = dataclasses.replace(report.comparison.tables, strategies=tuple(members))
    (words,) = report_text.fee_sentences(dataclasses.replace(report.comparison, tables=tables, differences=rows))
    assert expected in words


def test_a_break_even_value_is_said_for_whom(report: Report) -> None:
    found = dataclasses.replace(
        report.comparison.break_even[0], parties=("power", "steel"), verdict="pays if beta is above 0.12"
    )
    words = report_text.break_even_sentence(found, {"raw": "Hourly plan"})
    assert words == "For power and steel together, “Hourly plan” pays if beta is above 0.12."


def test_sharing_that_loses_is_said_to_lose(tmp_path: Path) -> None:
    study = small_study(("none", "raw"), sets=("strategies.raw.contracts.plan.interface_cost=900 kEUR/yr",))
    losing = build("works", stored(study, tmp_path))
    assert losing.answer.kind == "worse"
    assert losing.answer.sentences[0].startswith(
        "“No sharing” has the best mean, though n = 3 is too small to say how probably it is best, and nothing that "
        "was tried beats it"
    )
    unsaid = "How probable it is that “No sharing” is the best of the 2 strategies takes 10 replications"
    assert losing.answer.sentences[2].startswith(unsaid)
    assert any("costs more than it brings" in words for words in losing.answer.against)
    text = plain_text(html_of(losing, today=TODAY))
    assert text.index("it is best, and nothing that was tried beats it") < text.index("Step 1: goals")


def test_a_study_of_the_baseline_alone_has_a_report(tmp_path: Path) -> None:
    alone = build("works", stored(small_study(("none",), replications=2), tmp_path))
    assert alone.answer.kind == "alone"
    text = plain_text(html_of(alone, today=TODAY))
    assert "nothing to compare it with" in text
    assert "Sources and assumptions" in text


def test_one_random_future_has_no_interval_and_is_called_too_few(tmp_path: Path) -> None:
    single = build("works", stored(small_study(("none", "raw"), replications=1), tmp_path))
    assert single.answer.kind == "unclear"
    assert "too few for an interval" in single.answer.sentences[0]
    text = plain_text(html_of(single, today=TODAY))
    assert "too few for the intervals to be trusted" in text
    assert "nan" not in text.lower().split()


def test_the_page_is_the_same_every_time(url: str, page: str) -> None:
    assert html_of(build("works", url), today=TODAY) == page


def test_all_declared_parameters_are_listed_with_source_or_assumption(report: Report, page: str) -> None:
    study = small_study(("none", "raw", "raw-with-fee"))
    text = plain_text(page)
    for inputs in study.strategies.values():
        declared = {key for key, _, _, _ in parameters(inputs)}
        settings = settings_of(json.loads(json.dumps(as_tree(inputs), default=str)))
        assert {one.key for one in settings} == declared
        nowhere = absent(settings)
        assert {"firms.steel.equipment.machines", "firms.power.generation.blocks"} <= nowhere
        assert not [key for key in nowhere if key in text]
        others = tuple(f"firms.{firm.name}." for firm in inputs.manufacturers[1:])
        assert not [key for key in declared - nowhere if key not in text and not key.startswith(others)]
    assert "firms.metalworks.demand.mean; also platers, joiners 100 unit/day this study" in text
    assert "assumption: slope of the imbalance price" in text
    fee = next(c.fee for c in study.strategies["raw-with-fee"].contracts)
    assert f"{fee:,g} EUR/yr this study; default: 0 EUR/yr" in text


def test_tables_of_the_data_carry_licence_and_attribution(report: Report, page: str) -> None:
    inputs = report.comparison.tables.strategies[0].inputs
    entries = tables_of(inputs)
    names = {name for entry in entries for name in entry["tables"]}
    used = {firm["process"]["load_table"] for firm in inputs["manufacturers"] if firm["process"]["kind"] == "shaped"}
    assert names == used | {inputs["market"]["price_table"], inputs["utilities"][0]["forecasting"]["error_table"]}
    text = plain_text(page)
    for entry in entries:
        assert entry["attribution"] in text
        assert entry["licence"] in text


def test_a_table_that_is_gone_and_an_own_series_are_named_without_their_folder() -> None:
    tree = {
        "market": {"price_table": "elsewhere/prices.csv", "closure": "exogenous"},
        "manufacturers": [{"name": "a", "process": {"kind": "shaped", "load_table": "folder/gone.json"}}],
        "own_series": [{"name": "elsewhere/prices.csv", "first_day": "2025-01-01", "digest": "abc"}],
    }  # fmt: skip
    own, gone = tables_of(tree)
    assert own["tables"] == ["prices.csv"]
    assert "abc" in own["method"]
    assert gone["tables"] == ["gone.json"]
    assert "not readable" in gone["source"]


def test_provenance_tells_how_to_repeat_it(page: str, report: Report) -> None:
    text = plain_text(page)
    assert "--seed 11 --replications 3" in text
    assert "--set calendar.days=21 --set calendar.burn_in=3" in text
    for member in report.comparison.tables.strategies:
        assert member.inputs_hash in text
    assert report.comparison.tables.executions[0]["model_version"] in text
    assert "2030-01-02" in text


def test_limits_name_the_assumptions_that_decide(page: str) -> None:
    limits = plain_text(page)
    for words in (
        "No published data set contains a plan",
        "What a leak costs is an assumption",
        "intraday trading closes",
    ):
        assert words in limits


def test_the_glossary_holds_the_terms_that_occur_and_no_others(page: str) -> None:
    assert "industry collaboration" in page
    assert "产业协同" in page
    assert terms_in("nothing of the kind") == []
    assert [term.english for term in terms_in("Bullwhip ratio")] == ["bullwhip"]
    assert len({term.english for term in TERMS}) == len(TERMS)


def test_a_week_is_typical_when_its_errors_are_the_median() -> None:
    days = 30
    load = np.full(days * 24, 30.0)
    start = dt.date(2025, 1, 1)  # a Wednesday: the Mondays are days 5, 12 and 19
    error = np.zeros(days * 24)
    for monday, size in ((5, 9.0), (12, 2.0), (19, 4.0)):
        error[monday * 24 : (monday + 7) * 24] = size
    assert report_charts.typical_week_of(load, load + error, load + error / 2, start) == (19, 7)
    assert report_charts.typical_week_of(load[:72], load[:72], load[:72], start) == (0, 3)


def test_sizes_are_rounded_to_what_the_interval_allows() -> None:
    assert report_text.size_words((-72_345.0, -79_900.0, -64_800.0), 30, "EUR/yr") == (
        "EUR 72 thousand a year (95 % interval 65 to 80 thousand; n = 30)"
    )
    assert report_text.size_words((12_345.6, -900.0, 25_600.0), 8, "EUR/yr") == (
        "EUR 12 thousand a year (95 % interval −0.90 to 26 thousand; n = 8)"
    )
    assert report_text.size_words((44_408.6, 44_408.6, 44_408.6), 30, "EUR/yr") == (
        "EUR 44.4 thousand a year (the same in all 30 random futures)"
    )
    assert report_text.size_words((-6.959, -7.071, -6.847), 30, "MW") == "6.96 MW (95 % interval 6.85 to 7.07; n = 30)"


@pytest.mark.parametrize(("share", "expected"), [
    (0.0005789, "0.058 %"), (0.1234, "12 %"), (-0.0123, "−1.2 %"), (0.0, "0 %"), (2.6e-7, "below 0.001 %"),
])  # fmt: skip
def test_shares_have_two_digits(share: float, expected: str) -> None:
    assert report_text.percent(share) == expected


@pytest.mark.parametrize(("share", "expected"), [(1.0, "more than 99 %"), (0.0, "less than 1 %"), (0.5, "50 %")])
def test_a_bootstrap_is_never_certain(share: float, expected: str) -> None:
    assert report_text.probability(share) == expected


def test_a_rounded_zero_has_no_sign() -> None:
    assert report_text.fixed(-0.0004, 2) == "0.00"
    assert report_text.signed(-0.0004, 2) == "0"
    assert report_text.cells((-19_498.0, -33_148.0, -5_848.0), 1e3) == ("−19", "−33 to −5.8")


def test_rounding_leaves_the_sign_of_a_mean_and_of_both_ends() -> None:
    assert report_text.cells((-324_776.0, -7_121_781.0, 6_472_229.0), 1e6) == ("−0.32", "−7.1 to 6.5")
    assert report_text.cells((-11_534_997.0, -23_159_351.0, 89_357.0), 1e6) == ("−12", "−23 to 0.089")
    assert report_text.size_words((-11_534_997.0, -23_159_351.0, 89_357.0), 2, "EUR/yr") == (
        "EUR 12 million a year (95 % interval −0.089 to 23 million; n = 2)"
    )
    assert report_text.money(-5_100_000.0, 9_000_000.0) == "EUR 5.1 million"
    assert report_text.told(1e-13, 0) == "0"


@pytest.mark.parametrize("text", ["- just\n- a list", "a: [unclosed", "goals: none", ""])
def test_a_scenario_that_cannot_be_read_again_has_no_stakeholders(text: str) -> None:
    assert stakeholders_of(text)[0] == {}


def call(arguments: list[str]) -> SimpleNamespace:
    """Run the command as the shell does; return exit code and output."""
    runner = CliRunner()
    done = runner.invoke(report_command, arguments, standalone_mode=False)
    return SimpleNamespace(result=done, out=done.stdout, error=done.exception)


def test_the_command_writes_one_file_and_the_figures(url: str, tmp_path: Path) -> None:
    target, drawn = tmp_path / "study.html", tmp_path / "figures"
    done = call(["works", "--db", url, "--out", str(target), "--figures", str(drawn), "--json"])
    assert done.error is None
    said = json.loads(done.out)
    assert said["bytes"] == target.stat().st_size
    assert len(said["answer"]) == 3
    assert sorted(path.suffix for path in drawn.iterdir()) == [".png"] * 7 + [".svg"] * 7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "study.html"]
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_missing_study_is_refused_with_the_nearest_name(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    target = tmp_path / "study.html"
    with pytest.raises(SystemExit) as stop:
        main(["report", "wroks", "--db", url, "--out", str(target)])
    assert stop.value.code == 2
    assert "did you mean works?" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("option", ["--out", "--figures"])
def test_a_target_that_cannot_be_is_refused_before_any_work(
    option: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    taken = tmp_path / "taken"
    make: dict[str, Callable[[], Any]] = {"--out": taken.mkdir, "--figures": taken.touch}
    make[option]()
    with pytest.raises(SystemExit) as stop:
        main(["report", "works", "--db", url, option, str(taken)])
    assert stop.value.code == 2
    assert option in capsys.readouterr().err


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        write_whole(tmp_path / "here", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
