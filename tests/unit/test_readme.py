"""The README does what it says: its commands run as written, its script runs as written, its links exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from model.extensions import BUILT_IN
from model.inputs import DataContract, ManufacturerInputs, replace_inputs
from model.model import CollaborationModel
from model.parameters import parameters_of
from model.resource_terms import MODES, RESOURCES_SHARED
from scenarios.industries import facts
from scenarios.spec import library, load_study
from scenarios.spec_sectors import known_sectors, read_sector

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
SHELL_LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.startswith("tandem")]
NAMED = [re.match(r"# (\S+\.(?:yaml|py))\n", text) for _, text in BLOCKS]
FILES = {found[1]: found.string for found in NAMED if found}
"""Files that a reader is asked to write: their blocks begin with their name."""
TANDEM = str(Path(sys.executable).with_name("tandem"))


def test_begins_with_the_two_commands() -> None:
    first = BLOCKS[0][1].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["make run", "make test"]
    assert README.index("make run") < 120
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in re.findall(r"`?make (\w+)", README):
        if name not in {"and", "things"}:
            assert re.search(rf"^{name}:", targets, flags=re.MULTILINE), f"no target {name}"


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_every_command_runs_as_written(tmp_path: Path) -> None:
    """In order and in one folder, as a reader would type them."""
    assert len(SHELL_LINES) >= 8
    write_files(tmp_path)
    for line in SHELL_LINES:
        arguments = shlex.split(line, comments=True)
        result = subprocess.run(
            [TANDEM, *arguments[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        assert result.stdout.strip() or {"new", "--graph"} & {*arguments}, f"{line} printed nothing"
    assert (tmp_path / "steel.html").stat().st_size > 50_000
    assert (tmp_path / "steel.csv").read_text(encoding="utf-8").count("\n") > 10


@pytest.mark.slow
def test_the_mesa_script_runs_and_plots(tmp_path: Path) -> None:
    (script,) = [text for kind, text in BLOCKS if kind == "python" and text not in FILES.values()]
    assert len([line for line in script.splitlines() if line.strip()]) <= 20
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "steady.png").read_bytes().startswith(b"\x89PNG")


def test_the_scenario_is_sound(tmp_path: Path) -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "yaml" and text.startswith("extends: ")]
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    written = re.findall(r"^  ([\w-]+):$", text, flags=re.MULTILINE)
    strategies = load_study(str(tmp_path / "mine.yaml")).strategies
    assert len(written) >= 5
    assert [name for name in strategies if name in written] == written


def test_a_sector_is_added_in_ten_lines(tmp_path: Path) -> None:
    write_files(tmp_path)
    lines = [line for line in FILES["sectors/brewery.yaml"].splitlines() if not line.startswith("#")]
    assert len(lines) <= 10
    firms = {firm.name: firm for firm in load_study(str(tmp_path / "my-park.yaml")).strategies["none"].manufacturers}
    brewery, dairies = firms["brewery"], firms["dairies"]
    assert (brewery.sector, brewery.process.mean_load, brewery.equipment.machines) == ("brewery", 0.316, 3)
    assert brewery.heat.use == pytest.approx(0.0194)
    assert (dairies.sector, dairies.count, dairies.demand.mean) == ("food", 3, 60.0)
    known = facts("311FT")
    assert (known.utilisation, known.electricity, known.heat) == pytest.approx(in_use(brewery), rel=0.02)


def in_use(firm: ManufacturerInputs) -> tuple[float, float, float]:
    """Return utilisation, and electricity and heat in kWh/EUR, that a firm's values mean."""
    revenue = firm.demand.mean * firm.process.unit_price
    hours = firm.equipment.machines * firm.equipment.shift_hours
    return (
        firm.demand.mean * firm.equipment.hours_per_unit / hours,
        firm.process.mean_load * 24_000 / revenue,
        firm.heat.use * 1000 / firm.process.unit_price,
    )


def test_a_mechanism_and_a_behaviour_are_added_in_one_file_each(tmp_path: Path) -> None:
    """The mechanism moves about the hours that bargaining moves, at their owners' cost."""
    write_files(tmp_path)
    strategies = load_study(str(tmp_path / "neighbours.yaml")).strategies
    outcomes = {}
    for name in ("none", "leased", "at-cost"):
        model = CollaborationModel(replace_inputs(strategies[name], {"calendar.days": 40}), rng=1)
        model.run_to_end()
        outcomes[name] = model.outcomes()
        (row,) = model.population.rows_of("right")
        assert type(model.firms.agent(int(row))).__name__ == "Steady"
    hours, rent = (
        {name: found.get((key, "left"), 0.0) for name, found in outcomes.items()} for key in ("borrowed_hours", "rent")
    )
    assert hours["none"] == 0.0
    assert hours["at-cost"] == pytest.approx(hours["leased"], rel=0.2)
    (right,) = [firm for firm in strategies["none"].manufacturers if firm.name == "right"]
    assert rent["at-cost"] == pytest.approx(right.equipment.lending_cost * hours["at-cost"])
    assert rent["leased"] > 1.2 * rent["at-cost"]
    assert outcomes["at-cost"]["cost_overtime", ""] < outcomes["none"]["cost_overtime", ""]


def test_extensions_are_said_to_run() -> None:
    assert "run with all your rights" in README
    for command in ("check", "run"):
        done = subprocess.run([TANDEM, command, "--help"], capture_output=True, text=True, timeout=100, check=True)
        assert "with all your rights" in " ".join(done.stdout.split())


def test_every_sector_is_named_in_both_languages() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^ |]+) \| [^|]+ \| [^|]+ \|$", README, flags=re.MULTILINE))
    assert rows == {name: read_sector(path).title_zh for name, path in known_sectors().items()}


def test_every_family_variant_mode_and_resource_is_named_in_both_languages() -> None:
    rows = {
        family: re.findall(r"`([\w-]+)`(?: ([\u4e00-\u9fff]+))?", variants)
        for family, variants in re.findall(
            r"^\| `(\w+)` [\u4e00-\u9fff]+ \| ([^|]+) \| [^|]+ \|$", README, re.MULTILINE
        )
    }
    assert list(rows) == ["data", "resource", "technology"]
    assert {name for name, _ in rows["data"]} == set(parameters_of(DataContract)["variant"].choices)
    for family in ("resource", "technology"):
        assert {name for name, _ in rows[family]} == set(BUILT_IN[family])
    assert [name for row in rows.values() for name, chinese in row if not chinese] == ["raw"]
    assert not [word for word in RESOURCES_SHARED if f"`{word}`" not in README]
    assert all(re.search(rf"`{mode}` [\u4e00-\u9fff]+", README) for mode in MODES)


def test_every_scenario_of_the_library_is_named() -> None:
    assert not [name for name in library() if name not in README]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:model|scenarios|analysis|tests)/[\w./-]*)`", README))))
def test_named_places_exist(path: str) -> None:
    assert (ROOT / path).exists()
