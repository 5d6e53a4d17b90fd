# Everything runs from .venv, which is made from the lock file; nothing else is needed than git, make and Python >= 3.11.

PYTHON ?= python3
PORT ?= 8765
POSTS ?=
ONLY ?=
SEED ?=
GROWTH ?= base
MINUTES ?=
JSON ?=
FILE ?=
REPLACE ?=
PLOT ?=
RUN = .venv/bin/python -m

.PHONY: help setup demo run backup restore test check bench simulate audit chaos soak contract

help:
	@echo "make demo      try it here, with no account anywhere; POSTS=file.csv PORT=8765"
	@echo "make run       run it against Telegram, X and Dropbox, with the settings in .env"
	@echo "make backup    all that must not be lost into a file, while it runs; FILE=tallybird.backup"
	@echo "make restore   such a file into a new database, SQLite or PostgreSQL; FILE=tallybird.backup REPLACE=1"
	@echo "make test      every test"
	@echo "make check     lint, formatting, types, who imports whom, dead code"
	@echo "make bench     figures, as JSON; ONLY=chart"
	@echo "make simulate  what X's bill shows for the money, in a simulated month; SEED=1 GROWTH=slow JSON=1 PLOT=file.png"
	@echo "make audit     known vulnerabilities of what is locked, as PyPI tells them"
	@echo "make chaos     every part fails in turn, on real servers; prints what that costs; ONLY=processes"
	@echo "make soak      an hour at 500 accounts and 300 live charts, with a fault every 3 minutes; MINUTES=60 SEED=1 PLOT=file.png"
	@echo "make contract  our sources and stand-ins beside real servers of the networks; needs npm, a C++ compiler, 700 MB"
	@echo "make setup     .venv alone, which all of them make where it is missing; PYTHON=python3.12"

setup: .venv/ready

.venv/ready: pyproject.toml uv.lock uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Tallybird needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r uv.txt; }
	@echo "Installing the packages of uv.lock into .venv" >&2
	@.uv/bin/uv sync --quiet --locked --compile-bytecode --python "$$(command -v $(PYTHON))"
	@touch $@

demo: setup
	@$(RUN) sandbox.demo --port $(PORT) $(if $(POSTS),--posts "$(POSTS)")

run: setup
	@$(RUN) pipeline.supervise

backup: setup
	@$(RUN) pipeline backup "$(or $(FILE),$(error Name the file: make backup FILE=tallybird.backup))"

restore: setup
	@$(RUN) pipeline restore "$(or $(FILE),$(error Name the file: make restore FILE=tallybird.backup))" $(if $(REPLACE),--replace)

# More workers than cores, since tests mostly wait. tests/conftest.py says what a worker takes at a time; files keep the
# order of pyproject.toml's testpaths, the longest first, so that no worker is left with a long one at the end.
test: setup
	$(RUN) pytest -n 5 --no-loadscope-reorder

check: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/vulture

bench: setup
	@.uv/bin/uv sync --quiet --locked --compile-bytecode --python .venv/bin/python --group bench
	@$(RUN) tests.bench $(ONLY)

simulate: setup
	@$(RUN) tests.simulate --growth $(GROWTH) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) \
	$(if $(JSON),--json) $(if $(PLOT),--plot $(PLOT))

# Strict: a package that could not be looked up is a failure, not a package without a vulnerability.
audit: setup
	@.uv/bin/uv sync --quiet --locked --compile-bytecode --python .venv/bin/python --group audit
	@.uv/bin/uv export --quiet --locked --all-groups --no-emit-project --output-file .venv/locked.txt
	@$(RUN) pip_audit --strict --require-hashes --disable-pip --progress-spinner off --requirement .venv/locked.txt || \
	{ echo "Not audited, or not clean: a package has a vulnerability, or PyPI did not tell."; exit 1; }

chaos: setup
	$(RUN) pytest tests/chaos$(if $(ONLY),/test_$(ONLY).py)

soak: setup
	@$(RUN) tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(PLOT),--plot $(PLOT))

# The real servers are not among the tests' packages: they are large, and Bluesky's need a newer Node than many machines
# have. npmrc's nodedir may name headers of another Node, against which SQLite's binding would be compiled.
CONTRACT_NODE = $(CURDIR)/.contract/node/node_modules/node-linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)

# CI=1: where a server cannot be started, its tests fail instead of being skipped.
contract: setup .contract/ready
	@.uv/bin/uv sync --quiet --locked --compile-bytecode --python .venv/bin/python --group contract
	CI=1 $(RUN) pytest tests/contract $(if $(ONLY),-k "$(ONLY)")

.contract/ready: tests/contract/node/package-lock.json tests/contract/bluesky/package-lock.json
	@command -v npm > /dev/null || { echo "make contract needs npm, to install Bluesky's servers."; exit 1; }
	@mkdir -p .contract/node .contract/bluesky
	@cp tests/contract/node/package*.json .contract/node
	@cp tests/contract/bluesky/package*.json .contract/bluesky
	cd .contract/node && npm ci --no-audit --no-fund
	cd .contract/bluesky && PATH="$(CONTRACT_NODE)/bin:$$PATH" npm_config_nodedir="$(CONTRACT_NODE)" npm ci --no-audit --no-fund
	@touch $@
