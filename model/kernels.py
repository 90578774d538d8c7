"""The one decorator for compiled rules, and the cache that never returns an old answer.

numba's on-disk cache notices an edit of a kernel's own file only, so a kernel that
inlines another file's function would go on returning the old result. The cache folder is
therefore named by a hash over every source file of this package.
"""

import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba

KEPT_CACHES = 4
"""How many cache folders of other source versions stay on disk."""

COMPLETE = "complete"
"""Name of the file that says so in a finished cache folder."""


def source_hash() -> str:
    """Return the sha256 (hex) over the names and contents of all Python sources of `model`."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache_home() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tandem" / "kernels"


def _writable(home: Path) -> Path:
    """Return the cache's home, or one below the system's temporary folder where that cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError:
        return Path(tempfile.gettempdir()) / f"tandem-kernels-{os.getuid()}"


@functools.cache
def _cache_folder() -> Path:
    """Return the folder for this version of the sources, and drop the oldest of the others."""
    folder = _writable(_cache_home()) / source_hash()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    others = sorted((p for p in folder.parent.iterdir() if p != folder), key=lambda p: p.stat().st_mtime)
    for stale in others[:-KEPT_CACHES]:
        shutil.rmtree(stale, ignore_errors=True)
    return folder


def keep_source(name: str, text: str) -> Path:
    """Return a file in the cache that holds a source text under a name; kernels in it are cached like all others."""
    path = _cache_folder() / "sources" / name
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return path
    path.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(path)
    return path


numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile `function` with numba: cached, without the GIL, with IEEE division, never fastmath."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def is_cached() -> bool:
    """Tell whether all kernels that a study needs were compiled to disk for this source version."""
    return (_cache_folder() / COMPLETE).exists()


def mark_cached() -> None:
    """Note that a study's kernels lie on disk; a compilation that was cut short leaves no such note."""
    (_cache_folder() / COMPLETE).touch()
