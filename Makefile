# Targets that a person types carry "##" and a sentence: `make` prints them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= .vitte
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## print this help
	@echo "vitte: a Telegram companion bot in one supervised process"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run ## talk to the bot in your browser; starts all it needs, Ctrl-C ends it
	@$(BIN)/vitte dev --data $(DATA) $(ARGS)

test: $(VENV)/check ## run the tests on a real PostgreSQL, Valkey and local Telegram
	@$(BIN)/python -m pytest $(ARGS)

check: format-check lint types layers test ## everything that must pass before a commit lands

check-operations: $(VENV)/operations ## rehearse on a booted Debian: install, kill, block, upgrade, restore (root)
	@VITTE_OPERATIONS=yes $(BIN)/python -m pytest -s -rs tests/operations $(ARGS)

dashboards: $(VENV)/check ## make Grafana's dashboards anew from vitte/metrics.py
	@$(BIN)/python config/grafana/make_dashboards.py

format: $(VENV)/check ## lay the code out
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet . || true

format-check: $(VENV)/check
	@$(BIN)/ruff format --check --quiet . || { echo "make format lays it out"; exit 1; }

lint: $(VENV)/check ## look for mistakes and for breaks of style
	@$(BIN)/ruff check .

types: $(VENV)/check ## check every type, strictly
	@$(BIN)/basedpyright --warnings

layers: $(VENV)/check ## check that imports go down the house
	@$(BIN)/lint-imports --no-logo

# A benchmark measures the stack that vitte replaces as well where REPLACED names its folder.
BESIDE = $(REPLACED:%=--replaced %)
ifdef REPLACED
bench bench-bot bench-api bench-cron: .venv-replaced/ready
endif

.venv-replaced/ready: $(REPLACED:%=%/requirements.txt)
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing what $(REPLACED) needs into $(@D) ..."
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: $(VENV)/check ## measure cold start and memory
	@$(BIN)/python benchmarks/start.py $(BESIDE) $(ARGS)

bench-runtime: $(VENV)/check ## measure the runtime beside its peers
	@$(BIN)/python benchmarks/runtime.py $(ARGS)
	@$(BIN)/python benchmarks/runtime_counted.py

bench-bot: $(VENV)/check ## measure the bot with a crowd in the local Telegram
	@$(BIN)/python benchmarks/bot.py $(BESIDE) $(ARGS)

bench-cache: $(VENV)/check ## measure the cache and the limiter, each way of asking apart
	@$(BIN)/python benchmarks/cache.py $(ARGS)

bench-edge: $(VENV)/check ## measure what going through aiogram costs
	@$(BIN)/python benchmarks/edge.py $(ARGS)

bench-cron: $(VENV)/check ## measure the jobs on many messages, and beside Celery
	@$(BIN)/python benchmarks/cron.py $(if $(REPLACED),--celery $(CURDIR)/.venv-replaced/bin/python) $(ARGS)

bench-api: $(VENV)/check ## measure the REST API beside bare aiohttp (needs wrk)
	@$(BIN)/python benchmarks/api.py $(BESIDE) $(ARGS)

test-faults: $(VENV)/check ## kill, hang and fill everything; ARGS="--times 10" does it ten times in a row
	@$(BIN)/python -m tests.faults $(ARGS)

test-api: $(VENV)/check ## try the REST API with requests made up from its own description
	@$(BIN)/python -m tests.http.api.made_up $(ARGS)

wheel: $(VENV)/check ## build the wheel into dist/
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --out-dir dist

COMPILE_GROUP = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --constraint locks/check.txt
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url

lock: $(VENV)/check ## resolve the dependencies anew and write locks/
	@$(COMPILE) $(LOCK) --extra embedded --extra sentry --group build --group test --group check -o locks/check.txt
	@$(COMPILE) --constraint locks/check.txt --extra embedded --group build -o locks/run.txt
	@$(COMPILE) --constraint locks/check.txt --extra sentry -o locks/sentry.txt
	@$(COMPILE) --constraint locks/check.txt -o locks/production.txt
	@$(COMPILE_GROUP) --group build -o locks/build.txt
	@$(COMPILE_GROUP) --group operations -o locks/operations.txt

.PHONY: axe
axe: tests/axe/node_modules ## fetch what looks for barriers in the panel's pages (needs npm)

tests/axe/node_modules: tests/axe/package-lock.json
	@npm ci --prefix tests/axe --silent --no-audit --no-fund && touch $@

clean: ## remove what was built and installed; the data folder stays
	@rm -rf $(VENV) .venv-replaced dist tests/axe/node_modules .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# An environment is as new as its lock. `run` holds what running needs, `check` all the rest as well.
$(VENV)/run: locks/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("vitte needs Python 3.11 or newer; say which: make run PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what vitte needs into $(VENV) (the first time takes up to a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/check: $(VENV)/run locks/check.txt
	@echo "Installing the tools of the tests into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/check.txt
	@touch $@

# Only the rehearsal needs these.
$(VENV)/operations: $(VENV)/check locks/operations.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/operations.txt
	@touch $@

.PHONY: check-operations dashboards
.PHONY: help run test test-faults test-api bench-api check format format-check lint types layers bench bench-runtime bench-cache bench-bot bench-cron bench-edge wheel lock clean
