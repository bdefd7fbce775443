# Casparian Flow. `make help` lists what there is.
SHELL := /bin/bash
PREFIX ?= /usr/local
BIN := .build/release/casparian
SWIFT_TEST := swift test --disable-xctest

.PHONY: help deps deps-test release run test gate lint format sanitizers seeds samples docs examples bench bench-build
.PHONY: fuzz soak check-real check-fidelity check-crash check-sharing check-isolation check-backpressure chaos large-csv install clean
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

deps: ## Install what the build and the program need (quick when nothing is missing)
	@Scripts/deps.sh
deps-test: ## The same, and what the tests need
	@Scripts/deps.sh --test

release: deps ## Build the program
	swift build -c release --product casparian

run: release ## The main job on the sample data
	@Scripts/run-samples $(BIN)

test: deps-test lint ## Lint, build with warnings as errors, every test
	@Scripts/test
gate: test seeds samples check-fidelity docs examples bench-build sanitizers ## What has to be green before anything lands

lint: ## Formatting
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Examples
format: ## Format in place
	swift format --in-place --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Examples

seeds: deps-test ## Many simulated runs under faults, and of files that change while they are read
	CASPARIAN_SEEDS=4000 swift test --disable-xctest --filter SimulationTests
	CASPARIAN_SEEDS=1000 swift test --skip-build --disable-xctest --filter FileChangeTests
soak: deps-test ## Many more (ARGS="COUNT [FIRST]"; CASPARIAN_SEED=N runs one and tells its story)
	@Scripts/soak $(ARGS)
samples: deps-test ## The main job on the sample data, with the debug build
	swift build --product casparian
	@Scripts/run-samples .build/debug/casparian
sanitizers: deps-test ## ThreadSanitizer on concurrent code, AddressSanitizer on the C++ boundary
	@Scripts/sanitizers
fuzz: ## libFuzzer on the wire decoder under AddressSanitizer (ARGS=SECONDS, "SECONDS --keep" adds to the corpus)
	@Scripts/fuzz $(ARGS)
docs: deps ## Check the documents and the documentation comments
	@Scripts/check-docs
	@Scripts/check-comments

examples: deps ## The example of a plugin in Swift, as a package of its own
	CASPARIAN_ONLY=CasparianPlugin swift build --package-path Examples/swift-plugin
bench-build: deps-test ## The micro-benchmarks compile
	swift build --package-path Benchmarks
bench: release ## Measure against DuckDB, polars and pyarrow (ARGS="--quick")
	@Scripts/deps.sh --bench
	@Benchmarks/run $(ARGS)
check-real: release deps-test ## Real files that nobody here wrote, compared with pandas and json
	@Scripts/check-real
check-fidelity: deps-test ## Every type through every sink, read back by others' tools
	swift build --product casparian
	@.deps/python/bin/python3 Tests/fidelity/check_fidelity.py
check-crash: deps-test ## A worker killed at every step of its output, for every sink
	swift build --product casparian
	@.deps/python/bin/python3 Tests/crash/check_crash.py $(ARGS)
check-sharing: deps-test ## Two workers into the same tables for a minute
	swift build --product casparian
	@.deps/python/bin/python3 Tests/crash/check_sharing.py $(ARGS)
check-isolation: deps-test ## Plugins that do what they must not, and what they are told
	swift build --product casparian
	@PYTHONPATH=python .deps/python/bin/python3 -m pytest -v Tests/integration/test_isolation.py
check-backpressure: release deps-test ## A plugin that yields 20 GB into a slower sink stays under its limit
	@CASPARIAN_BIN=$(BIN) .deps/python/bin/python3 Tests/memory/check_backpressure.py $(ARGS)
chaos: deps-test ## Sentinel and workers killed, stopped and cut off for minutes (ARGS="--minutes 1 --jobs 300 --seed 7")
	swift build --product casparian
	@.deps/python/bin/python3 Tests/chaos/check_chaos.py $(ARGS)
large-csv: release ## A 2 GB CSV in under 400 MB of memory
	@Scripts/large-csv

install: release ## A relocatable tree under PREFIX
	@Scripts/install "$(PREFIX)" $(BIN)
clean:
	rm -rf .build .build-* Benchmarks/.build
