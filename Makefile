# Needs Python 3.11+ and make, nothing else. `make help` lists the targets.

VENV := .venv
PY := $(VENV)/bin/python
# The first interpreter that is new enough and can make a virtual environment.
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
SUITABLE := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
# Each of the hundreds of processes of a test run would compile us, and torch, anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up test chaos chaos-long lint bench lock clean browser

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

up: $(VENV)/runtime.stamp ## install, start everything, print how to use it; Ctrl-C stops it all
	@exec $(PY) manage.py up --with-parent

test: $(VENV)/dev.stamp browser ## install what the tests need and run them all
	@$(PY) -m pytest --numprocesses 2 --no-loadscope-reorder

chaos: $(VENV)/dev.stamp ## a platform under load on which everything fails once; some minutes
	@$(PY) -m tests.chaos

chaos-long: $(VENV)/dev.stamp ## the same for half an hour, a fault every 20 seconds
	@$(PY) -m tests.chaos --minutes 30

lint: $(VENV)/dev.stamp ## style, types, architecture, templates, migrations
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@git ls-files -z '*.html' | xargs -0 -r $(VENV)/bin/djade --check --target-version 5.2
	@$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

bench: $(VENV)/runtime.stamp ## measure speed; the figures are printed
	@$(PY) -m bench

lock: $(VENV)/dev.stamp ## renew requirements/*.txt from pyproject.toml
	@sh requirements/lock.sh $(VENV)/bin/uv

clean: ## remove the virtual environment and caches; the data in var/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# --- Installation -----------------------------------------------------------------------------
# A stamp is older than its lock exactly when something is to be installed.

$(PY):
	@for candidate in $(CANDIDATES); do \
	  if $$candidate -c '$(SUITABLE)' 2>/dev/null; then exec $$candidate -m venv --clear $(VENV); fi; \
	done; \
	echo 'Voxhouse needs Python 3.11 or newer with its venv module (on Debian: apt install python3-venv).' >&2; exit 1

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml | $(PY)
	@sh requirements/install.sh $(PY) requirements/runtime.txt
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Of what only developers need, Python compiles what is imported: all of it would take a minute.
$(VENV)/dev.stamp: requirements/dev.txt requirements/sambert.txt $(VENV)/runtime.stamp
	@sh requirements/install.sh $(PY) requirements/dev.txt --no-compile
	@sh requirements/install.sh $(PY) requirements/sambert.txt --no-compile
	@touch $@

# The page tests drive a real Chromium, with a font that has Hanzi.
browser:
	@if ! command -v chromium >/dev/null || ! fc-list :lang=zh | grep -q .; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'Installing chromium and fonts-noto-cjk for the page tests'; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
	      chromium fonts-noto-cjk fontconfig >/dev/null; \
	  else \
	    echo 'The page tests need chromium and a Chinese font: install chromium, fontconfig and fonts-noto-cjk.' >&2; exit 1; \
	  fi; \
	fi
