"""Scenario files that mean harm or are none: a message, soon and with little memory, and nothing outside the folder."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.errors import InputError
from scenarios.spec import load_study
from scenarios.yaml_source import MAX_BYTES
from tests.unit.faults import FAULTY

HOSTILE: dict[str, tuple[bytes, str]] = {
    "binary": (bytes(range(1, 256)) * 40, "is not UTF-8"),
    "utf16": ("extends: steel-and-power".encode("utf-16"), "is not UTF-8"),
    "nul": (b"extends: steel-and-power\ntitle: a\0b\n", ":2:9: NUL byte: this is no text file"),
    "control_character": (b"extends: steel-and-power\ntitle: a\x07b\n", ":2:9: not YAML: a forbidden character"),
    "escaped_nul": (b'extends: "a\\0.yaml"\n', ":1:10: 'a\\x00.yaml' leads out of the scenario's folder"),
    "half_a_surrogate_pair": (b'extends: steel-and-power\ntitle: "\\uD800"\n', ":2:8: half a surrogate pair"),
    "deep_flow": (b"[" * 3000, "more than 32 levels deep"),
    "deep_flow_lines": (b"[\n" * 3000, ":33:1: more than 32 levels deep"),
    "deep_sections": (b"".join(b" " * i + b"a:\n" for i in range(500)), ":33:33: more than 32 levels deep"),
    "deep_mappings": (b"{a: " * 3000, "more than 32 levels deep"),
    "deep_by_aliases": (
        b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 3000)),
        "more than 32 levels deep",
    ),
    "wide": (b"a: [" + b"1," * 100_000 + b"1]", "more than 20,000 values"),
    "huge": (b"#" * (MAX_BYTES + 1), "allowed: at most 262,144"),
    "long_text": (b"extends: steel-and-power\ntitle: " + b"a" * 5000, ":2:8: text of 5,000 characters"),
    "long_dotted_key": (b"extends: steel-and-power\npolicies:\n  ? " + b"a." * 1500 + b"b\n  : 1", ":3:5: unknown key"),
    "many_faults": (b"extends: steel-and-power\n" + b"".join(b"k%d: 1\n" % i for i in range(10_000)), "and 800 more"),
    "many_firms": (
        b"platforms:\n  firms:\n" + b"".join(b"    f%d: {type: utility}\n" % i for i in range(4000)),
        ":2:3: firms has 4,000 entries (allowed: at most 1,000)",
    ),
    "exponent": (
        b"extends: steel-and-power\nplatforms: {balancing: {beta: 1e999999999, rest_sd: 1e999999999 MW}}\n",
        ":2:31: balancing.beta: inf is out of range",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_a_message_and_little_time(name: str, tmp_path: Path) -> None:
    content, said = HOSTILE[name]
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        load_study(str(path))
    assert time.monotonic() - begun < 10
    assert said in str(caught.value)
    assert len(caught.value.faults) <= 201


def peak_mb(scenario: Path) -> int:
    """Return the peak memory, MB, of a process that reads a scenario, faulty or not."""
    code = (
        "import contextlib, resource, sys; from scenarios.spec import load_study; from model.errors import InputError\n"
        "with contextlib.suppress(InputError): load_study(sys.argv[1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(scenario)], cwd=FAULTY.parents[2], capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    return int(done.stdout)


def test_hostile_files_need_little_memory() -> None:
    """The bomb would expand to a thousand million values; it needs no more than an ordinary scenario does."""
    ordinary = peak_mb(FAULTY.parents[2] / "scenarios" / "library" / "steel-and-power.yaml")
    assert peak_mb(FAULTY / "alias_bomb.yaml") < ordinary + 30


def test_a_symbolic_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "prices.csv").write_text("time,price_eur_mwh\n")
    (inside / "prices.csv").symlink_to(outside / "prices.csv")
    scenario = inside / "mine.yaml"
    scenario.write_text("extends: steel-and-power\nplatforms: {market: {price_table: prices.csv}}\n")
    with pytest.raises(InputError, match="'prices.csv' leads out of the scenario's folder"):
        load_study(str(scenario))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("steel-and-powr", "no such scenario: 'steel-and-powr' (did you mean steel-and-power?"),
        ("nowhere.yaml", "nowhere.yaml: no such file"),
        ("", "no such scenario: ''"),
        ("a\0b.yaml", "no such file"),
        ("x" * 5000 + ".yaml", "no such file"),
    ],
)
def test_a_scenario_that_is_not_there(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study(name)
    assert said in str(caught.value)


def test_a_table_with_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"kind": "stack", "blocks": ' + "9" * 5000 + "}")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("extends: steel-and-power\nplatforms: {market: {stack_table: stack.json}}\n")
    with pytest.raises(InputError, match=r"stack.json cannot be read: Exceeds the limit \(4300 digits\)"):
        load_study(str(scenario))


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    with pytest.raises(InputError, match="no such file"):
        load_study(str(folder))
