"""Break engine functions one at a time and see whether a validation case notices. Run as a program, see `main`.

Numbers that a function returns grow by half, counts by one, truth values turn round, lists are emptied; a
function that returns nothing does nothing. The break is put into the function's own code object, so that every caller
meets it; kernels must therefore run as plain Python (NUMBA_DISABLE_JIT=1).
"""

import __future__

import ast
import dataclasses
import importlib
import inspect
import json
import os
import sys
import textwrap
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

FACTOR = 1.5


def broken(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, np.integer)):
        return value + 1
    if isinstance(value, (float, np.ndarray)):
        return value * FACTOR
    if isinstance(value, tuple):
        return tuple(broken(item) for item in value)
    if isinstance(value, list):
        return []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **{k: broken(v) for k, v in fields.items() if isinstance(v, np.ndarray)})
    message = f"no way to break a {type(value).__name__}"
    raise TypeError(message)


class _BreakReturns(ast.NodeTransformer):
    def __init__(self) -> None:
        self.returns = 0

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None:
            self.returns += 1
            node.value = ast.Call(ast.Name("__broken__", ast.Load()), [node.value], [])
        return node


def mutated_code(function: types.FunctionType) -> types.CodeType:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    transformer = _BreakReturns()
    transformer.visit(definition)
    if not transformer.returns:
        definition.body = [ast.Pass()]
    space = {**function.__globals__}
    text = compile(ast.fix_missing_locations(tree), "<mutant>", "exec", flags=__future__.annotations.compiler_flag)
    exec(text, space)
    code: types.CodeType = space[definition.name].__code__
    return code


@contextmanager
def mutant(address: str) -> Iterator[None]:
    module, name = address.split(":")
    function = getattr(importlib.import_module(module), name)
    original = function.__code__
    function.__globals__["__broken__"] = broken
    function.__code__ = mutated_code(function)
    try:
        yield
    finally:
        function.__code__ = original


def plain_philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Philox4x32-10 on Python integers: thirty times faster than numpy scalars, and the same bits."""
    low = 0xFFFFFFFF
    x0, x1, x2, x3, a, b = (int(x) & low for x in (c0, c1, c2, c3, k0, k1))
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (p1 >> 32) ^ x1 ^ a, p1 & low, (p0 >> 32) ^ x3 ^ b, p0 & low
        a, b = (a + 0x9E3779B9) & low, (b + 0xBB67AE85) & low
    return x0, x1, x2, x3


IDLE = ("model.physics.electricity:bill", "model.measures:count_firms")
"""Loops over 96 quarter-hours that do nothing for firms without electricity, and take most of the time."""


def speed_up() -> None:
    from model import streams

    for counter in ((0, 0, 0, 0, 0, 0), (1, 2, 3, 4, 5, 6), (0xFFFFFFFF, 7, 1 << 31, 9, 0xDEADBEEF, 11)):
        assert plain_philox(*counter) == tuple(map(int, streams.philox(*counter)))
    streams.philox = plain_philox


def verdict(case: str, given: dict[str, object], effort: float) -> str:
    from model.validation.catalogue import validate

    try:
        report = validate(case, given, effort=effort)
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return "passed" if report.passed else f"failed {[(k, c.found, c.expected) for k, c in report.checks.items()]}"


def main(request: dict[str, Any]) -> dict[str, str]:
    """Return the verdict on the whole engine ("intact") and on each mutant.

    `request` is {"case", "given", "effort", "no_electricity", "only"}; the last two may be left out.
    """
    from model.validation.catalogue import find_case

    case = find_case(request["case"])
    for address in IDLE if request.get("no_electricity") else ():
        module, name = address.split(":")
        getattr(importlib.import_module(module), name).__code__ = (lambda *_: None).__code__
    verdicts = {"intact": verdict(case.name, request["given"], request["effort"])}
    for address in request.get("only") or case.exercises(case.read(request["given"])):
        with mutant(address):
            verdicts[address] = verdict(case.name, request["given"], request["effort"])
    return verdicts


if __name__ == "__main__":
    assert os.environ.get("NUMBA_DISABLE_JIT") == "1", "kernels must run as plain Python"
    warnings.simplefilter("ignore")  # scalar overflow in the generator is intended; a mutant may divide by zero
    np.seterr(all="ignore")
    speed_up()
    print(json.dumps(main(json.loads(sys.argv[1]))))
