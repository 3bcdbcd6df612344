# make start: everything a new machine needs, then Lobke. make test: what CI runs.
PARALLEL = -n 2 --dist loadfile --no-loadscope-reorder
# What failed runs once more, with nothing beside it: a busy machine can be too slow for a browser. Failing twice counts.
AGAIN = .venv/bin/pytest --last-failed --last-failed-no-failures none
.PHONY: start test lint bench region nlu ablation train lock clean

start:
	@./setup.sh
	@.venv/bin/lobke start

# Training takes one processor, so lint goes beside it.
test: export PYTHONDONTWRITEBYTECODE =
test:
	@./setup.sh dev
	@.venv/bin/lobke train & training=$$!; trap "kill $$training 2>/dev/null" EXIT; \
	$(MAKE) --no-print-directory lint && wait $$training
	.venv/bin/pytest $(PARALLEL) --ignore=tests/browser || $(AGAIN)
	.venv/bin/pytest $(PARALLEL) tests/browser || $(AGAIN)

lint:
	@./setup.sh dev
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench:
	@./setup.sh dev
	@.venv/bin/python -m bench.run
	@.venv/bin/python -m bench.figures

# Other numbers: .venv/bin/python -m bench.region --help
region:
	@./setup.sh dev
	@.venv/bin/python -m bench.region --overload

nlu:
	@./setup.sh dev
	@.venv/bin/python -m bench.nlu

ablation:
	@./setup.sh dev
	@.venv/bin/python -m bench.ablation

train:
	@./setup.sh
	@.venv/bin/lobke train

lock:
	@./setup.sh lock

# The data folder var/ stays.
clean:
	rm -rf .venv .tools lobke.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find actions bot tests web bench -name __pycache__ -type d -prune -exec rm -rf {} +
