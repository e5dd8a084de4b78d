# Two commands do everything from nothing: `make demo` and `make test`.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo demo-full test docs audit lint format bench clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing dlr and what it needs (about 5 GB, a few minutes) ..."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)

demo: $(READY)  ## simulate a two-centre cohort, run the whole study, open the report
	$(BIN)/dlr demo --out demo

demo-full: $(READY)  ## the same at the published size (hours)
	$(BIN)/dlr demo --out demo-full --full

# The pages are tested in Chromium where it is installed (Debian, Ubuntu: apt install chromium).
CHROMIUM := $(or $(DLR_CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))

test: $(READY)  ## the test suite
	$(if $(CHROMIUM),,@echo "No Chromium was found: the tests of the pages in a browser are left out (apt install chromium).")
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(if $(CHROMIUM),,-m "not browser")

docs: $(READY)  ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

audit: $(READY)  ## known vulnerabilities of the installed packages (needs the network)
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --skip-editable

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo runs
