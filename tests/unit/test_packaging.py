"""Nobody else owns our import names; the lock and the committed files hold what they may hold."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("model", "scenarios", "analysis")
MAX_BYTES = 1_000_000
# Registry hosts, then paths of one machine; spelt so that this file does not hold them.
FORBIDDEN = re.compile(
    rb"p[y]pi\.org|python[h]osted\.org|registry\.np[m]js|np[m]js\.(org|com)|deb\.deb[i]an\.org|static\.crates\.[i]o"
    rb"|/(w[o]rk|f[a]rm|r[o]ot|h[o]me/[a-z]+)/"
)


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lines if line[:1].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in pins}


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of committed files")
    names = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", PACKAGES)
def test_nobody_else_owns_our_import_names(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"tandem-sim"}


@pytest.mark.parametrize("name", PACKAGES)
def test_no_test_folder_shadows_a_package(name: str) -> None:
    assert not (ROOT / "tests" / name).exists()


def test_lock_holds_exact_versions_with_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [
        entry for entry in entries if not re.match(r"[\w.\[\]-]+==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", entry)
    ] == []


def test_lock_satisfies_every_declared_dependency() -> None:
    declared = pyproject()
    project, groups = declared["project"], declared["dependency-groups"]
    assert isinstance(project, dict)
    assert isinstance(groups, dict)
    pins = locked()
    wanted = [Requirement(text) for text in (*project["dependencies"], *groups["dev"])]
    unmet = []
    for want in wanted:
        pin = pins.get(canonicalize_name(want.name))
        if pin is None or not want.specifier.contains(str(pin.specifier).removeprefix("==")):
            unmet.append(str(want))
    assert unmet == []


def test_changelog_has_a_section_for_this_version() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    current = [section for section in sections if section.split()[0] == project["version"]]
    assert len(current) == 1
    assert re.findall(r"^### (.+)$", current[0], flags=re.MULTILINE) == ["Results change", "User-facing", "Internal"]


def test_committed_files_name_no_registry_and_no_path_of_a_machine(committed: list[Path]) -> None:
    hits = {path: FORBIDDEN.search(path.read_bytes()) for path in committed}
    assert {str(path.relative_to(ROOT)): hit.group() for path, hit in hits.items() if hit} == {}


def test_committed_files_are_small(committed: list[Path]) -> None:
    assert [str(path.relative_to(ROOT)) for path in committed if path.stat().st_size > MAX_BYTES] == []


def test_everything_a_package_reads_is_in_the_wheel(committed: list[Path]) -> None:
    """A data file that no pattern of package-data matches would be missing after installation."""
    tool = pyproject()["tool"]
    assert isinstance(tool, dict)
    data = tool["setuptools"]["package-data"]
    missing = []
    for name in PACKAGES:
        folder = ROOT / name
        packed = {path for pattern in (*data["*"], *data.get(name, [])) for path in folder.glob(pattern)}
        ours = [path for path in committed if path.is_relative_to(folder)]
        missing += [path for path in ours if path not in packed and not _is_module(path)]
    assert [str(path.relative_to(ROOT)) for path in missing] == []


def _is_module(path: Path) -> bool:
    """Return whether setuptools packs `path` as a module: it lies in a chain of regular packages."""
    folders = [folder for folder in path.parents if folder.is_relative_to(ROOT) and folder != ROOT]
    return path.suffix == ".py" and all((folder / "__init__.py").is_file() for folder in folders)
