# Every command that a person or CI runs, in one place. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST_ARGS ?=

.PHONY: help run test test-unit lint format schema lock clean

help:  ## list the targets
	@grep -E '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python >= 3.11 is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "this Python has no venv module: install it (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY)  ## set up, then run scenarios/mixed.yaml on the embedded broker
	$(PY) -m orchestrator run scenarios/mixed.yaml

test: $(READY)  ## set up, then run the whole test suite
	$(PY) -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

test-unit: $(READY)  ## only the fast tests
	$(PY) -m pytest -n auto tests/unit $(PYTEST_ARGS)

lint: $(READY)  ## ruff, mypy --strict, import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(READY)  ## let ruff put the code in shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

schema: $(READY)  ## write schema/scenario.schema.json again
	$(PY) -m orchestrator schema > schema/scenario.schema.json

lock:  ## resolve the dependencies again (needs uv)
	scripts/lock --upgrade

clean:  ## remove what make and the runs left
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
