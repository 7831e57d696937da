# Two commands are enough: `make demo` and `make test`. Both set up .venv by themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
WORKERS ?= 2  # processes of the test-suite; a file's tests run in one of them, in order

.PHONY: help demo test lint bench golden schema statistics jobs min-lr clean
help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

demo: $(VENV)/.installed  ## range test, min-lr search and one-cycle training, on real handwritten digits
	$(BIN)/lrlab tune --seeds 3 --baseline
	@echo
	@echo "report      $$($(BIN)/lrlab runs path tune/latest)/report.html"
	@echo "plots       $$($(BIN)/lrlab runs path tune/latest)/plots/"
	@echo "TensorBoard $(BIN)/lrlab board    (then open http://localhost:6006)"

test: $(VENV)/.installed  ## the test-suite; LRLAB_DATA adds the tests on MNIST and CIFAR-10
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: $(VENV)/.installed  ## write anew what is held against the code: JSON schema, docs/config.md, tests/snapshots
	$(BIN)/python -m pytest -q tests/snapshots --update-snapshots

bench: $(VENV)/.installed  ## what a range test costs a step, beside a bare loop and torch-lr-finder
	$(BIN)/python benchmarks/overhead.py

golden: $(VENV)/.installed  ## write the golden loss curves anew; only where what lrlab computes was meant to change
	$(BIN)/python tests/golden/golden_curves.py

statistics: $(VENV)/.installed  ## how often the intervals hold the truth and a min-lr search errs: docs/tables and docs/statistics.md
	$(BIN)/python benchmarks/statistics_coverage.py --write
	$(BIN)/python benchmarks/min_lr_simulation.py --write

jobs: $(VENV)/.installed  ## eight trials, two at once against one after the other, by the clock; wants an idle machine
	$(BIN)/python benchmarks/jobs.py

min-lr: $(VENV)/.installed  ## a tuning against a grid of max-lrs, and ratios, on MNIST in LRLAB_DATA: hours, and resumable
	for norm in batch none; do for part in ratios tune; do \
	    $(BIN)/python benchmarks/min_lr.py $$part --norm $$norm --data $$LRLAB_DATA --write || exit 1; done; done

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
