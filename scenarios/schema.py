"""The JSON Schema of scenario files, for completion and checks while typing in an editor.

It is made of the same shapes that check a file. A file that extends another may leave out anything, so
only the five steps of a file that extends nothing are required here; `tandem check` knows the rest.
"""

import math
from typing import Any

from model.parameters import Parameter
from scenarios.spec_sections import PLATFORM_GROUPS, STUDY, section_of
from scenarios.spec_shape import (
    Changes,
    Items,
    Leaf,
    Named,
    OneOrMore,
    Ranges,
    Section,
    Shape,
    Sweep,
    Switches,
    Variants,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PUNCTUATION = r"\s!-,./:-@\[-^`{-~"
NAME_PATTERN = f"^[^{_PUNCTUATION}_-][^{_PUNCTUATION}]{{0,63}}$"
"""Names of any script in the regular expressions that all JSON Schema tools share."""
_QUANTITY_PATTERN = r"^\s*[-+]?[.0-9].*[^.0-9\s]"


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole scenario file."""
    schema = _schema(STUDY)
    steps = {"if": {"not": {"required": ["extends"]}}, "then": {"required": list(STUDY.required)}}
    return {"$schema": DIALECT, "title": "Tandem scenario", **schema, **steps}


def _schema(shape: Shape) -> dict[str, Any]:
    match shape:
        case Leaf(parameter):
            return _value(parameter)
        case Items(each):
            return {"type": "array", "items": _value(each.parameter), "minItems": shape.least}
        case Sweep(doc):
            return _sweep(doc)
        case Ranges(doc):
            ends = {"type": "array", "items": _plain(), "minItems": 2, "maxItems": 2}
            return {"type": "object", "description": doc, "minProperties": 1, "additionalProperties": ends}
        case Switches(doc):
            off = {"type": "object", "minProperties": 1, "additionalProperties": _plain()}
            stages = {"patternProperties": {NAME_PATTERN: off}, "additionalProperties": False}
            return {"type": "object", "description": doc, "minProperties": 1, **stages}
        case OneOrMore(each, doc):
            one = _schema(each)
            return {"description": doc, "anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
        case Section(fields, doc):
            properties = {key: _schema(inner) for key, inner in fields.items()}
            return {"type": "object", "description": doc, "properties": properties, "additionalProperties": False}
        case Named(each, _, doc):
            member = {"anyOf": [_schema(each), {"type": "null"}]}
            return {
                "type": "object",
                "description": doc,
                "patternProperties": {NAME_PATTERN: member},
                "additionalProperties": False,
            }
        case Variants():
            return _variants(shape)
        case Changes(doc):
            return {"type": "object", "description": doc, "properties": _dotted_keys()}


def _sweep(doc: str) -> dict[str, Any]:
    """Return the schema of swept values: a list, or a range with a number of points."""
    value = {"anyOf": [{"type": "number"}, {"type": "boolean"}, _quantity()]}
    properties = {"from": value, "to": value, "points": {"type": "integer", "minimum": 2}}
    ranged = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"description": doc, "anyOf": [{"type": "array", "items": value, "minItems": 2}, ranged]}


def _plain() -> dict[str, Any]:
    return {"anyOf": [{"type": kind} for kind in ("number", "boolean", "string")]}


def _variants(shape: Variants) -> dict[str, Any]:
    """Return a schema whose keys depend on the word that tells the variants apart."""
    by = shape.by.parameter
    branches = []
    for word, section in shape.options.items():
        properties = {by.name: {"const": word}, **{key: _schema(inner) for key, inner in section.fields.items()}}
        branches.append(
            {
                "if": {"properties": {by.name: {"const": word}}, "required": [by.name]},
                "then": {"description": section.doc, "properties": properties, "additionalProperties": False},
            }
        )
    if by.default is not None:
        branches[0 : len(branches)] = [_unless_said(branch, by.name, by.default) for branch in branches]
    return {"type": "object", "description": shape.doc, "properties": {by.name: _value(by)}, "allOf": branches}


def _unless_said(branch: dict[str, Any], name: str, default: str) -> dict[str, Any]:
    """Return the branch of a variant, which also holds where its word is the default and is not written."""
    if branch["if"]["properties"][name]["const"] != default:
        return branch
    return {**branch, "if": {"properties": branch["if"]["properties"]}}


def _dotted_keys() -> dict[str, Any]:
    """Return the schema of each parameter of the whole economy by dotted key."""
    return {
        f"{group}.{key}": _schema(leaf)
        for group, declared in PLATFORM_GROUPS.items()
        for key, leaf in section_of(declared).fields.items()
    }


def _quantity() -> dict[str, Any]:
    return {"type": "string", "pattern": _QUANTITY_PATTERN}


def _value(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of one parameter."""
    described: dict[str, Any] = {"description": describe(parameter)}
    if parameter.default is not None:
        described["default"] = parameter.default
    if parameter.kind == "bool":
        return {**described, "type": "boolean"}
    if parameter.choices:
        return {**described, "enum": list(parameter.choices)}
    if parameter.kind == "str":
        return {**described, "type": "string"}
    number: dict[str, Any] = {"type": "integer" if parameter.kind == "int" else "number"}
    if parameter.bounds is not None:
        low, high = parameter.bounds
        number |= {key: bound for key, bound in (("minimum", low), ("maximum", high)) if math.isfinite(bound)}
    return {**described, "anyOf": [number, _quantity()]}


def describe(parameter: Parameter) -> str:
    """Return doc, unit, bounds and source of a parameter as sentences."""
    parts = [parameter.doc]
    if parameter.unit not in ("", "1"):
        parts.append(f"Unit: {parameter.unit}.")
    if parameter.bounds is not None:
        parts.append(f"From {parameter.bounds[0]:g} to {parameter.bounds[1]:g}.")
    if parameter.is_assumption:
        parts.append(f"Assumption: {parameter.note}.")
    elif parameter.source:
        parts.append(f"Source: {parameter.source}." + (f" {parameter.note}." if parameter.note else ""))
    return " ".join(parts)
