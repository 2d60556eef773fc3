# `make run` and `make test` do everything on a fresh Debian or Ubuntu machine that has Swift 6.2 or newer.

TEST_TIMEOUT ?= 1800
ARGS ?=

.PHONY: build run test lint imports check install uninstall bench conformance fuzz sanitize

build: ; @scripts/install-packages && swift build -c release --product nibble

# The explorer on the bundled net; ARGS names another net or command.
run: build ; @.build/release/nibble $(ARGS)

# Release, because the kernels and the statistics are tested on real amounts of data.
test: ; @scripts/install-packages test && timeout $(TEST_TIMEOUT) swift test -c release -Xswiftc -enable-testing

lint: ; @scripts/lint

imports: ; @scripts/install-packages && swift build --explicit-target-dependency-import-check error

check: lint imports test

PREFIX ?= /usr/local
INSTALLED = $(DESTDIR)$(PREFIX)

# The binary carries the Swift runtime, so that the machine it is copied to needs none.
install:
	@scripts/install-packages
	@swift build -c release --product nibble --static-swift-stdlib --scratch-path .build/static
	@install -d "$(INSTALLED)/bin" "$(INSTALLED)/share/nibble/sample-nets"
	@install -m 755 .build/static/release/nibble "$(INSTALLED)/bin/nibble"
	@install -m 644 sample-nets/* "$(INSTALLED)/share/nibble/sample-nets/"
	@swift package --scratch-path .build/manual plugin generate-manual >/dev/null
	@install -d "$(INSTALLED)/share/man/man1"
	@install -m 644 .build/manual/plugins/GenerateManual/outputs/nibble/nibble.1 "$(INSTALLED)/share/man/man1/nibble.1"
	@install -d "$(INSTALLED)/share/bash-completion/completions" "$(INSTALLED)/share/zsh/site-functions" \
	    "$(INSTALLED)/share/fish/vendor_completions.d"
	@"$(INSTALLED)/bin/nibble" --generate-completion-script bash > "$(INSTALLED)/share/bash-completion/completions/nibble"
	@"$(INSTALLED)/bin/nibble" --generate-completion-script zsh > "$(INSTALLED)/share/zsh/site-functions/_nibble"
	@"$(INSTALLED)/bin/nibble" --generate-completion-script fish > "$(INSTALLED)/share/fish/vendor_completions.d/nibble.fish"

uninstall:
	@rm -rf "$(INSTALLED)/share/nibble"
	@rm -f "$(INSTALLED)/bin/nibble" "$(INSTALLED)/share/man/man1/nibble.1" \
	    "$(INSTALLED)/share/bash-completion/completions/nibble" \
	    "$(INSTALLED)/share/zsh/site-functions/_nibble" "$(INSTALLED)/share/fish/vendor_completions.d/nibble.fish"

# Milliseconds of edits and frames, and the engine beside ONNX Runtime: writes docs/benchmarks.md.
bench:
	@scripts/install-packages && swift build -c release --product session-bench && .build/release/session-bench
	@scripts/bench

# ONNX's own test data; DATA names another folder of that layout.
DATA ?=
ONNX_DATA = /usr/share/libonnx-testdata/data
conformance:
	@scripts/install-packages $(if $(DATA),,conformance) && swift build -c release --product conformance
	@.build/release/conformance $(if $(DATA),"$(DATA)",$(addprefix $(ONNX_DATA)/,node simple pytorch-operator pytorch-converted))

# Mutated files for every reader, FUZZ_SECONDS each; a crash leaves reader and seed in /tmp/nibble-fuzz-last.
FUZZ_SECONDS ?= 60
fuzz:
	@scripts/install-packages && swift build -c release --product reader-fuzz
	@.build/release/reader-fuzz sample-nets $(FUZZ_SECONDS) || { cat /tmp/nibble-fuzz-last; exit 1; }

# The tests of the engine, the readers, the trainer and the sessions under the thread and the address sanitizer; leaks are not looked
# for, since the test runner itself leaves some behind.
sanitize:
	@scripts/install-packages test
	@TSAN_OPTIONS=suppressions=$(CURDIR)/scripts/thread-sanitizer-suppressions swift test -c release \
	    -Xswiftc -enable-testing --sanitize=thread --scratch-path .build/thread --filter 'EngineTests|NetIOTests|TrainingTests|WorkbenchTests'
	@ASAN_OPTIONS=detect_leaks=0 swift test -c release \
	    -Xswiftc -enable-testing --sanitize=address --scratch-path .build/address --filter 'EngineTests|NetIOTests|TrainingTests|WorkbenchTests'
