# Two commands on a fresh machine with Python and make:
#   make demo    sets up and runs the whole journey on the synthetic city
#   make test    sets up and passes the tests
# Without make (Windows), the same lines are in README.md and CONTRIBUTING.md.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export OPENBLAS_NUM_THREADS = 1
export OMP_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export MPLBACKEND = Agg

.PHONY: demo test slow lint check notebook bench clean

demo: .setup-run
	$(BIN)/python -m sara demo

test: .setup-test
	$(BIN)/python -m pytest -q -n auto

# Simulations, a Spark of two worker processes (Java 17), a real PostgreSQL, the fuzzer: minutes, and half a gigabyte to install.
slow: .setup-heavy
	$(BIN)/python -m pytest -q -n auto -m "slow or spark"

lint: .setup-lint
	$(BIN)/ruff check sara tests benchmarks docs
	$(BIN)/ruff format --check sara tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell sara tests docs README.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md
	$(BIN)/nbstripout --verify notebooks/*.ipynb

notebook: .setup-notebook
	$(BIN)/jupyter lab notebooks

bench: .setup-test
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

# uv where it is there, else venv and pip; a stamp per set of extras, renewed when pyproject.toml changes.
define install
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV); \
	  uv pip install --quiet --python $(BIN)/python -e "$(1)"; \
	else \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e "$(1)"; \
	fi
	@touch $@
endef

.setup-run: pyproject.toml
	$(call install,.)

.setup-test: pyproject.toml
	$(call install,.[test])

.setup-heavy: pyproject.toml
	$(call install,.[test$(comma)heavy])

.setup-lint: pyproject.toml
	$(call install,.[test$(comma)lint])

.setup-notebook: pyproject.toml
	$(call install,.[notebooks])

comma := ,

clean:
	rm -rf $(VENV) .setup-* .pytest_cache .mypy_cache .ruff_cache
