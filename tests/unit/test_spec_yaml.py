"""YAML 1.2 with places: what scalars mean, where values stand, and which aliases are allowed."""

import math

import pytest

from model.errors import Fault
from scenarios.yaml_source import Node, Source, read_yaml


def tree(text: str) -> Node:
    faults: list[Fault] = []
    node = read_yaml(text.encode(), Source("file.yaml"), faults)
    assert faults == []
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("2025-01-01", "2025-01-01"),
        ("12:30", "12:30"),
        ("0x10", "0x10"),
        ("010", 10),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("~", None),
        ('"3"', "3"),
        ("'true'", "true"),
        ("48 MW", "48 MW"),
        ("9" * 30, float("9" * 30)),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = tree(f"key: {text}\n").entries["key"].value
    assert found == value
    assert type(found) is type(value)


def test_every_value_knows_line_and_column() -> None:
    node = tree("first: 1\nsecond:\n  inner: [a, b]\n钢厂: x\n")
    inner = node.entries["second"].entries["inner"]
    assert str(node.entries["first"].place) == "file.yaml:1:8"
    assert str(inner.key_place) == "file.yaml:3:3"
    assert [str(item.place) for item in inner.value] == ["file.yaml:3:11", "file.yaml:3:14"]
    assert str(node.entries["钢厂"].place) == "file.yaml:4:5"


def test_an_alias_stands_for_its_anchor() -> None:
    node = tree("base: &b {x: 1}\nfirst: *b\nsecond: *b\n")
    assert node.entries["first"].entries["x"].value == 1
    assert node.entries["second"].key_place.line == 3


def test_a_byte_order_mark_shifts_nothing() -> None:
    faults: list[Fault] = []
    node = read_yaml(b"\xef\xbb\xbfkey: 1\n", Source("file.yaml"), faults)
    assert node is not None
    assert (str(node.entries["key"].key_place), faults) == ("file.yaml:1:1", [])


def test_a_key_that_is_no_word_is_refused_once() -> None:
    faults: list[Fault] = []
    node = read_yaml(b"? [a, b]\n: 1\nc: 2\n", Source("file.yaml"), faults)
    assert [str(fault) for fault in faults] == ["file.yaml:1:3: a key must be a word"]
    assert node is not None
    assert list(node.entries) == ["c"]


def test_a_section_takes_in_others_and_its_own_keys_win() -> None:
    text = b"base: &a {x: 1, y: 2}\nother: &b {y: 5, z: 6}\nboth: {<<: [*a, *b], x: 7}\nbad: {<<: 3, w: 1}\n"
    faults: list[Fault] = []
    node = read_yaml(text, Source("file.yaml"), faults)
    assert node is not None
    assert {key: one.value for key, one in node.entries["both"].entries.items()} == {"y": 2, "z": 6, "x": 7}
    assert node.entries["both"].entries["z"].key_place.line == 2
    assert [fault.what for fault in faults] == ["<< takes in sections only"]
    assert list(node.entries["bad"].entries) == ["w"]
