#!/usr/bin/env bash
# Build the wheel from the committed files alone, install it with its declared dependencies (at the
# versions of the lock) into a clean environment, and use it from another folder.
# Environment: UV (the uv program) and PYTHON (a Python that has `build` and setuptools).
set -euo pipefail

repository=$(git rev-parse --show-toplevel)
uv=$(command -v "${UV:-uv}")
python=$repository/${PYTHON:-.venv/bin/python}
[[ $uv == /* ]] || uv=$repository/$uv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset VIRTUAL_ENV PYTHONPATH

mkdir "$work/source" "$work/elsewhere"
git -C "$repository" archive HEAD | tar -x -C "$work/source"
"$python" -m build --wheel --no-isolation --outdir "$work/dist" "$work/source" >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; exit 1; }

"$uv" venv --quiet --python 3.12 "$work/venv"
"$uv" pip install --quiet --python "$work/venv/bin/python" --constraint "$repository/requirements.lock" "$work"/dist/*.whl

cd "$work/elsewhere"
tandem=$work/venv/bin/tandem
"$tandem" --help
"$tandem" list --json
"$tandem" run steel-and-power --days 7 --replications 2 --no-break-even --workers 1 --db tandem.db --json >run.json
"$tandem" compare steel-and-power --db tandem.db --json >compare.json
"$tandem" report steel-and-power --db tandem.db --out report.html
[[ -s run.json && -s compare.json && -s report.html ]]
echo "wheel: built, installed and used outside the repository"
