# make run    installs what is missing, builds, runs experiments/quick.yaml, writes reports/quick/report.md
# make test   installs what is missing, builds, runs every test
# make test-arm64   runs the kernels and M1's codes on an emulated arm64: the same bits as here
# make fuzz   runs libFuzzer over the decoders for FUZZ_SECONDS; what it finds worth keeping goes into Fuzz/Corpus
# make lint   checks the formatting;  make format  mends it
DEBIAN_PACKAGES = libsentencepiece-dev sentencepiece zlib1g-dev libopenblas-dev libdnnl-dev dict-gcide gnuplot-nox pkg-config libssl-dev
# One build serves both: tests see internals, so the release build keeps them visible.
SWIFT_FLAGS = -c release -Xswiftc -enable-testing
HARNESS = .build/release/harness
SOURCES = Package.swift Sources Tests Examples Fuzz/Package.swift Fuzz/Sources
FUZZ_SECONDS = 600

.PHONY: run test test-arm64 fuzz build packages lint format clean

run: build
	$(HARNESS) run experiments/quick.yaml
	$(HARNESS) report runs/quick --out reports/quick --baseline baselines/paper.json
	mkdir -p reports/quick/records && cp runs/quick/records/*.json reports/quick/records/
	cp runs/quick/order.json runs/quick/experiment.yaml reports/quick/

test: packages
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build
	swift build --package-path Examples/Nibbles -c release
	rm -rf .build/nibbles
	Examples/Nibbles/.build/release/my-harness train 'Nibbles[first=low]' --corpus Makefile --out .build/nibbles
	Examples/Nibbles/.build/release/my-harness check .build/nibbles Makefile

test-arm64: DEBIAN_PACKAGES = qemu-user libc6-dev-arm64-cross libgcc-12-dev-arm64-cross
test-arm64: packages
	Tests/arm64/run.sh

# The linker is named because gold, SwiftPM's default here, breaks on the fuzzer's debug information.
fuzz: packages
	swift build --package-path Fuzz -c release -Xswiftc -sanitize=fuzzer -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld
	mkdir -p Fuzz/.build/new
	SWIFT_BACKTRACE=enable=no Fuzz/.build/release/fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=300 -artifact_prefix=Fuzz/ Fuzz/.build/new Fuzz/Corpus
	Fuzz/.build/release/fuzz -merge=1 -artifact_prefix=Fuzz/.build/ Fuzz/Corpus Fuzz/.build/new

build: packages
	swift build $(SWIFT_FLAGS) --product harness

packages:
ifeq ($(shell uname -s),Darwin)
	@echo "On macOS the packages come from Homebrew: brew install sentencepiece openblas gnuplot pkg-config;"
	@echo "the GCIDE corpus of experiments/quick.yaml is Debian's dict-gcide: name another text in its corpus.paths."
else
	@missing=""; \
	for package in $(DEBIAN_PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	  else \
	    echo "Missing packages. Install them, then run make again:"; \
	    echo "  sudo apt-get install --no-install-recommends$$missing"; exit 1; \
	  fi; \
	fi
endif

lint:
	swift format lint --strict --recursive --parallel $(SOURCES)

format:
	swift format --in-place --recursive --parallel $(SOURCES)

clean:
	rm -rf .build Examples/Nibbles/.build Fuzz/.build
