# make lab    opens JupyterLab on the first lesson, from nothing but Python 3.11 or newer
# make test   runs all tests, from nothing
# make verify runs every lesson at preset cpu under nbval, and breaks each in every declared way
PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: lab test verify install lint clean
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "medlab needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "== Creating $(VENV) and installing the tested versions (constraints.txt); a few minutes, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(STAMP)

lab: $(STAMP)
	$(BIN)/medlab lab

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

test: lint
	@echo "== Unit tests, and every lesson at preset smoke, on other data, and broken on purpose"
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests
	@echo "== Lessons that this change concerns, at preset cpu under nbval: their claims must be the stored ones"
	$(BIN)/medlab verify --changed --jobs $(JOBS)

verify: $(STAMP)
	$(BIN)/medlab verify --all --sabotage --jobs $(JOBS)

clean:
	rm -rf $(VENV) runs
