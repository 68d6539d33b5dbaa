# Packages, data, tests and checks; included by the top Makefile. `## text` after a target is its line in
# `make help`; `## -` marks one that is not for users.

DEPS := gcc libc6-dev make pkg-config liblua5.4-dev zlib1g-dev libminizip-dev libjansson-dev libstb-dev \
        liblapacke-dev libedit-dev libcmocka-dev \
        curl ca-certificates
# What some tests use; they are left out where it cannot be had.
TEST_DEPS := tmux lua5.4 lua-check luarocks mandoc fish zsh libxml2-utils
# pkg-config is asked when make starts: what is built after `deps` is built by a make of its own.
AGAIN := +@$(MAKE) --no-print-directory
RUN := @BUILD=$(BUILD) JOBS=$(JOBS) tests/run.sh
C_FILES = $(wildcard src/*/*.[ch] tests/unit/*.[ch] tests/kernel/*.[ch])

# Tests in which threads meet: the pool, everything that runs on it, and whole trainings.
TSAN_TESTS := unit:threads unit:batch unit:fit unit:flow unit:generator unit:prefetch unit:digits unit:train unit:evaluate unit:units unit:digest unit:dataset unit:image unit:filler unit:whiten unit:files \
              lua:flow lua:flow_forms lua:augment lua:train lua:model lua:dataset lua:folder pipelines:01_
ASAN_TESTS := unit lua errors pipelines:01_ pipelines:04_

.PHONY: help deps test-deps check-deps check-module mnist fashion_mnist demo test accuracy bench bench-peers parity build-tests pipelines asan tsan check lint format

help: ## this list
	@sed -n 's/^\([a-z][a-z_-]*\):[^#]*## \([^-].*\)/make \1 \2/p' Makefile tests/setup.mk | \
	  awk '{ t = $$2; $$1 = $$2 = ""; sub(/^ +/, ""); printf "  make %-14s %s\n", t, $$0 }'

deps: ## install the Debian packages that are missing, through apt
	@sh tests/setup/packages.sh $(DEPS)

MISSING := { echo "luma: packages are missing; 'make deps' installs them" >&2; exit 1; }
check-deps: check-module ## -
	@$(PKG_CONFIG) --exists $(LIBS_LUA) $(LIBS_CLI) 2>/dev/null || $(MISSING)

# What the module needs; a Lua that was given is not asked for.
check-module: ## -
	@$(PKG_CONFIG) --exists $(LIBS_ENGINE) $(LIBS_HEADERS) $(if $(filter file,$(origin LUA_CFLAGS)),$(LIBS_LUA)) \
	    2>/dev/null || $(MISSING)

mnist: ## fetch MNIST into datasets/mnist and check it
	@LUMA_INSTALL='sh tests/setup/packages.sh' datasets/fetch.sh $@

fashion_mnist: ## fetch Fashion-MNIST into datasets/fashion_mnist and check it
	@datasets/fetch.sh $@

demo: deps ## everything: packages, build, MNIST, and pipelines/01_normalize.lua
	$(AGAIN) all
	@if $(MAKE) -s --no-print-directory mnist; then set --; else \
	  echo "demo: MNIST cannot be had here, the pipeline runs on drawn digits (data=digits)"; \
	  set -- data=digits; fi; \
	$(BUILD)/luma run pipelines/01_normalize.lua "$$@"

test-deps: deps ## -
	@sh tests/setup/packages.sh $(TEST_DEPS) || echo "test: tests that use missing packages are left out"

test: test-deps ## everything it takes, then every test
	$(AGAIN) build-tests
	$(RUN) unit lua errors cli checks setup pipelines

build-tests: all module $(UNIT_BIN) ## -

accuracy: deps ## train on MNIST from five seeds, five epochs each; minutes
	$(AGAIN) all
	@$(BUILD)/luma run tests/accuracy.lua

check: ## the checks of the sources: layers, sizes, text, README
	$(RUN) checks

pipelines: ## -
	$(RUN) pipelines

bench: deps ## measure speed on this machine, beside the peers that are installed; figures to build/bench*.json
	$(AGAIN) all
	@$(BUILD)/luma bench --json $(BUILD)/bench.json
	@BUILD=$(BUILD) CC=$(CC) sh tests/bench/peers.sh --installed

bench-peers: deps ## install oneDNN, PyTorch, TensorFlow, OpenCV and Keras, and measure beside them
	$(AGAIN) all
	@BUILD=$(BUILD) CC=$(CC) sh tests/bench/peers.sh

parity: deps ## install the real Keras and compare with it on random arguments (SEED=, CASES=)
	$(AGAIN) all
	@BUILD=$(BUILD) SEED=$(SEED) CASES=$(CASES) sh tests/parity/parity.sh

asan: deps ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(AGAIN) sanitized BUILD=build/asan SANITIZE=address,undefined OPT='-O1 -g' TESTS='$(ASAN_TESTS)'

tsan: deps ## the threaded tests under ThreadSanitizer
	$(AGAIN) sanitized BUILD=build/tsan SANITIZE=thread OPT='-O1 -g' TESTS='$(TSAN_TESTS)'

# Not part of the tests: it wants afl++ and FUZZ_SECONDS of one processor. What it finds is in build/fuzz/out.
FUZZ_SECONDS ?= 600
FUZZ_SRC = $(wildcard src/base/*.c src/io/*.c src/kernel/ref_*.c) src/kernel/select.c $(wildcard src/tensor/*.c) \
           tests/unit/help_images.c tests/unit/help_png.c tests/fuzz/fuzz_image.c
.PHONY: fuzz
fuzz: ## fuzz the readers of image files with AFL++ (package afl++) for ten minutes
	@mkdir -p $(BUILD)/fuzz/seeds
	afl-clang-fast -std=c11 -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fwrapv \
	  '-DSTBI_ASSERT(x)=((x)?(void)0:abort())' -pthread -Isrc -Itests/unit \
	  $(call pkg_cflags,$(LIBS_ENGINE) $(LIBS_HEADERS) $(LIBS_TEST)) -o $(BUILD)/fuzz/image $(FUZZ_SRC) \
	  $(call pkg_libs,$(LIBS_ENGINE) $(LIBS_TEST)) -lm
	$(BUILD)/fuzz/image -s $(BUILD)/fuzz/seeds
	AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
	  ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0:allocator_may_return_null=1 \
	  afl-fuzz -m none -t 2000 -V $(FUZZ_SECONDS) -i $(BUILD)/fuzz/seeds -o $(BUILD)/fuzz/out -- $(BUILD)/fuzz/image @@

.PHONY: sanitized
sanitized: ## -
	$(AGAIN) build-tests
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 \
	  TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1 TEST_SECONDS=400 \
	  ISAS=best BUILD=$(BUILD) JOBS=$(JOBS) tests/run.sh $(TESTS)

lint: ## clang-tidy, cppcheck, clang-format, luacheck, shellcheck, where they are installed
	@sh tests/setup/lint.sh

format: ## clang-format -i on every C file
	clang-format -i $(C_FILES)
