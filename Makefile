# Everything runs from .venv, which is made from the lock file; nothing else is needed than git, make and Python >= 3.11.

PYTHON ?= python3
PORT ?= 8765
POSTS ?=
ONLY ?=
RUN = .venv/bin/python -m

.PHONY: help setup demo run test check bench audit chaos

help:
	@echo "make demo      try it here, with no account anywhere; POSTS=file.csv PORT=8765"
	@echo "make run       run it against Telegram, X and Dropbox, with the settings in .env"
	@echo "make test      every test"
	@echo "make check     lint, formatting, types, who imports whom, dead code"
	@echo "make bench     figures, as JSON; ONLY=chart"
	@echo "make audit     known vulnerabilities of what is locked, as PyPI tells them"
	@echo "make chaos     every part fails in turn, on real servers; prints what that costs; ONLY=processes"
	@echo "make setup     .venv alone, which all of them make where it is missing; PYTHON=python3.12"

setup: .venv/ready

.venv/ready: pyproject.toml uv.lock uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Tallybird needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r uv.txt; }
	.uv/bin/uv sync --quiet --locked --python "$$(command -v $(PYTHON))"
	@touch $@

demo: setup
	@$(RUN) sandbox.demo --port $(PORT) $(if $(POSTS),--posts "$(POSTS)")

run: setup
	@$(RUN) pipeline.supervise

# More workers than cores, since tests mostly wait. A file's tests share fixtures, so a file is never divided; files keep
# the order of pyproject.toml's testpaths, the longest first, so that no worker is left with a long one at the end.
test: setup
	$(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/vulture

bench: setup
	@.uv/bin/uv sync --quiet --locked --group bench --python "$$(command -v $(PYTHON))"
	@$(RUN) tests.bench $(ONLY)

# Strict: a package that could not be looked up is a failure, not a package without a vulnerability.
audit: setup
	@.uv/bin/uv sync --quiet --locked --group audit --python "$$(command -v $(PYTHON))"
	@.uv/bin/uv export --quiet --locked --all-groups --no-emit-project --output-file .venv/locked.txt
	@$(RUN) pip_audit --strict --require-hashes --disable-pip --progress-spinner off --requirement .venv/locked.txt || \
	{ echo "Not audited, or not clean: a package has a vulnerability, or PyPI did not tell."; exit 1; }

chaos: setup
	$(RUN) pytest tests/chaos$(if $(ONLY),/test_$(ONLY).py)
