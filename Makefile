# The front door to CMake and its presets. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# JOBS=n limits the build, PREFIX and DESTDIR are for `install`, CUDA=1 or 0 chooses libtorch, and
# MOCO_LIBTORCH=/folder names a libtorch that is already there. MOCO_REFERENCE and MOCO_PYTHON are for
# `bench`, `gpu` and `test-python`.
JOBS ?=
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
export CUDA MOCO_LIBTORCH

jobs := $(if $(JOBS),--parallel $(JOBS))
# Tests at a time. Some wait, for a time-out or for each other's processes.
tests = $(or $(JOBS),$(shell expr 2 + $$(nproc)))
configure = cmake --preset $(1) $(2) $(if $(MOCO_LIBTORCH),-DMOCO_LIBTORCH=$(abspath $(MOCO_LIBTORCH)))
sources = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp' '*.hpp')

# Sources that clang-tidy reads. One unit holds what a room includes, if it includes libtorch. Files for other processors
# include the loops that the plain ones include.
lint_c := $(wildcard c_api/*/*.c tools/*.c tools/*/*.c examples/*.c)
lint_cpp = $(patsubst %,$(BUILD)/CMakeFiles/moco-cpp.dir/Unity/unity_%_cxx.cxx,network base) \
    cpp_impl/network/norm_kernels_plain.cpp cpp_impl/network/winograd_kernels.cpp \
    $(filter-out %_v3.cpp %_v4.cpp,$(wildcard cpp_impl/image/*.cpp))
tidy = xargs -0 -n 1 -P $(or $(JOBS),$(shell nproc)) clang-tidy --quiet

.PHONY: help deps build demo test test-all test-long test-python test-asan test-tsan coverage bench gpu format format-check layers lint \
    docs ship install uninstall package test-package clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install missing Debian packages, and libtorch into a cache folder
	@bash cmake/deps.sh

# Configures the folder build; $(1) has options.
define configure_build
	@$(call configure,release,$(1)) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
endef

build: deps ## build the library, the tool, the examples and the tests, in build/
	$(call configure_build,-DMOCO_TESTS=ON -DMOCO_EXAMPLES=ON)
	@cmake --build $(BUILD) $(jobs)

ship: ## build the library and the tool alone; a folder build/ with tests keeps them
	@bash cmake/deps.sh ship
	$(call configure_build,$(if $(wildcard $(BUILD)/CMakeCache.txt),,-DMOCO_TESTS=OFF -DMOCO_EXAMPLES=OFF))
	@cmake --build $(BUILD) $(jobs) --target ship

demo: ship ## pretrain on Fashion-MNIST and look at the result
	@tools/demo.sh

# Runs tests and says which were skipped; $(1) has variables, $(2) options of ctest.
define run_tests
	@rm -rf $(BUILD)/skips
	@$(1) ctest --test-dir $(BUILD) $(2) --output-on-failure --parallel $(tests) && passed=0 || passed=$$?; \
	    tests/report_skips.sh $(BUILD) && exit $$passed
endef

test: build ## build and run the tests; those that take long are left to test-all and test-long
	$(run_tests)

test-all: build ## build and run all tests, also those that take long; half an hour on two cores
	$(call run_tests,MOCO_TEST_ALL=1,-C all)

test-long: build ## inject every fault into every command, for hours; its figures are in docs/reliability.md
	@MOCO_LONG=all ctest --test-dir $(BUILD) --output-on-failure -V -L '^faults$$'

test-python: build ## compare with PyTorch, torchvision, timm, scikit-learn; installs them into the cache (5 GB)
	@MOCO_PYTHON=$${MOCO_PYTHON:-$$(cmake/python.sh)} ctest --test-dir $(BUILD) --output-on-failure -V \
	    -R '^(unit\.evaluate|e2e\.(ecosystem|cli_evaluate))$$'

bench: build ## measure loader and step, into docs/benchmark.md; see CONTRIBUTING.md
	@cmake --build $(BUILD) $(jobs) --target moco-synth
	@python3 tools/bench/bench_report.py --moco $(BUILD)/bin/moco --synth $(BUILD)/bin/moco-synth \
	    $(if $(MOCO_REFERENCE),--reference $(MOCO_REFERENCE)) $(if $(MOCO_PYTHON),--python $(MOCO_PYTHON))

test-asan: checked = ^(unit|e2e|multirank|golden)\.|^example\.
test-tsan: checked = ^unit\.|^golden\.(pixels|r18_cifar)
test-asan test-tsan: test-%: deps ## run the tests with AddressSanitizer and UndefinedBehaviorSanitizer, or with ThreadSanitizer
	@$(call configure,$*) >/dev/null
	@cmake --build $(BUILD)-$* $(jobs)
	@MOCO_TEST_ALL=1 ctest --test-dir $(BUILD)-$* -C all --output-on-failure --parallel $(or $(JOBS),$(shell nproc)) -R '$(checked)'

coverage: deps ## list which lines of c_api/ and cpp_impl/ the tests run, in build-coverage/lines.txt; needs gcovr
	@command -v gcovr >/dev/null || { echo "gcovr is missing; on Debian: apt install gcovr" >&2; exit 1; }
	@$(call configure,coverage) >/dev/null
	@cmake --build $(BUILD)-coverage $(jobs)
	@find $(BUILD)-coverage -name '*.gcda' -delete
	@MOCO_TEST_ALL=1 ctest --test-dir $(BUILD)-coverage -C all --output-on-failure --parallel $(or $(JOBS),$(shell nproc)) \
	    -L 'unit|golden|e2e|multirank|fake_gpu|faults' && passed=0 || passed=$$?; \
	    gcovr --root . --filter c_api/ --filter cpp_impl/ --txt $(BUILD)-coverage/lines.txt \
	    --html-details $(BUILD)-coverage/lines.html --print-summary $(BUILD)-coverage && exit $$passed

gpu: build ## run on this machine's GPUs what needs one, into docs/gpu.md; see there
	@cmake --build $(BUILD) $(jobs) --target moco-synth moco-golden moco-unit
	@python3 tools/bench/gpu.py --build $(BUILD) $(if $(MINUTES),--minutes $(MINUTES)) \
	    $(if $(MOCO_REFERENCE),--reference $(MOCO_REFERENCE)) $(if $(MOCO_PYTHON),--python $(MOCO_PYTHON))

format: ## format the sources
	@clang-format -i $(sources)

format-check: ## complain where `make format` would change something
	@clang-format --dry-run -Werror $(sources)

layers: ## complain where a room includes one that it must not use
	@python3 tests/layers/moco-check-layers . >/dev/null

lint: format-check build ## format-check, and clang-tidy over C and C++
	@printf '%s\0' $(lint_c) | $(tidy) -p $(BUILD)
	@cp cpp_impl/.clang-tidy $(BUILD)/ # for the units in that folder
	@printf '%s\0' $(lint_cpp) | $(tidy) -p $(BUILD) --checks=-bugprone-suspicious-include \
	    --extra-arg=-fno-openmp --extra-arg=-Wno-unknown-warning-option

docs: ## render the comments of the headers, in build-docs/html; needs doxygen
	@mkdir -p build-docs && MOCO_DOCS=build-docs doxygen Doxyfile

install: ship ## install library and tool into PREFIX (default /usr/local), below DESTDIR
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(abspath $(PREFIX)) --strip

uninstall: ## remove what the last `make install` wrote, below DESTDIR
	@bash cmake/uninstall.sh $(BUILD) $(DESTDIR)

package: ship ## make build/moco-*.tar.zst, to be unpacked anywhere, and build/moco_*.deb
	@test -e $(BUILD)/CPackConfig.cmake || { echo "package: libtorch that was named, or has NVIDIA's libraries, is not" \
	    "packed; cmake -B $(BUILD) -DMOCO_BUNDLE=ON packs its part for the CPU"; exit 1; }
	@rm -f $(BUILD)/moco-*.tar.zst $(BUILD)/moco_*.deb
	@cpack --config $(BUILD)/CPackConfig.cmake -B $(BUILD)

test-package: package ## try both in a new Debian system; needs root and debootstrap
	@tests/install/check_package.sh $(BUILD)

clean: ## remove the builds; the cache with libtorch stays
	@rm -rf build build-debug build-asan build-tsan build-coverage build-docs
