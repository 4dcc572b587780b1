# The two commands of the README are `make run` and `make test`; each sets itself up the first time.
SHELL := /bin/sh
BIN := .venv/bin
UP :=

# A service starts five interpreters: compiling each module once, not at every start, halves the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint check bench drill format lock migration setup setup-dev clean help

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: setup ## start the whole service here (UP="--port 8001 --data other" adds options)
	@exec $(BIN)/smsbot up $(UP)

test: setup-dev ## the whole suite, on real Redis, SQLite and PostgreSQL
	$(BIN)/python -m pytest -n 2 -m "not drill" $(T)

lint: setup-dev ## format, lint, types, layers, content and docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/smsbot check
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/unit/docs

check: lint test ## what CI runs, but the drill

drill: setup-dev ## the long kill-and-recover tests
	$(BIN)/python -m pytest -m drill $(T)

bench: setup-dev ## the figures, as tables
	$(BIN)/python -m bench

format: setup-dev ## put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

LOCK := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links

lock: setup-dev ## resolve pyproject.toml again into the hash-checked locks
	$(LOCK) pyproject.toml --group dev -o requirements.lock
	$(LOCK) pyproject.toml --constraint requirements.lock -o requirements.txt
	echo uv | $(LOCK) --constraint requirements-uv.lock - -o requirements-uv.lock

migration: setup-dev ## write the migration from the last one to smsbot/storage/tables.py (NAME="words")
	$(BIN)/python tools/new_migration.py "$(NAME)"

setup:
	@sh tools/setup.sh requirements.txt

setup-dev:
	@sh tools/setup.sh requirements.lock

clean: ## forget the environment and the caches, keep the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
