# Everything from nothing, on a machine with git, make and some Python 3.
#   make run     set up, run the reference study, compare its strategies, write the report into out/
#   make test    set up, run the whole test suite
# The other targets are listed by `make help`.

PYTHON ?= python3
UV ?= $(shell command -v uv || echo .tools/bin/uv)
BIN := .venv/bin
STUDY ?= steel-and-power
WORKERS ?= 2
MADE := .venv/.made
INSTALLED := .venv/.installed

export MPLBACKEND := Agg
# Trust the certificates of this machine, as pip does: a company network may have its own.
export UV_SYSTEM_CERTS := true
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install run test fmt lint types contracts validate bench rebaseline wheel check lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8,<1"

$(MADE): .python-version | $(UV)
	$(UV) venv --quiet --allow-existing --python 3.12 .venv
	@touch $@

# Always in this order: sync removes everything that the lock does not name, the editable install too.
$(INSTALLED): $(MADE) requirements.lock pyproject.toml | $(UV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

install: $(INSTALLED) ## set up .venv from requirements.lock; nothing to do the second time

run: install ## run the reference study, compare, and write the report into out/
	mkdir -p out
	$(BIN)/tandem run $(STUDY) --db out/tandem.db
	$(BIN)/tandem compare $(STUDY) --db out/tandem.db
	$(BIN)/tandem report $(STUDY) --db out/tandem.db --out out/$(STUDY).html

test: install ## run the whole test suite; kernels are compiled once, before the workers start
	@mkdir -p out && rm -f out/warm-up.db*
	$(BIN)/tandem run $(STUDY) --days 2 --replications 1 --strategies-only --workers 1 --quiet --db out/warm-up.db >out/warm-up.txt
	@rm -f out/warm-up.db* out/warm-up.txt
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --benchmark-disable

fmt: install ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: install ## ruff, and the format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy, strict, on the three packages
	$(BIN)/mypy

contracts: install ## who may import whom
	$(BIN)/lint-imports --no-logo

validate: install ## compare the engine with closed forms and published results
	$(BIN)/tandem validate --all

bench: install ## time the engine against the readable reference
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -p no:randomly -s

rebaseline: install ## write tests/regression/baseline.json anew: make rebaseline REASON="a line of CHANGELOG.md"
	@test -n "$(REASON)" || { echo 'say why numbers moved: make rebaseline REASON="..."' >&2; exit 2; }
	$(BIN)/python -m pytest tests/regression --rebaseline "$(REASON)"

wheel: install ## build the wheel from HEAD and use it in a clean environment
	UV=$(UV) PYTHON=$(BIN)/python bash tests/smoke.sh

check: lint contracts types wheel test ## all that continuous integration does

lock: $(MADE) ## resolve pyproject.toml into requirements.lock (exact versions and hashes, no addresses)
	$(UV) pip compile pyproject.toml --quiet --group dev --python-version 3.12 --generate-hashes --no-header \
		--no-annotate --output-file requirements.lock

clean: ## remove builds and caches; .venv and out/ stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find model scenarios analysis tests -name __pycache__ -type d -prune -exec rm -rf {} +
