"""Code of the user's own: a mechanism or a behaviour in one Python file that a scenario names.

An extension is carried by its source text, so that every process runs the same code and a result says by its digest
which code it came from. Loading one runs it, with all rights of whoever runs Tandem.
"""

import hashlib
import importlib
import importlib.util
import inspect
import keyword
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from model.errors import Fault, InputError, RunError, TandemError

MODULE_PREFIX = "tandem_extension_"
"""How the names of modules begin that hold extensions; their classes belong to scenarios, not to the process."""
MOST_BYTES = 200_000
"""Longest source of an extension."""
KINDS = {
    "resource": ("model.mechanisms.resource", "Mechanism", "name"),
    "technology": ("model.mechanisms.technology", "TechnologyMechanism", "name"),
    "behaviour": ("model.agents", "Manufacturer", "behaviour"),
}
"""What an extension may add: module and name of the class it derives from, and the attribute that names it."""
BUILT_IN: dict[str, dict[str, str]] = {
    "resource": {name: f"model.mechanisms.{name}" for name in ("allocation", "leasing", "pooling")},
    "technology": dict.fromkeys(("exchange", "cooperation", "sharing"), "model.mechanisms.technology"),
    "behaviour": {},
}
"""Names that are taken, each with the module that holds its class."""
_FILE = "__extension_file__"
"""Name in an extension's module of the file's name; its frames in tracebacks are known by it."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Extension:
    """A Python file of the user's.

    Attributes:
        name: the file's path.
        digest: sha256 of the source; stands for it in comparisons.
        source: the text.
        provides: (kind, name) of everything it adds; see `KINDS`.

    Raises:
        ValueError: if the source is not the one of the digest.
    """

    name: str
    digest: str
    source: str = field(repr=False)
    provides: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        """Refuse a source that was changed."""
        if hashlib.sha256(self.source.encode()).hexdigest() != self.digest:
            msg = f"{self.name}: the source does not match its sha256 {self.digest}"
            raise ValueError(msg)


def read_extension(path: Path | str) -> Extension:
    """Return the extension in a file, having run it once to see what it adds.

    Raises:
        InputError: with every fault of the file, places as FILE:LINE.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise InputError([Fault(file.name, f"has {size:,} bytes", f"allowed: at most {MOST_BYTES:,}")])
        source = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or f"is no UTF-8 text: {error}"
        raise InputError([Fault(file.name, f"cannot be read: {what}")]) from None
    digest = hashlib.sha256(source.encode()).hexdigest()
    module = _module(file.name, digest, source)
    faults = list(_faults(module, file.name))
    if faults:
        raise InputError(faults)
    provides = tuple((kind, _name_of(found, kind)) for found, kind in _additions(module))
    return Extension(name=str(file), digest=digest, source=source, provides=provides)


def known_names(extensions: Sequence[Extension], kind: str) -> tuple[str, ...]:
    """Return the names of a kind that can be asked for: built in, of these extensions, or of classes imported here."""
    provided = (name for extension in extensions for known, name in extension.provides if known == kind)
    return tuple(dict.fromkeys((*BUILT_IN[kind], *provided, *_imported(kind))))


