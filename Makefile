# Everything the project does, one target each. `make help` lists them; needs make and Python 3.11 or 3.12.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

BIN := .venv/bin
PY := $(BIN)/python
HTML := _build/html/index.html
BUILD_PAGES = $(BIN)/jupyter-book build $(1) --config _config.yml --path-output . -W --keep-going -n

# The corpus and other things made on this machine; delete it freely
export THLAB_HOME ?= $(CURDIR)/_build/thlab

# For `make notebooks`: which chapters, and how much to compute
CHAPTERS ?= $(basename $(notdir $(wildcard book/*.ipynb)))
PRESET ?= book
# and for `make run`, which a reader waits for
RUN_PRESET ?= fast

.PHONY: help venv vendor corpus book run notebooks test lint unit nbtest pages lab bench results clean
# even with -j, a failing lint comes before an hour of tests
.NOTPARALLEL:

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 18

venv: .venv/.installed  ## create .venv and install every pinned package into it

.venv/.installed: constraints.txt pyproject.toml
	@python=$$(for p in $(PYTHON) python3.11 python3.12 python3 python; do \
	  command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$p && break; done); \
	if [ -z "$$python" ]; then echo "Python 3.11 or 3.12 is needed (mediapipe has no build for later ones): make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	echo "creating .venv with $$($$python --version) and installing into it: about 4 minutes, 5 GB"; \
	$$python -m venv .venv
	$(PY) -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[all]'
	@touch $@

vendor: book/vendor/.fetched  ## fetch the pages' browser files from npm, at pinned hashes

book/vendor/.fetched: book/tools/vendor.lock.json book/tools/fetch_vendor.py | venv
	$(PY) book/tools/fetch_vendor.py
	@touch $@

corpus: venv  ## build the tiny corpus where it is missing
	@$(PY) -c 'from thlab.corpus import ensure; print("corpus:", ensure("tiny"))'

book: venv vendor  ## make the book: render the chapters with their stored outputs
	$(PY) book/tools/stage.py _build/book
	$(call BUILD_PAGES,_build/book)
	@echo && echo "The book is ready. Open file://$(CURDIR)/$(HTML)"

run: venv vendor corpus  ## run the chapters anew in a copy, RUN_PRESET=fast|book, and render that
	THLAB_PRESET=$(RUN_PRESET) $(PY) book/tools/run_notebooks.py copy _build/executed
	$(call BUILD_PAGES,_build/executed)
	@echo && echo "The chapters have run. Open file://$(CURDIR)/$(HTML)"

notebooks: venv corpus  ## for authors: refresh stored outputs, CHAPTERS="dtw ..." PRESET=book|fast
	THLAB_PRESET=$(PRESET) $(PY) book/tools/run_notebooks.py inplace $(CHAPTERS:%=book/%.ipynb)

test: lint unit nbtest pages  ## check everything: lint, unit tests, notebooks, the book in a browser

lint: venv  ## ruff, codespell, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/pyright

# two processes, each with one thread: a file's tests stay together, for they share what is slow to make
TEST = OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

unit: venv corpus  ## unit tests, the longest file first
	$(TEST) tests/papers/test_contract.py tests --ignore tests/book

nbtest: venv corpus  ## run every cell of every notebook, in the preset fast
	THLAB_PRESET=fast THLAB_BOOK=$(CURDIR)/_build/nbtest \
	  $(TEST) --nbval-lax --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 600 --timeout 900 book/*.ipynb

pages: book  ## check the book: integrity, then every page in Chromium
	$(PY) book/tools/browser.py
	$(PY) -m pytest tests/book

lab: venv corpus  ## open the chapters in JupyterLab
	THLAB_BOOK=$(CURDIR)/_build/lab $(BIN)/jupyter lab --notebook-dir book $(if $(filter 0,$(shell id -u)),--allow-root)

bench: venv corpus  ## measure against named peers
	for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

results: venv corpus  ## measure every table of every paper again, for hours; it resumes, and says what is left
	OMP_NUM_THREADS=1 $(BIN)/thlab results --out book/results
	$(PY) book/tools/claims_page.py

clean:  ## remove what was built (not .venv)
	rm -rf _build book/vendor
