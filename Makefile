# SPDX-License-Identifier: Apache-2.0
# The few commands; everything is built under build/.
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
# The one that has Debian's python3-... packages.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

# $(call build,folder,type,options for cmake,options for the build)
build = cmake -S . -B build/$(1) -DCMAKE_BUILD_TYPE=$(2) $(3) && \
  cmake --build build/$(1) -j$(JOBS) $(4)

.PHONY: build demo test test-all bench bench-deep lint fuzz prove install uninstall clean wasm wheel \
  deb dist
build:
	@tools/install_deps
	@$(call build,release,Release)

demo: build
	@build/release/blindsight demo

# What the web tests need is not needed to build: without it they say SKIP.
test: build
	@tools/install_deps --web || :
	@tools/run_tests -j $(JOBS) build/release

# The client for browsers and Node, as an npm package: build/web/package.
wasm:
	@tools/install_deps --web
	@tools/build_wasm -j $(JOBS) build/web
	@tools/pack_web build/web build/web/package build/web/page
	@echo "build/web/package: blindsight.wasm, $$(gzip -9 -c build/web/blindsight.wasm | wc -c) bytes packed"

# The Python package with all that it needs: build/wheel/*.whl, for pip install.
wheel: build wasm
	@tools/make_wheel build/release build/wheel build/web/page
	@tools/check_wheel build/wheel/*.whl

# Sources of a release, with their bill of materials: build/dist.
dist:
	@tools/make_dist build/dist

# Debian packages of them: build/deb.
deb: wasm
	@tools/install_deps --dev
	@tools/make_deb build/deb build/web/page

test-all: build
	@tools/install_deps --dev
	@$(call build,asan,Asan)
	@tools/run_tests -j $(JOBS) --valgrind --load build/release build/asan

bench: build
	@tools/run_bench build/release

bench-deep: build
	@BENCH_ONLY=bench_deep tools/run_bench build/release build/bench/deep.json
	@$(PYTHON) bench/resnet.py build/release build/bench/deep.json

lint: build
	@tools/install_deps --dev
	@$(call build,clang,Release,-DCMAKE_C_COMPILER=clang)
	@tools/lint build/release build/clang

fuzz:
	@tools/install_deps --dev
	@$(call build,fuzz,Fuzz,-DCMAKE_C_COMPILER=clang,--target fuzz_targets)
	@tools/run_fuzz build/fuzz $(FUZZ_SECONDS)

prove:
	@tools/prove

install: build
	@cmake -S . -B build/release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@DESTDIR=$(DESTDIR) cmake --install build/release

# What this build would install there is taken away, and the folders that are empty then.
uninstall: build
	@tools/uninstall build/release "$(PREFIX)" "$(DESTDIR)"

clean:
	rm -rf build
