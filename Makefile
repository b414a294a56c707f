# `make` lists the targets. Each does its own set-up from nothing.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check livefire bench programs

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/.demo  ## virtual environment and packages to run Soundpost

demo: .venv/.demo  ## a street at night: shots, poles, lamps, a camera; report in out/demo
	$(BIN)/soundpost demo

test: .venv/.dev  ## all tests (sets up what they need, system programs included)
	$(BIN)/pytest -n 2

check: .venv/.dev  ## ruff, mypy --strict, the walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_walls.py

livefire: .venv/.demo  ## score the replay of the real live fire in ../shared/data (or SOUNDPOST_DATA)
	$(BIN)/python -m simulators.score $${SOUNDPOST_DATA:-../shared/data}/livefire

bench: .venv/.dev  ## speeds, as ratios against a named floor in the same run
	$(BIN)/pytest bench

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit("Soundpost needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.demo: .venv/.made pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[camera,sim]'
	touch $@

.venv/.dev: .venv/.demo | programs
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[camera,sim,dev]'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[audio]' || echo "PyAudio does not build here (see above): the microphone tests will skip"
	touch $@

programs:
	PYTHON=$(PYTHON) sh tests/programs.sh
