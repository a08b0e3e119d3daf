# make lab    opens JupyterLab on the first lesson, from nothing but Python 3.11 or newer
# make test   runs all tests, from nothing; lessons run only where the ledger lacks their base claims
# make browser opens every lesson in a real browser; make binder checks what mybinder.org builds
# make site   executes what changed and builds the site in build/site; make site RUN= builds it of the runs that there are
# make itk    draws a volume by itkwidgets in an environment of its own (minutes, 2 GB, npm)
# make due    runs what else the ledger lacks: other data, sabotages, null runs, seeds
# make verify runs every lesson as it stands, and breaks each in every declared way
PYTHON ?= python3
JOBS ?= 2
# Of the slowest tests a commit runs one shard; the number of commits says which. `make test SHARD=` runs all of them.
SHARD ?= $(shell git rev-list --count HEAD 2>/dev/null)
# Whether runs go into the ledger, and how long new ones may begin: continuous integration sets both.
LEDGER ?= --write
MINUTES ?= 60
# A budget exceeded, status 3, is a note and stops nothing.
NOTE := || [ $$? = 3 ]
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS := $(VENV)/.installed-test
SITE := $(VENV)/.installed-site
RUN ?= yes
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: lab test base unit pages due check verify browser site itk binder install lint clean
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "medlab needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "== Creating $(VENV) and installing the tested versions (constraints.txt); a few minutes, once"
	$(PYTHON) -m venv $(VENV)
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -c constraints.txt -e .
	@touch $(STAMP)

$(TESTS): $(STAMP)
	@echo "== Installing what the tests need"
	$(PIP) -c constraints.txt -e ".[test,site]"
	@touch $(TESTS)

# The students' edition is built into lessons/ (git ignores it); what a student changed there is never overwritten.
lab: $(STAMP)
	@$(BIN)/medlab release student
	@echo "== The command medlab is on the path after:  . $(BIN)/activate   (then, from any folder of the checkout: medlab lab 41)"
	@$(BIN)/medlab lab

lint: $(TESTS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# All four, also when one fails: -k.
test: $(TESTS)
	@$(MAKE) -k base unit pages check

base: $(STAMP)
	$(BIN)/medlab verify --due --base --minutes $(MINUTES) --jobs $(JOBS) $(LEDGER) $(NOTE)

unit: $(TESTS)
	MEDLAB_SHARD=$(SHARD) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --doctest-modules medlab data_fetch tests \
	  --ignore tests/browser

pages: $(TESTS)
	MEDLAB_SHARD=$(SHARD) $(BIN)/python -m pytest tests/browser

# All that is due but base claims, which the target base runs.
due: $(STAMP)
	$(BIN)/medlab verify --due --others --minutes $(MINUTES) --jobs $(JOBS) $(LEDGER) $(NOTE)

# Three entries of the ledger at random, so that each must be true.
check: $(STAMP)
	$(BIN)/medlab verify --check 3 --minutes $(MINUTES) --jobs $(JOBS) --no-write $(NOTE)

verify: $(STAMP)
	$(BIN)/medlab verify --all --sabotage --jobs $(JOBS)

# Every lesson in a real browser (needs chromium); screenshots of what a student sees first are kept in runs/browser.
browser: $(TESTS)
	$(BIN)/python -m pytest tests/browser

$(SITE): $(STAMP)
	@echo "== Installing what the site needs"
	$(PIP) -c constraints.txt -e ".[site]"
	@touch $(SITE)

# Lessons that ran before, unchanged, are not run again.
site: $(SITE)
	$(if $(RUN),-$(BIN)/medlab run --all --jobs $(JOBS))
	$(BIN)/python -m tools.site

# itkwidgets in a fresh environment with the extra `itk`; its web files come from npm packages, kept in runs/itk_files.
itk: $(TESTS)
	MEDLAB_ITK_TEST=1 MEDLAB_ITK_FILES_DIR=$${MEDLAB_ITK_FILES_DIR:-runs/itk_files} \
	  $(BIN)/python -m pytest tests/browser/test_itkwidgets.py

# What mybinder.org builds, built in a clean environment here; three lessons run in it on one core, memory watched.
binder: $(STAMP)
	$(BIN)/python binder/verify.py

clean:
	rm -rf $(VENV) runs build
