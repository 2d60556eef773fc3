# `make run` and `make test` do everything on a fresh Debian or Ubuntu machine that has Swift 6.2 or newer.

TEST_TIMEOUT ?= 1800
ARGS ?=

.PHONY: build run test lint imports check

build: ; @scripts/install-packages && swift build -c release --product nibble

# Until the explorer is there: a measurement of a sample net; ARGS names any other command.
run: build ; @.build/release/nibble $(ARGS)

# Release, because the kernels and the statistics are tested on real amounts of data.
test: ; @scripts/install-packages test && timeout $(TEST_TIMEOUT) swift test -c release -Xswiftc -enable-testing

lint: ; @scripts/lint

imports: ; @scripts/install-packages && swift build --explicit-target-dependency-import-check error

check: lint imports test
