# `make help` lists what can be done here.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/installed
PEERS := var/peers/installed
FRONT_END := node_modules/.package-lock.json
SOURCES := $(wildcard locale/*/LC_MESSAGES/*.po)
CATALOGUES := $(SOURCES:.po=.mo)
TEMPLATES := templates
CODE := manage.py conftest.py cxapp insights campaigns promotions recommendations feedback orders customers catalog core merchants tests bench

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install test lint format types checks bench bench-promotions bench-recommendations messages shell reset

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-23s %s\n", $$1, $$2 }' Makefile

run: install ## install, start everything, print address and logins; Ctrl-C stops it (PORT=8000)
	@exec $(BIN)/python -m cxapp.launch

install: $(PACKAGES) $(FRONT_END) $(CATALOGUES) ## packages, front-end packages, translations

test: install ## all tests; Chromium is installed when root runs this
	@.ci/chromium
	$(BIN)/pytest -n logical

lint: $(PACKAGES) types ## style, static types, the import stack
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports

format: $(PACKAGES) ## put code and templates into the agreed format
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)
	$(BIN)/djangofmt --indent-width 2 $(TEMPLATES)

types: $(PACKAGES) ## static types alone
	$(BIN)/mypy

checks: install ## settings and migrations are complete
	$(BIN)/python -m cxapp.embedded --var var/checks exec --fast -- sh -c '\
		$(BIN)/python manage.py check --fail-level WARNING && $(BIN)/python manage.py makemigrations --check --dry-run'

bench: install ## measure against the bars of the specification
	$(BIN)/python -m cxapp.embedded --var var/bench exec -- $(BIN)/python -m bench

bench-promotions: install $(PEERS) ## measure decisions on carts, beside django-oscar and through the API, making codes, replays and checks
	$(BIN)/python -m cxapp.embedded --var var/bench exec -- $(BIN)/python -m bench promotions offers redemptions replays

bench-recommendations: install ## measure recommendations: quality on real orders, training, answers
	$(BIN)/python -m cxapp.embedded --var var/bench exec -- $(BIN)/python -m bench recommendations

messages: $(PACKAGES) ## bring the translation catalogues up to date with the sources
	@$(BIN)/python manage.py messages

shell: install ## Python with Django, on the data of `make run`
	@$(BIN)/python -m cxapp.embedded exec -- $(BIN)/python manage.py shell

reset: $(PACKAGES) ## delete the data of `make run` and start over
	@$(BIN)/python -m cxapp.reset

# uv is fast; an index that only pip is configured for is reached by pip. Both check every hash of the lock.
$(PACKAGES): requirements.lock
	@echo "▸ Python packages"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed, $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) \
		|| { echo "error: $(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements.lock \
		|| { echo "  uv could not; trying pip"; $(BIN)/pip install --require-hashes --requirement requirements.lock; }
	@touch $@

# What benches compare with, apart from what the product needs.
$(PEERS): bench/peers.lock | $(PACKAGES)
	@echo "▸ Packages to compare with"
	@test -x var/peers/bin/pip || $(PYTHON) -m venv var/peers
	@$(BIN)/uv pip sync --quiet --python var/peers/bin/python --require-hashes bench/peers.lock \
		|| { echo "  uv could not; trying pip"; var/peers/bin/pip install --quiet --require-hashes --requirement bench/peers.lock; }
	@touch $@

$(FRONT_END): package.json package-lock.json
	@echo "▸ Front-end packages"
	@command -v npm > /dev/null || { echo "error: npm is missing. Node 20 or newer brings it."; exit 1; }
	@npm ci --no-audit --no-fund
	@touch $@

%.mo: %.po | $(PACKAGES)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@ --locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<)))
