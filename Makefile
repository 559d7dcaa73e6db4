# The doors of the house. Each of them works alone as the very first command on a machine
# that has only Python 3.11 or newer and make.
SHELL := /bin/bash
PY := .venv/bin/python
JOBS ?= 2
# An environment whose Python is gone, or whose folder was moved, is made anew.
$(shell [ -x .venv/bin/python ] && grep -qF "$(CURDIR)/.venv" .venv/bin/activate || rm -f .venv/.app .venv/.dev)

.PHONY: app test check bench walk pins clean journeys
.NOTPARALLEL:

app: .venv/.app  ## start Outreach with an example team in the browser
	$(PY) -m outreach demo --open || [ $$? = 130 ]  # Ctrl+C ends it

test: journeys .venv/.dev  ## every test, browser journeys included
	OUTREACH_CHROMIUM="$$(build/machine.sh chromium)" $(PY) -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

check: .venv/.dev  ## style, types, who imports whom, words, requirements without a test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m tests.check_wording
	$(PY) -m tests.check_requirements

bench: journeys .venv/.dev  ## one figure a line: name value unit
	OUTREACH_CHROMIUM="$$(build/machine.sh chromium)" $(PY) -m tests.bench

walk: .venv/.dev  ## the whole job without a screen, its papers in ./example
	$(PY) -m outreach demo --walk example

pins: .venv/.dev  ## make requirements/*.txt anew from pyproject.toml
	build/machine.sh pins

.venv/.app: requirements/app.txt pyproject.toml build/machine.sh
	build/machine.sh venv app
	touch $@

.venv/.dev: requirements/dev.txt pyproject.toml build/machine.sh
	build/machine.sh venv dev
	touch $@ .venv/.app

journeys:
	@build/machine.sh journeys

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
