"""The model's description names modules that exist, misses none of the science, and lists the day as it is lived."""

import inspect
import re
from pathlib import Path

import pytest

from model.model import CollaborationModel

MODEL = Path(__file__).parents[2] / "model"
ODD = (MODEL / "ODD.md").read_text(encoding="utf-8")
HEADINGS = [line for line in ODD.splitlines() if line.startswith("### ")]
NAMED = {name for line in HEADINGS for name in re.findall(r"`([\w/]+\.py)`", line)}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_heading_names_modules_that_exist(name: str) -> None:
    assert (MODEL / name).is_file()


@pytest.mark.parametrize("folder", ["mechanisms", "physics"])
def test_every_module_of_the_science_has_its_place(folder: str) -> None:
    modules = {f"{folder}/{path.name}" for path in (MODEL / folder).glob("*.py") if path.stem != "__init__"}
    assert not [name for name in sorted(modules) if f"`{name}`" not in ODD]


def test_the_schedule_lists_the_submodels_in_the_order_of_a_day() -> None:
    lived = re.findall(r"self\.(\w+\.\w+)\(", inspect.getsource(CollaborationModel.step))
    listed = re.findall(r"^\d+\. .*$", ODD, flags=re.MULTILINE)
    described = [name for line in listed for name in re.findall(r"`(\w+\.\w+)`", line) if name in lived]
    assert described == [name for name in lived if name in described]
    assert len(described) >= 10


def test_what_the_day_calls_is_in_the_schedule() -> None:
    submodels = "technology|power|sharing|goods|stations|hooks"
    lived = re.findall(rf"self\.((?:{submodels})\.\w+)\(", inspect.getsource(CollaborationModel.step))
    assert not [name for name in lived if f"`{name}`" not in ODD]
