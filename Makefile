# SPDX-License-Identifier: GPL-3.0-or-later
# make demo   two gateways and two small registries exchange a document on this machine
# make story  the rules of a records office, each as a short scene of two gateways
# make test   everything is set up and tested, but for what takes minutes
# make thorough  the tests that take minutes: every step of the pages, a kill at every failpoint, a real browser
# make engines  the laws of EDMS adapters on PostgreSQL and MariaDB too (about 5 minutes)
# make live-mayan  the same laws on a Mayan EDMS that it fetches and sets up (half a gigabyte; about 7 minutes)
# make check  style, types, floors
# make faults  a storm of 120 000 letters with random faults, fuzzing, and the long fault tests (about an hour)
# make bundle  one archive in dist/ with all wheels, for networks without a package index
# make deb    a Debian package in dist/, with an environment of its own
# make bench  measures speed and memory, beside Postfix (about 5 minutes; sudo for Postfix)
# Needs Python 3.11 or newer with venv; everything else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NEEDED := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: demo story test thorough engines live-mayan faults compiled check bench bundle deb clean
.DELETE_ON_ERROR:

demo: .venv/installed
	@$(BIN)/edms-gateway demo

story: .venv/installed
	@$(BIN)/edms-gateway demo --rules

test: .venv/installed compiled
	@bash tests/install_servers.sh
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

thorough: .venv/browser compiled
	@bash tests/install_servers.sh
	@bash tests/install_servers.sh browser
	@GATEWAY_TESTS=thorough $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m thorough

engines: .venv/installed compiled
	@bash tests/install_servers.sh
	@GATEWAY_ENGINES=all $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -k "postgresql or mariadb" tests/edms_adapter

live-mayan: .venv/installed compiled
	@bash tests/install_servers.sh mayan
	@GATEWAY_LIVE=mayan $(BIN)/python -m pytest -n 2 --dist loadfile tests/live

faults: .venv/installed compiled
	@bash tests/install_servers.sh
	@$(BIN)/python -m tests.faults $(FAULTS)

# the tests start some hundred processes of the gateway: none should translate it again
compiled: .venv/installed
	@$(BIN)/python -m compileall -q gateway tests

check: .venv/checkers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_floors.py

bench: .venv/installed
	@$(BIN)/python -m bench

bundle: .venv/installed
	@release/bundle.sh $(BIN)/python dist

deb: .venv/installed
	@release/deb.sh $(BIN)/python dist

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: constraints.txt pyproject.toml setup.py
	@$(PYTHON) -c '$(NEEDED)' 2>/dev/null || { \
	  echo "Python 3.11 or newer with venv is needed; on Debian and Ubuntu:  apt-get install python3 python3-venv" >&2; \
	  echo "or name one:  make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install -c constraints.txt setuptools
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[postgres,mysql,web,oauth,av,test]'
	@touch $@

.venv/browser: .venv/installed
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[postgres,mysql,web,test,browser]'
	@touch $@

.venv/checkers: .venv/installed
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[postgres,mysql,web,oauth,av,test,dev]'
	@touch $@
