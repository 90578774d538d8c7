"""Where a result comes from: resolved inputs, source and data versions, packages, git, machine.

A run is identified by (hash of its resolved inputs, version of the model, seed, replication).
Two runs with the same identity have the same result, so the second is answered from the store.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.inputs import ModelInputs, as_tree

PACKAGES = ("tandem-sim", "mesa", "numpy", "scipy", "numba", "llvmlite", "networkx", "pandas", "sqlalchemy")
"""Distributions whose version is recorded with every execution."""
STREAMS_NOTE = (
    "Philox4x32-10; key = blake2b-64 of seed|replication|stream; counter = (hash of entity, day, slot); "
    "the strategy enters no key"
)
"""How the random numbers of a run follow from its seed and replication (model.streams)."""
VECTORS = ("sse4.2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "neon", "sve", "sve2")
"""Instruction sets by which numpy and compiled kernels choose how they add up: their last bits depend on them."""
_GIT_TIMEOUT_S = 10


@dataclasses.dataclass(frozen=True)
class Execution:
    """Software and machine of one call of `tandem run`.

    Attributes:
        code_version: version of the distribution.
        model_version: sha256 over the sources and data tables of `model`.
        git_commit: commit of the checkout, or None outside one.
        git_dirty: whether the checkout had uncommitted changes, or None outside one.
        packages: distribution -> version.
        machine: operating system, processor family and type, its vector instructions, C library, Python version,
            number of processors.
    """

    code_version: str
    model_version: str
    git_commit: str | None
    git_dirty: bool | None
    packages: Mapping[str, str]
    machine: Mapping[str, str]


def canonical_json(tree: Any) -> str:
    """Return JSON that is equal for equal trees: sorted keys, no spaces, shortest exact numbers."""
    return json.dumps(_plain(tree), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=True)


def sha256(text: str | bytes) -> str:
    """Return the hexadecimal sha256 of a text (UTF-8) or bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def inputs_json(inputs: ModelInputs) -> str:
    """Return the canonical JSON of resolved inputs.

    The case's `name` is a label without influence on any result and is left out. A table that
    is a file of the user's is named together with the sha256 of its content.
    """
    tree = as_tree(inputs)
    tree.pop("name", None)
    tree["user_files"] = user_files(tree)
    return canonical_json(tree)


def user_files(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return the sha256 of every table in a tree of inputs that is a file of the user's: path -> sha256."""
    return {name: sha256(Path(name).read_bytes()) for name in _user_files(tree)}


def inputs_hash(inputs: ModelInputs) -> str:
    """Return the sha256 of `inputs_json`."""
    return sha256(inputs_json(inputs))


@functools.cache
def model_version() -> str:
    """Return the sha256 over the sources and the data tables of `model`."""
    from model.kernels import source_hash

    digest = hashlib.sha256(source_hash().encode())
    folder = files("model").joinpath("data")
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.is_file():
            digest.update(entry.name.encode())
            digest.update(entry.read_bytes())
    return digest.hexdigest()


def execution() -> Execution:
    """Return the software and machine of this process; git is used if there, never required."""
    commit, dirty = _git_state(Path(__file__).resolve().parent.parent)
    packages = {name: _version(name) for name in PACKAGES}
    return Execution(packages["tandem-sim"], model_version(), commit, dirty, packages, machine())


def machine() -> dict[str, str]:
    """Return what of a machine can change the last bits of a result, and its number of processors."""
    from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

    present = get_host_cpu_features()
    return {
        "system": platform.system(), "processor": platform.machine(), "cpu": get_host_cpu_name(),
        "vectors": " ".join(name for name in VECTORS if present.get(name)),
        "libc": " ".join(platform.libc_ver()).strip(),
        "python": platform.python_version(), "processors": str(os.cpu_count() or 1),
    }  # fmt: skip


def result_hash(metrics: Mapping[tuple[str, str], float], transfers: Iterable[tuple[str, str, str, float]]) -> str:
    """Return the sha256 over every bit of the metrics and transfers of a run, independent of their order."""
    digest = hashlib.sha256()
    for key in sorted(metrics):
        digest.update("|".join((*key, float(metrics[key]).hex(), "")).encode())
    for payer, payee, kind, value in sorted(transfers):
        digest.update("|".join((payer, payee, kind, float(value).hex(), "")).encode())
    return digest.hexdigest()


def series_hash(hourly: Mapping[str, NDArray[np.float64]]) -> str:
    """Return the sha256 over every bit of the hourly series of a run, independent of their order."""
    digest = hashlib.sha256()
    for name in sorted(hourly):
        digest.update(f"{name}|{hourly[name].shape}|".encode())
        digest.update(np.ascontiguousarray(hourly[name], dtype="<f8").tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Return `value` with whole floats and ints told apart only where they differ in value."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return int(value)
    return value


def _user_files(tree: Any) -> list[str]:
    """Return the values of all `..._table` parameters that are files on disk, sorted."""
    found: set[str] = set()
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if str(key).endswith("_table") and isinstance(value, str):
                if Path(value).is_file():
                    found.add(value)
            else:
                found.update(_user_files(value))
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            found.update(_user_files(item))
    return sorted(found)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Return (commit, dirty) when `folder` itself is a checkout; an installed package is not."""
    if not (folder / ".git").exists():
        return None, None
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return (commit, None if status is None else bool(status))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
