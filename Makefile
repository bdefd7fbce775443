# Casparian Flow. `make help` lists what there is.
SHELL := /bin/bash
PREFIX ?= /usr/local
BIN := .build/release/casparian
SWIFT_TEST := swift test --disable-xctest

.PHONY: help deps deps-test release run test gate lint format sanitizers docs bench check-real large-csv install clean
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
gate: test sanitizers docs ## What has to be green before anything lands

lint: ## Formatting
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
format: ## Format in place
	swift format --in-place --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

sanitizers: deps-test ## ThreadSanitizer on concurrent code, AddressSanitizer on the C++ boundary
	@Scripts/sanitizers
docs: deps ## Check the documents and the documentation comments
	@Scripts/check-docs

bench: release deps-test ## Measure against DuckDB, polars and pyarrow (ARGS="--quick")
	@Benchmarks/run $(ARGS)
check-real: release deps-test ## Real files that nobody here wrote, compared with pandas and json
	@Scripts/check-real
large-csv: release ## A 2 GB CSV in under 400 MB of memory
	@Scripts/large-csv

install: release ## A relocatable tree under PREFIX
	@Scripts/install "$(PREFIX)" $(BIN)
clean:
	rm -rf .build .build-* Benchmarks/.build
