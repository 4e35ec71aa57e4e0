# Accord. `make help` lists what there is.
#
#   make run  PORT=9000     serve on another port
#   make run  DEBUG=1       reload when code changes
#   make test ARGS="-k bloc"  hand options to pytest
#   make ...  PYTHON=python3.12   use this Python for .venv

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help have-python setup setup-dev run test lint format lock clean

PY := .venv/bin/python
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --quiet
BOOTSTRAP = $(or $(PYTHON),python3) -I config/bootstrap.py

help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

have-python:
	@command -v $(or $(PYTHON),python3) >/dev/null 2>&1 || { \
	  echo "accord: $(or $(PYTHON),python3) is not on the PATH. Install Python 3.11 or newer" \
	       "(Debian, Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1; }

setup: have-python ## make .venv, node_modules and .env
	@PYTHON="$(PYTHON)" $(BOOTSTRAP) run

setup-dev: have-python
	@PYTHON="$(PYTHON)" $(BOOTSTRAP) dev

run: setup ## set up, load the seed records and serve on http://localhost:8000 (PORT=...)
	@exec $(PY) -m config.serve

test: setup-dev ## every test, on SQLite and then on PostgreSQL (ARGS="..." for pytest)
	@$(PY) -m tests.servers --both -- -n auto $(ARGS)

lint: setup-dev ## ruff (rules, format) and mypy (types)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: setup-dev ## let ruff mend what it can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: ## make the lock files anew after a change of pyproject.toml or package.json (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo "accord: uv is needed: pip install uv" >&2; exit 1; }
	uv pip compile pyproject.toml -o requirements.txt $(LOCK) $(UPGRADE)
	uv pip compile pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt $(LOCK) $(UPGRADE)
	npm install --package-lock-only --ignore-scripts

clean: ## remove what setup and runs made, the local database included (.env stays)
	rm -rf .venv node_modules var .ruff_cache .mypy_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