def class_of(extensions: Sequence[Extension], kind: str, name: str) -> type | None:
    """Return the class that bears a name: of these extensions, built in, or imported here; None without."""
    for extension in extensions:
        if (kind, name) in extension.provides:
            module = _module(Path(extension.name).name, extension.digest, extension.source)
            return next(found for found, known in _additions(module) if (known, _name_of(found, known)) == (kind, name))
    if name in BUILT_IN[kind]:
        importlib.import_module(BUILT_IN[kind][name])
    return _imported(kind).get(name)


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Let a failure in an extension's code say where in its file it happened.

    Args:
        what: was asked of the extension; stands before the failure.

    Raises:
        RunError: what failed, with FILE:LINE of the extension; failures elsewhere stay as they are.
    """
    try:
        yield
    except TandemError:
        raise
    except (Exception, SystemExit) as error:
        places = [f"{frame.f_globals[_FILE]}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)
                  if _FILE in frame.f_globals]  # fmt: skip
        if not places:
            raise
        msg = f"{what}: {places[-1]}: {type(error).__name__}: {error}"
        raise RunError(msg) from error


def origin(thing: object) -> str:
    """Return " of FILE" for an object whose class stands in an extension, "" for any other; for messages."""
    file = getattr(sys.modules.get(type(thing).__module__), _FILE, "")
    return f" of {file}" if file else ""


def _imported(kind: str) -> dict[str, type]:
    """Return the classes of a kind that this process knows without any extension, by name."""
    place, base, _ = KINDS[kind]
    waiting = [getattr(sys.modules[place], base)] if place in sys.modules else []
    found: dict[str, type] = {}
    while waiting:
        kinds = [one for one in waiting.pop().__subclasses__() if not one.__module__.startswith(MODULE_PREFIX)]
        waiting += kinds
        found.update((_name_of(one, kind), one) for one in kinds if _name_of(one, kind) and not inspect.isabstract(one))
    return found


def extension_faults(extensions: Sequence[Extension]) -> Iterator[Fault]:
    """Yield a fault for each name that two files add."""
    seen: dict[tuple[str, str], str] = {}
    for extension in extensions:
        file = Path(extension.name).name
        for kind, name in extension.provides:
            if (kind, name) in seen:
                yield Fault("extensions", f"{file}: the {kind} {name!r} is taken by {seen[kind, name]}")
            seen[kind, name] = file


def _module(file: str, digest: str, source: str) -> ModuleType:
    """Return the module of a source, run when it is first asked for in a process.

    Raises:
        InputError: if it cannot be compiled or run.
    """
    name = f"{MODULE_PREFIX}{digest[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    from model.kernels import keep_source

    return _run(name, file, keep_source(f"{digest[:24]}.py", source))  # a copy that no later edit reaches


def _run(name: str, file: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a name that ends in .py has a loader"
    assert spec.loader is not None, "a name that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    setattr(module, _FILE, file)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        where = f"{file}:{error.lineno}" if error.filename == str(path) and error.lineno else file
        raise InputError([Fault(where, f"is no Python: {error.msg}")]) from None
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"{file}:{lines[-1]}" if lines else file
        raise InputError([Fault(where, f"fails: {type(error).__name__}: {error}")]) from error
    return module


def _own_classes(module: ModuleType) -> list[type]:
    return [found for found in vars(module).values()
            if isinstance(found, type) and found.__module__ == module.__name__]  # fmt: skip


def _kind_of(found: type) -> str:
    """Return what a class adds, or ""."""
    bases = {(base.__module__, base.__qualname__) for base in found.__mro__[1:]}
    return next((kind for kind, (module, name, _) in KINDS.items() if (module, name) in bases), "")


def _additions(module: ModuleType) -> list[tuple[type, str]]:
    """Return (class, kind) of everything that a module adds: its classes that no other class of it refines."""
    own = _own_classes(module)
    leaves = [one for one in own if not any(one in other.__mro__[1:] for other in own)]
    return [(found, _kind_of(found)) for found in leaves if _kind_of(found)]


def _name_of(found: type, kind: str) -> str:
    return str(getattr(found, KINDS[kind][2], ""))


def _faults(module: ModuleType, file: str) -> Iterator[Fault]:
    """Yield what is wrong with what a module adds."""
    additions = _additions(module)
    if not additions:
        bases = ", ".join(f"{name} of {place}" for place, name, _ in KINDS.values())
        yield Fault(file, "adds nothing", f"needed: a class derived from {bases}")
    seen: set[tuple[str, str]] = set()
    for found, kind in additions:
        where, attribute = f"{file}:{_line(found)}", KINDS[kind][2]
        name = found.__dict__.get(attribute, getattr(found, attribute, ""))
        if inspect.isabstract(found):
            missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
            yield Fault(where, f"{found.__name__} does not say how to {missing}", "needed: a method of that name")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
            allowed = f'needed: {attribute} = "a-name", of small letters, digits, - and _'
            yield Fault(where, f"{found.__name__} bears no name that a scenario can write", allowed)
        elif name in BUILT_IN[kind]:
            yield Fault(where, f"{found.__name__}: the {kind} {name!r} is built in", "needed: a name of its own")
        elif (kind, name) in seen:
            yield Fault(where, f"{found.__name__}: the {kind} {name!r} is taken by another class of the file")
        seen.add((kind, str(name)))
        yield from _call_faults(found, kind, file)


def _call_faults(found: type, kind: str, file: str) -> Iterator[Fault]:
    """Yield a fault for each method of its own that cannot be called as that of the class it derives from is."""
    base = next(one for one in found.__mro__[1:] if (one.__module__, one.__qualname__) == KINDS[kind][:2])
    rules = [name for name, one in vars(base).items() if inspect.isfunction(one) or isinstance(one, classmethod)]
    for name in rules:
        own, needed = inspect.getattr_static(found, name), inspect.signature(getattr(base, name))
        if own is vars(base)[name] or (name.startswith("_") and name != "__init__"):
            continue
        method, allowed = getattr(found, name), f"needed: {name}({', '.join(needed.parameters)})"
        if not callable(method):
            yield Fault(f"{file}:{_line(found)}", f"{found.__name__}.{name} cannot be called", allowed)
        elif not _takes(method, len(needed.parameters) - isinstance(own, staticmethod)):
            what = f"{found.__name__}.{name}{inspect.signature(method)} cannot be called as the engine does"
            yield Fault(f"{file}:{_line(method)}", what, allowed)


def _takes(method: Callable[..., object], number: int) -> bool:
    """Tell whether so many arguments may be given by their places; True where nobody can know."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*[None] * number)
    except TypeError:
        return False
    return True


def _line(found: Any) -> int:
    try:
        return inspect.getsourcelines(found)[1]
    except (OSError, TypeError):
        return 1
