# Concord: `make serve` to use it, `make test` to check it. Every target can be run again after a failure.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := $(shell find indexer -name '*.py' -o -name '*.toml' -o -name '*.txt') $(wildcard seeds/*)

.PHONY: help install index serve test lint audit bench quality cluster cluster-stop translations constraints clean
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

install: $(INSTALLED)  ## create .venv and install the locked dependencies

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Concord needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' \
		|| { echo "Installing the dependencies failed; the reason stands above (network, or disk space: about 2 GB are needed). Run make again when it is mended." >&2; exit 1; }
	@touch $@

index: index/current  ## build index/ from seeds/ if it is missing or stale

index/current: $(INSTALLED) $(SOURCES)
	$(BIN)/concord index seeds --index index
	@touch $@

serve: index/current  ## serve the search page at http://127.0.0.1:8000 (PORT=... for another)
	$(BIN)/concord serve --index index --port $(PORT)

test: $(INSTALLED)  ## run all tests
	$(BIN)/python -m pytest

# B405: XML is written here, never parsed
lint: $(INSTALLED)  ## check style, types and what is known to be unsafe
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --skip B405 --recursive concord.py evaluation indexer searchapp

audit: $(INSTALLED)  ## ask the package index for known vulnerabilities of the dependencies
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[audit]'
	$(BIN)/pip-audit --local

bench: $(INSTALLED)  ## measure speed and memory, print it and write docs/performance.md
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m bench service --write docs/performance.md
	$(BIN)/python -m bench runtimes --write docs/performance.md

quality: $(INSTALLED)  ## print what search must reach and whether it does
	$(BIN)/python -m bench quality

cluster: $(INSTALLED)  ## start a cluster of PostgreSQL servers in build/cluster, and print how to use it
	$(BIN)/python -m cluster start

cluster-stop: $(INSTALLED)  ## stop that cluster
	$(BIN)/python -m cluster stop

translations: $(INSTALLED)  ## bring the pages' catalogs up to date with the code, and compile them
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k translated -k translated_number:1,2 --no-location -o build/messages.pot .
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -w 120 -i build/messages.pot -d searchapp/translations
	$(BIN)/pybabel -q compile -d searchapp/translations

constraints:  ## lock the dependencies anew (needs uv)
	uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --no-annotate \
		--custom-compile-command 'make constraints' --output-file constraints.txt

clean:  ## remove the virtual environment and the built index
	rm -rf $(VENV) index/current index/generations index/writer*
