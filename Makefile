# make up     the whole product on this machine (installs what it needs into .venv first)
# make test   every check and test; starts its own servers on free ports

# The newest Python that suits, and that really runs: a name on the PATH may be a shim for nothing.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	if $$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$name; break; fi; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --no-emit-index-url --generate-hashes \
	--no-header --quiet
PYTEST_ARGS ?= -n 2

.PHONY: up test lint format lock clean
.DEFAULT_GOAL := up

up: .venv/local.stamp
	@exec $(BIN)/ravand up

test: .venv/dev.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/ravand schema --check
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/dev.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/dev.stamp
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# UPGRADE=--upgrade takes the newest versions instead of keeping those that still suit.
lock: .venv/dev.stamp
	@$(COMPILE) $(UPGRADE) --output-file requirements/base.lock
	@$(COMPILE) $(UPGRADE) --extra local --output-file requirements/local.lock
	@$(COMPILE) $(UPGRADE) --extra local --extra dev --output-file requirements/dev.lock

# The data home (RAVAND_HOME, ~/.ravand) is not touched.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Ravand needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Creating .venv with $(PYTHON) …"
	@$(PYTHON) -m venv .venv

# A stamp is older than its lock when the lock has changed since; dev.lock holds all of local.lock.
.venv/local.stamp .venv/dev.stamp: .venv/%.stamp: requirements/%.lock pyproject.toml | .venv/bin/python
	@echo "Installing $< …"
	@$(PIP) install --require-hashes --requirement $<
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@
