# make lab    opens JupyterLab on the first lesson, from nothing but Python 3.11 or newer
# make test   runs all tests, from nothing
# make browser opens every lesson in a real browser; make binder checks what mybinder.org builds
# make itk    draws a volume by itkwidgets in an environment of its own (minutes, 2 GB, npm)
# make verify runs every lesson at preset cpu under nbval, and breaks each in every declared way
PYTHON ?= python3
JOBS ?= 2
# Which lessons `make test` verifies: --changed since main (the default), or --all as in continuous integration.
VERIFY ?= --changed
# Long tests run by turns (tests/turns.py): the commit's hash draws 0 to 3; `make test TURN=` runs all.
TURN ?= $(shell commit=$$(git rev-parse --short=7 HEAD 2>/dev/null) && echo $$((0x$$(echo $$commit | cut -c1-7) % 4)))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: lab test verify browser itk binder install lint clean
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

test: $(STAMP)
	@echo "== Claims: lessons at preset cpu under nbval (VERIFY=$(VERIFY)); then unit tests, and every lesson at preset smoke;"
	@echo "   on other data, broken on purpose and in a browser: a quarter of them each turn (TURN=$(TURN); TURN= runs all)"
	@status=0; \
	$(BIN)/medlab verify $(VERIFY) --jobs $(JOBS) || status=1; \
	export MEDLAB_TURN=$(TURN); \
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --doctest-modules medlab data_fetch tests \
	  --ignore tests/browser || status=1; \
	$(BIN)/python -m pytest tests/browser || status=1; \
	exit $$status

verify: $(STAMP)
	$(BIN)/medlab verify --all --sabotage --jobs $(JOBS)

# Every lesson in a real browser (needs chromium); screenshots of what a student sees first are kept in runs/browser.
browser: $(STAMP)
	$(BIN)/python -m pytest tests/browser

# itkwidgets in a fresh environment with the extra `itk`; its web files come from npm packages, kept in runs/itk_files.
itk: $(STAMP)
	MEDLAB_ITK_TEST=1 MEDLAB_ITK_FILES_DIR=$${MEDLAB_ITK_FILES_DIR:-runs/itk_files} \
	  $(BIN)/python -m pytest tests/browser/test_itkwidgets.py

# What mybinder.org builds, built in a clean environment here; three lessons run in it on one core, memory watched.
binder: $(STAMP)
	$(BIN)/python binder/verify.py

clean:
	rm -rf $(VENV) runs
