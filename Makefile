# golive: every command a developer or an operator needs, one line each.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGES := monitor collectors dashboards runbooks

.PHONY: help setup develop packages demo test check bench chaos dashboards schemas fmt lock wheel clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/setup.stamp ## make .venv from the hashed pins and install golive into it, with all extras

develop: $(VENV)/develop.stamp ## the same, with the tools that tests and checks need

packages: ## install the Debian packages the tests need, without starting their services (root or sudo)
	@tests/rig/packages.sh tests/rig/packages.txt

demo: setup ## a simulated cutover in the terminal: it goes wrong, you approve the rollback
	@$(BIN)/golive demo $(ARGS)

test: develop packages ## every test, against the real programs, two at a time
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: develop ## formatting, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: develop packages ## measure speed and memory against named references
	@$(BIN)/python -m tests.bench $(ARGS)

dashboards: develop ## write the JSON of the Grafana dashboards anew
	@$(BIN)/python -m dashboards.grafana

schemas: develop ## publish the JSON schemas of what --json prints anew
	@for name in $$($(BIN)/golive schema | cut -d' ' -f1); do $(BIN)/golive schema $$name > monitor/serving/schema/$$name.json; done

chaos: develop packages ## kill, stop, starve and attack rollbacks for eight minutes; the last line counts broken promises
	@$(BIN)/python -m tests.chaos $(ARGS)

fmt: develop ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## compile the hashed pins again from pyproject.toml (needs uv)
	@for group in setup:requirements.lock dev:requirements-dev.lock; do uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --all-extras --no-header --no-annotate --group $${group%%:*} -o $${group##*:}; done

.PHONY: lossless
lossless: develop packages ## 20,000 messages, broker restarts, monitor kills: nothing lost, nothing double
	@$(BIN)/python -m tests.chaos.lossless $(ARGS)

wheel: develop ## build the wheel into dist/
	@$(BIN)/hatchling build -t wheel

clean: ## remove what make made
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@tests/rig/venv.sh $(PYTHON) $(VENV)

$(VENV)/setup.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/develop.stamp: requirements-dev.lock $(VENV)/setup.stamp
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
