# Everything sets itself up: a fresh machine needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SEED ?= $(shell date +%s)
TIMES ?= 10
# Everything is imported and collected once, then processes are forked that take the tests a few at once. More of them
# than cores: a test waits for half of its time.
RUN := $(BIN)/python -m pytest -n 0 -p tests.support.forked
# Packages of the core whose unit tests run under the tracer, which doubles a test's time.
COVERED := concurrency conversation delivery domain ratelimit runtime storage
# Compiled code is kept: each of the suite's processes would compile the bot anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-core test-rest slow long pythons coverage growth busy check format sync-client log-events shape bench grid relay cost chaos chaos-replicas chaos-single scale first-answer photos pictures requirements sbom licences hooks clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

demo: $(STAMP)  ## the whole bot with no account: a page and your keyboard in a terminal, a fixed tour elsewhere
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/aion-bot demo; else $(BIN)/aion-bot demo --tour; fi

test: $(STAMP)  ## the tests, those of the core under coverage with its floor; all but the slow ones
	@$(MAKE) --no-print-directory -j 2 test-core test-rest

test-core: $(STAMP)
	$(RUN) --forks 2 -p tests.support.untraced $(COVERED:%=--cov=aion_bot/%) --cov-report= --cov-fail-under=73 $(COVERED:%=tests/%)

test-rest: $(STAMP)
	$(RUN) --forks 6 tests/end_to_end tests/adapters tests $(COVERED:%=--ignore=tests/%)

# Folders with the longest tests and waits first.
slow: $(STAMP)  ## the slow tests: whole programs, a browser, a crash at every step of a turn, large loads, growth, the other platform; minutes
	$(RUN) --forks 6 -m "slow and not long" tests/storage tests/conversation tests/end_to_end tests

long: $(STAMP)  ## the longest tests: 2,000 races of approvals, fifty workspaces, the store's suite in a scope; not in .ci/run
	$(RUN) --forks 4 -m long tests/conversation tests/benchmarks tests/end_to_end tests

pythons:  ## a short part of the tests and the tour on each other Python of this machine, 3.12 to 3.14
	@scripts/pythons.sh

coverage: $(STAMP)  ## every test, and the coverage of all of them with its floor; twice as slow
	$(BIN)/python -m pytest -m "slow or not slow" --cov --cov-report=term:skip-covered --cov-fail-under=97

growth: $(STAMP)  ## how reading time grows with hostile texts of full length; a minute
	GROWTH=1 $(BIN)/python -m pytest -m slow tests/test_growth.py

busy: $(STAMP)  ## every test TIMES times (10) beside two busy loops; stops at the first failure
	$(BIN)/python -m tests.busy $(TIMES)

sync-client: $(STAMP)  ## generates the synchronous Aion client from the asynchronous one
	$(BIN)/python scripts/unasync.py

log-events: $(STAMP)  ## generates docs/log-events.md, the events of the log and their fields
	$(BIN)/python scripts/log_events.py

check: $(STAMP)  ## lint, formatting, types, layers, what is generated, the release tag
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/unasync.py --check
	$(BIN)/python scripts/log_events.py --check
	$(BIN)/python scripts/check_tag.py

format: $(STAMP)  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) aion_bot/__init__.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

bench: $(STAMP)  ## what the Aion client costs, against bare bytes and a bare reader, in one run
	$(BIN)/python -m benchmarks.stream

grid: $(STAMP)  ## how fresh answers of all lengths are in all crowds, in virtual time, beside the best that the limits permit; some minutes
	$(BIN)/python -m benchmarks.grid
	$(BIN)/python -m benchmarks.grid --learned --no-plain

relay: $(STAMP)  ## how fresh answers are at the platforms' limits, beside a plain loop; a quarter of an hour
	$(BIN)/python -m benchmarks.grid
	$(BIN)/python -m benchmarks.relay

shape: $(STAMP)  ## the shape of the code as a table, beside the figures before issue 10
	$(BIN)/python -m benchmarks.shape

cost: $(STAMP)  ## what the whole bot costs, against a bare reader and writer, in one run; some twenty minutes
	$(BIN)/python -m benchmarks.cost

chaos: $(STAMP)  ## ten minutes in which everything fails that can, drawn from SEED; exits with 1 if anything is lost or done twice
	$(BIN)/python -m benchmarks.chaos --seed $(SEED)

chaos-replicas: $(STAMP)  ## three replicas that serve 20 workspaces on one Postgres server: 10,000 turns, 300 kills, stops, pauses, cuts and partitions; half an hour or more
	$(BIN)/python -m benchmarks.chaos --replicas --scopes 20 --turns 10000 --at-once 40 --restart-every 33 --minutes 120 --seed $(SEED)

chaos-single: $(STAMP)  ## the soak test with three processes on one Postgres database, of which one at a time serves; that one is disturbed
	$(BIN)/python -m benchmarks.chaos --single --restart-every 40 --seed $(SEED)

scale: $(STAMP)  ## what many workspaces cost: turns a second and memory of 1, 2 and 4 replicas, and what one database takes; five minutes
	$(BIN)/python -m benchmarks.scale

first-answer: $(STAMP)  ## the seconds from a clone to a first answer against the simulators, step by step; a minute
	$(BIN)/python -m benchmarks.first_answer

photos: $(STAMP)  ## draws the photos of the simulated library; needs chromium
	$(BIN)/python -m tests.demo.photos

pictures: $(STAMP)  ## the README's pictures, of the demo's page and of the tour; needs chromium
	$(BIN)/aion-bot demo --tour --html .venv/tour.html
	$(BIN)/python -m tests.demo.pictures .venv/tour.html docs

requirements:  ## pin anew what pyproject.toml names; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" --quiet pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" --quiet --group dev pyproject.toml -o requirements-dev.txt
	$(PYTHON) scripts/extra_requirements.py

sbom: $(STAMP)  ## the pinned libraries as a CycloneDX file: dist/sbom.cdx.json
	mkdir -p dist
	$(BIN)/python -m scripts.bill_of_materials dist/sbom.cdx.json

licences: $(STAMP)  ## the licences of the pinned libraries; fails on one that is not allowed
	$(BIN)/python -m scripts.bill_of_materials --licences

hooks:  ## run the checks before every commit; needs pre-commit
	pre-commit install

clean:  ## remove everything that make installs and writes
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
