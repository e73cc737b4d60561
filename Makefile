# The front door; CMake with presets stands behind it. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# JOBS=n limits the build, PREFIX and DESTDIR are for `install`, CUDA=1 or 0 chooses libtorch, and
# MOCO_LIBTORCH=/folder takes one that is there already. MOCO_REFERENCE and MOCO_PYTHON are for `bench`
# and `test-python`.
JOBS ?=
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
export CUDA MOCO_LIBTORCH

jobs := $(if $(JOBS),--parallel $(JOBS))
configure = cmake --preset $(1) $(if $(MOCO_LIBTORCH),-DMOCO_LIBTORCH=$(abspath $(MOCO_LIBTORCH)))
sources = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp' '*.hpp')

.PHONY: help deps build demo test test-python test-asan test-ubsan test-tsan bench format format-check lint install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what is missing: Debian packages, and libtorch into a cache folder
	@bash cmake/deps.sh

build: deps ## the library, the tool and the examples, in build/
	@$(call configure,release) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@cmake --build $(BUILD) $(jobs)

demo: build ## pretrain on Fashion-MNIST and look at the result
	@tools/demo.sh

test: build ## build and run all tests
	@ctest --test-dir $(BUILD) --output-on-failure --parallel $(or $(JOBS),$(shell nproc))

test-python: build ## compare with PyTorch, torchvision, timm, scikit-learn; installs them into the cache (5 GB)
	@MOCO_PYTHON=$${MOCO_PYTHON:-$$(cmake/python.sh)} ctest --test-dir $(BUILD) --output-on-failure -V \
	    -R '^(unit\.embed|e2e\.(ecosystem|cli_evaluate))$$'

bench: build ## measure loader and step, into docs/benchmark.md; see CONTRIBUTING.md
	@cmake --build $(BUILD) $(jobs) --target moco-synth
	@python3 tools/bench/bench_report.py --moco $(BUILD)/bin/moco --synth $(BUILD)/bin/moco-synth \
	    $(if $(MOCO_REFERENCE),--reference $(MOCO_REFERENCE)) $(if $(MOCO_PYTHON),--python $(MOCO_PYTHON))

test-asan test-ubsan test-tsan: test-%: deps ## the unit tests and small golden cases under a sanitizer
	@$(call configure,$*) >/dev/null
	@cmake --build $(BUILD)-$* $(jobs)
	@ctest --test-dir $(BUILD)-$* --output-on-failure -R '^(unit\.|golden\.(pixels|r18_cifar))'

format: ## rewrite the sources as .clang-format says
	@clang-format -i $(sources)

format-check: ## complain where the sources differ from that
	@clang-format --dry-run -Werror $(sources)

lint: format-check build ## format-check, and clang-tidy over the C sources
	@printf '%s\0' $(wildcard c_api/*/*.c tools/*.c tools/*/*.c examples/*.c) | \
	    xargs -0 -n 1 -P $(or $(JOBS),$(shell nproc)) clang-tidy --quiet -p $(BUILD)

install: build ## into PREFIX (default /usr/local), below DESTDIR
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(abspath $(PREFIX))

clean: ## remove what was built; the cache with libtorch stays
	@rm -rf build build-debug build-asan build-ubsan build-tsan
