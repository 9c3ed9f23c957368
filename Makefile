# `make help` lists the targets. Works with GNU make 3.81 (macOS) and newer.
# Paths are relative throughout, so that the folder's own path may have spaces.

# An environment from conda where one of its tools is on the PATH, else Python's own venv.
USE_CONDA ?= yes
conda_tools := $(if $(filter yes,$(USE_CONDA)),micromamba mamba conda)
export CONDA_TOOL := $(firstword $(foreach tool,$(conda_tools),$(shell command -v $(tool) >/dev/null 2>&1 && echo $(tool))))
environment := $(if $(CONDA_TOOL),.conda,.venv)
# make LOCKED=no …: the newest packages that pyproject.toml takes, not the tested ones; make USE_UV=no …: by pip alone.
# Sphinx wants a newer docutils than the AWS CLI takes, so it has an environment of its own.
site_environment := .venv-site
# Command line programs of the environment (aws, xsfn, conda's dot) go before the system's.
run = PATH="$$PWD/$(environment)/bin:$$PATH" $(environment)/bin/python

# The cells of a notebook, and tests that share something, are in one file, and stay together.
# One more than there are processors, for a test often waits for a sandbox.
processors := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
side_by_side = --numprocesses=$(shell expr $(processors) + 1) --maxprocesses=4 --dist=loadfile
# What is compiled is kept, also where a container's environment says otherwise: each process would compile it anew.
pytest = PYTHONDONTWRITEBYTECODE= $(run) -m pytest $(side_by_side)

.DEFAULT_GOAL := help
# Two targets at once would make the same environment twice.
.NOTPARALLEL:
.PHONY: help lab test lint notebooks walkthrough bench diagrams screenshots handout slides site lite lite-serve lite-link hub wheelhouse release publish workflows lock verify-clone soak clean for-lab for-style for-test for-site for-lite for-hub

help: ## this list
	@echo "make TARGET, one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile

lab: for-lab ## open JupyterLab on the first notebook (its own options: LAB_ARGS="--port 9999")
	@scripts/lab.sh $(environment)/bin/python $(LAB_ARGS)

test: for-site for-style ## every check: format, lint, types, unit tests, notebooks (pytest's own options: TEST_ARGS="-x")
	@$(pytest) $(TEST_ARGS)

soak: for-site ## the long forms of what `make test` does shortly: hours of kills, crowds and random cases
	@XSFN_SOAK=1 $(pytest) $(TEST_ARGS)

lint: for-style ## format, lint and types only
	@$(run) -m mypy

# Types are one of the tests (tests/test_types.py), so that both processors have work meanwhile.
for-style: for-test
	@$(run) -m ruff format --check --quiet . || { echo "To mend the format: ruff format ."; exit 1; }
	@$(run) -m ruff check --quiet .

notebooks: for-test ## run every notebook on a fresh sandbox and store its outputs, which the tests compare with
	@$(run) -m tests.notebooks.references

walkthrough: for-lab ## the whole scenario without Jupyter: build, check and run it
	@$(run) -m xsfn_helpers walkthrough

bench: for-test ## measure the decision engine and the sandbox
	@for file in benchmarks/bench_*.py; do $(run) -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

diagrams: for-test ## draw diagrams/*.svg anew
	@$(run) -m xsfn_helpers.display.draw diagrams

screenshots: for-test ## photograph the live displays anew, light, dark and narrow (diagrams/live-*.png)
	@$(run) -m tests.browser.screenshots diagrams

handout: for-test ## print one page for every seat: chain, documents, actions, refusals (build/handout.pdf)
	@$(run) -m publish.handout

slides: for-test ## make slides from the notebooks' own cells (build/slides/index.html)
	@$(run) -m publish.slides

site: for-site ## build the site to read: notebooks, executed, guide and reference (build/site/index.html)
	@PATH="$$PWD/$(environment)/bin:$$PATH" $(site_environment)/bin/python -m publish.site $(SITE_ARGS)

lite: for-lite ## build the whole lesson as a static site for a browser tab, nothing to install (build/lite/)
	@$(run) -m publish.lite

lite-serve: for-lite ## show that site on this machine
	@$(run) -m publish.lite.serve

lite-link: for-lab ## let the READMEs' button lead to where that site is (LITE_ADDRESS=https://…/)
	@LITE_ADDRESS="$(LITE_ADDRESS)" $(run) -m publish.address

hub: for-hub ## start a JupyterHub for a room on this machine (HUB_PASSWORD=…, HUB_ADDRESS=0.0.0.0; docs/hosting.md)
	@scripts/hub.sh $(environment)/bin/python $(HUB_ARGS)

wheelhouse: for-lab ## gather the lab's packages in wheelhouse/, to install on machines without internet
	@scripts/wheelhouse.sh $(environment)

release: lite-link site lite ## the files of a release in dist/: wheel, sdist and both sites (TAG=v0.1.0, LITE_ADDRESS=https://…/)
	@scripts/release.sh $(environment)/bin/python "$(TAG)"

publish: ## put what is in dist/ on the release of a tag, with GitHub's own program (TAG=v0.1.0)
	@gh release create "$(TAG)" dist/* --verify-tag --title "$(TAG)"

workflows: for-lab ## check .github/workflows with actionlint, which is fetched where it isn't there
	@scripts/workflows.sh $(environment)

lock: for-lab ## renew locks/, the versions and hashes of every package (LOCK_ARGS=--keep only adds what is missing)
	@$(run) -m scripts.lock $(LOCK_ARGS)

verify-clone: ## in a fresh clone, as on a new machine: make test, then make lab (COMMIT=… takes another than the last)
	@scripts/verify-clone.sh $(COMMIT)

clean: ## stop the sandbox, remove the environment and every cache
	@[ ! -x $(environment)/bin/xsfn ] || $(run) -m xsfn_helpers sandbox stop
	rm -rf .venv .venv-site .conda .lab .lab-ja wheelhouse .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -o -name .ipynb_checkpoints | while read -r cache; do rm -rf "$$cache"; done

for-lab:
	@scripts/environment.sh lab
	@scripts/graphviz.sh $(environment)

for-test:
	@scripts/environment.sh lab,test,hub,lite
	@scripts/graphviz.sh $(environment)
	@scripts/chromium.sh $(environment)
	@scripts/fonts.sh $(environment)

for-site: for-test
	@PATH="$$PWD/$(environment)/bin:$$PATH" CONDA_TOOL= VENV=$(site_environment) PYTHON="$$PWD/$(environment)/bin/python" \
		scripts/environment.sh site

for-lite:
	@scripts/environment.sh lab,lite

for-hub:
	@scripts/environment.sh lab,hub
	@scripts/graphviz.sh $(environment)
