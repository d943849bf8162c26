# Every command that a person or CI runs, in one place. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
LINE_5_6 := .venv-celery-5.6
TOOLS := .venv-tools
PYTEST_ARGS ?=
# One for each core: with more, servers and workers are too slow for what the tests allow them.
TEST_PROCESSES ?= auto

.PHONY: help run bench bench-load test test-unit test-scenarios test-celery-5.6 test-compose lint format docs schema lock clean
.PHONY: broker kill_workers docker_compose_start docker_compose_stop docker_compose_clean flower

help:  ## list the targets
	@grep -E '^[a-z0-9_.-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-30s %s\n", $$1, $$2}'

# $(call locked,VENV,LOCK): a virtual environment with exactly what is locked.
define locked
	@test -n "$(PYTHON)" || { echo "Python >= 3.11 is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(1) || { echo "this Python has no venv module: install it (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "installing the locked dependencies into $(1) ..."
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
endef

# $(call install,VENV,LOCK): the same, and this project.
define install
	$(call locked,$(1),$(2))
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(1)/.ready
endef

$(READY): constraints.txt pyproject.toml
	$(call install,$(VENV),constraints.txt)

$(LINE_5_6)/.ready: constraints-celery-5.6.txt pyproject.toml
	$(call install,$(LINE_5_6),constraints-celery-5.6.txt)

$(TOOLS)/.ready: constraints-tools.txt
	$(call locked,$(TOOLS),constraints-tools.txt)
	@touch $@

run: $(READY)  ## set up, then run scenarios/mixed.yaml on the embedded broker
	$(PY) -m orchestrator run scenarios/mixed.yaml

test: $(READY) $(TOOLS)/.ready  ## set up, then run the whole test suite
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist worksteal $(PYTEST_ARGS)

test-unit: $(READY)  ## only the fast tests
	$(PY) -m pytest -n auto tests/unit $(PYTEST_ARGS)

test-celery-5.6: $(READY) $(LINE_5_6)/.ready  ## the client and two scenarios on Celery 5.6
	scripts/test-celery-line $(LINE_5_6)/bin/python $(PY)

test-scenarios: $(READY)  ## the load tests of scenarios/ci, as CI runs them
	$(PY) -m orchestrator run scenarios/ci/*.yaml

bench: $(READY)  ## measure the client against stock Celery; exit 1 when a row misses its floor
	$(PY) -m benchmarks

bench-load: $(READY)  ## how far the laboratory itself goes: its rate, a million tasks, live view, report
	$(PY) -m benchmarks.load_run --rate 2000
	$(PY) -m benchmarks.load_run --tasks 1000000
	$(PY) -m benchmarks.open_report
	$(PY) -m benchmarks.live_cost

# ---- the tutorial (docs/tutorial.md): one worker for each queue, one client for each task ----

WORKERS := .workers

# $(call worker,MODULE,NODE,QUEUE): in the foreground; its process id stands in .workers/ for kill_workers.
define worker
	@mkdir -p $(WORKERS)
	$(VENV)/bin/celery -A tasks.$(1) worker -l info -n $(2)@%h -Q $(3) --pidfile=$(WORKERS)/$(2).pid
endef

broker: $(READY)  ## the tutorial: a Redis on port 6379 of this machine
	$(PY) -m orchestrator broker --port 6379

celery_start_add_worker: $(READY)  ## the tutorial: the worker of the queue add
	$(call worker,add_module,worker-add,add)

celery_start_factorial_worker: $(READY)  ## the tutorial: the worker of the queue factorial
	$(call worker,factorial_module,worker-factorial,factorial)

celery_start_mat_mul_worker: $(READY)  ## the tutorial: the worker of the queue mat_mul
	$(call worker,mat_mul_module,worker-mat-mul,mat_mul)

test_add_task: $(READY)  ## the tutorial: send 4 + 6, print the sum
	$(PY) -m tasks.call_add_task

test_factorial_task: $(READY)  ## the tutorial: send 20000!, print it
	$(PY) -m tasks.call_factorial_task

test_mat_mul_task: $(READY)  ## the tutorial: send a product of 20 x 20 matrices, print it
	$(PY) -m tasks.call_mat_mul_task

kill_workers:  ## the tutorial: end the three workers, and no others
	@scripts/kill-workers $(WORKERS)

# ---- beside the workers ----

# On this machine only: whoever reaches it sees the tasks and their arguments.
flower: export CELERY_BROKER_URL ?= redis://127.0.0.1:6390/0
flower: $(TOOLS)/.ready  ## Flower, at http://127.0.0.1:5555, shows the workers of `honcho start`
	$(TOOLS)/bin/celery flower --address=127.0.0.1 --read-only

# ---- the tutorial in containers (docs/deploy.md); needs Docker and Compose, and no Python here ----

docker_compose_start:  ## the tutorial in containers: build, start, show what the callers and the load test print
	@scripts/compose-start

docker_compose_stop:  ## the tutorial in containers: stop them; what is queued and kept stays
	@scripts/compose --profile rabbitmq stop

docker_compose_clean:  ## the tutorial in containers: remove containers, network, volumes and the two images
	@scripts/compose-clean

test-compose: $(READY)  ## the containers for real, as a test; skipped with its reason where there can be no Docker
	COMPOSE_TEST=1 $(PY) -m pytest -v tests/deploy $(PYTEST_ARGS)

lint: $(READY)  ## ruff, mypy --strict, import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(READY)  ## let ruff put the code in shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: $(READY)  ## build the documentation as a site: build/docs/index.html
	$(PY) -m sphinx --quiet --fresh-env --fail-on-warning --keep-going docs build/docs
	@echo build/docs/index.html

schema: $(READY)  ## write schema/*.schema.json again
	$(PY) -m orchestrator schema > schema/scenario.schema.json
	$(PY) -m orchestrator schema --summary > schema/summary.schema.json

lock:  ## resolve the dependencies again (needs uv)
	scripts/lock --upgrade

clean:  ## remove what make and the runs left
	rm -rf $(VENV) $(LINE_5_6) $(TOOLS) $(WORKERS) build runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
