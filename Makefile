# Everything sets itself up: python3 (3.11 or newer) and make are enough.

PYTHON ?= python3
BIN := .venv/bin
export PYTHON

.PHONY: demo test check bench docs format clean help

help:
	@echo "make demo    10 October 2025: a crash, its liquidations, and the story of the largest"
	@echo "make test    all tests"
	@echo "make check   format, lint, types, imports, and the core compiled against interpreted"
	@echo "make bench   this project and its peers at the same work, the core compiled"
	@echo "make docs    the documentation, into build/docs"
	@echo "make format  put the code into shape"
	@echo "make clean   remove .venv, runs and caches"

demo: .venv/run.stamp
	@$(BIN)/plimsoll demo

test: .venv/dev.stamp
	$(BIN)/pytest -n auto

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_tidy.py
	$(BIN)/python -m tools.compile_core

bench: .venv-bench/stamp
	.venv-bench/bin/python -P -m tools.bench $(BENCH)

docs: .venv/docs.stamp
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .venv-bench runs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/run.stamp: pyproject.toml
	@tools/setup.sh "" $@

.venv/dev.stamp: pyproject.toml
	@tools/setup.sh "[dev]" $@
	@touch .venv/run.stamp

.venv/docs.stamp: pyproject.toml
	@tools/setup.sh "[docs]" $@

# Not editable: a wheel has the core compiled, here by what a training run shows (setup.py).
.venv-bench/stamp: pyproject.toml setup.py $(wildcard exchange/*.py exchange/core/*.py feeds/*.py feeds/formats/*.py strategies/*.py tools/bench/*)
	$(PYTHON) -m venv .venv-bench
	PLIMSOLL_COMPILE=profile .venv-bench/bin/pip install --quiet --disable-pip-version-check ".[bench]"
	@touch $@
