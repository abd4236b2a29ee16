# Everything that a newcomer needs. Each target sets up what it needs by itself.
#   TORCH_INDEX_URL  where pip finds PyTorch, e.g. https://download.pytorch.org/whl/cpu for the small build without CUDA
#   SIDEKICK_HOME    the workspace folder that `make demo` uses (default: demo-output, here)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_HOME := $(or $(SIDEKICK_HOME),demo-output)
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 3 ? 3 : 4)))
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
TORCH_INDEX := $(if $(TORCH_INDEX_URL),--extra-index-url $(TORCH_INDEX_URL))

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-short test test-thorough browser lint clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Make .venv with the command `sidekick` in it (does nothing when it is up to date)
	@$(BIN)/python -m tools.vision.eyes.models || true  # the audit's model files; without them it says what it skips

$(STAMP): pyproject.toml constraints.txt
	@python=; for candidate in python3.11 python3.12 python3.13 python3; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Sidekick needs Python 3.11 or newer; none was found. On Debian: apt install python3 python3-venv"; exit 1; fi; \
	$(BIN)/python -c '' 2>/dev/null || $$python -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); echo "Python could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time takes some minutes."
	$(BIN)/python -m pip install --disable-pip-version-check --quiet $(TORCH_INDEX) -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup  ## Watch the whole way, unattended: from drawings to a trained, tested, explained LoRA
	$(BIN)/sidekick demo --home "$(DEMO_HOME)"

demo-short: setup  ## The same way with very little training: seconds instead of minutes, for checking an installation
	$(BIN)/sidekick demo --short --home "$(DEMO_HOME)"

browser:
	@for name in $${CHROMIUM:-$(BROWSERS)}; do command -v "$$name" >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium, in which the window is tried."; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null \
	  || echo "Chromium could not be installed. The tests of the window in a browser say so."; \
	fi

test: setup browser  ## Run the tests in three or four processes (some wait for a browser), each file in one of them
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-thorough: setup browser  ## Run the rest: whole ways through the window in a browser, longer trainings
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m thorough -n 2 --dist loadfile

lint: setup  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## Remove the virtual environment and the demo's workspace
	rm -rf $(VENV) demo-output
