# make run         installs what is missing, builds, runs experiments/quick.yaml; the report is runs/quick/report/report.md
# make test        installs what is missing, builds, runs every test
# make test-arm64  runs the kernels and the golden token streams for arm64 under emulation
# make test-page   drives the report's page in headless Chromium
# make test-latex  compiles the report's tables with pdflatex
# make test-scale  many processes, and a Slurm of two nodes on this machine where its package can be had
# make test-tutorial  runs every command of docs/tutorial.md, on less text
# make docs        builds the pages of the public API with DocC, into .build/docs; a warning is an error
# make publish     copies the report and the records of runs/RUN to reports/RUN, as they are published, and rewrites
#                  reports/RESULTS.md
# make publish-paper  does the same with the report of runs/paper-SCALE and its measurements
# make fuzz        runs libFuzzer over the decoders for FUZZ_SECONDS; what it finds worth keeping goes into Fuzz/Corpus
# make lint        checks the formatting;  make format  mends it
DEBIAN_PACKAGES = libsentencepiece-dev sentencepiece zlib1g-dev libssl-dev libpcre2-dev libopenblas-dev libdnnl-dev dict-gcide pkg-config python3-venv
# The program that what stands below runs, and the target that makes it.
export HARNESS = .build/release/harness
PROGRAM = build
SOURCES = Package.swift Sources Plugins Tests Examples Fuzz/Package.swift Fuzz/Sources
RUN = quick
SCALE = small
FUZZ_SECONDS = 600
# Tests see internals, so they are built apart from what `make` and `swift build -c release` build.
TEST = -c release -Xswiftc -enable-testing --scratch-path .build-testing

.PHONY: run build test test-python torch-python test-arm64 test-page test-latex test-scale test-tutorial docs publish publish-paper fuzz packages lint format clean

run: build
	$(HARNESS) run experiments/quick.yaml --baseline baselines/paper.json

build: packages
	swift build -c release --product harness

# Another package's program first, with the same flags in the same place: what it is made of is then not compiled again.
test: test-python torch-python
	swift build --package-path Examples/Nibbles $(TEST)
	swift build $(TEST) --build-tests --explicit-target-dependency-import-check error
	swift test $(TEST) --skip-build
	rm -rf .build/nibbles
	.build-testing/release/my-harness train 'Nibbles[first=low]' --corpus Makefile --out .build/nibbles --store .build/nibbles-store
	.build-testing/release/my-harness check .build/nibbles Makefile

# A Python with libraries that nobody here wrote, to test against: tokenizers for Examples/plugins/library.py and, with
# tiktoken and sentencepiece, for `harness bench codec`; tensorboard and cmarkgfm (GitHub's Markdown) for what reports write.
# Tests that stand on one that cannot be had are skipped.
PYTHON = .build/test-python
test-python: packages
	@test -x $(PYTHON)/bin/pip || { rm -rf $(PYTHON); python3 -m venv $(PYTHON); }
	@for library in tokenizers tiktoken sentencepiece tensorboard cmarkgfm; do \
	  $(PYTHON)/bin/python3 -c "import $$library" 2>/dev/null || $(PYTHON)/bin/pip install -q $$library \
	    || echo "what stands on $$library is not tested: pip cannot install it"; \
	done

# A report's tables, with the worst names, through TeX.
test-latex: DEBIAN_PACKAGES += texlive-latex-recommended
test-latex: packages
	swift test $(TEST) --filter compiledByTeX

# A Python with PyTorch; without it, what trains there is not tested.
TORCH_PYTHON = .build/torch-python
torch-python: packages
	@$(TORCH_PYTHON)/bin/python3 -c 'import torch' 2>/dev/null \
	  || { rm -rf $(TORCH_PYTHON) && python3 -m venv $(TORCH_PYTHON) && $(TORCH_PYTHON)/bin/pip install -q numpy 'torch==2.13.*'; } \
	  || { rm -rf $(TORCH_PYTHON); echo "training with PyTorch is not tested: pip cannot install torch"; }

test-page: DEBIAN_PACKAGES += chromium
test-page: $(PROGRAM)
	Tests/page/run.sh

test-scale: $(PROGRAM)
	@command -v slurmctld >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm; } \
	  || echo "Slurm cannot be installed here: sudo apt-get install --no-install-recommends slurm-wlm"
	Tests/scale/run.sh

test-tutorial: $(PROGRAM)
	Tests/tutorial/run.sh

# From the tests' build: DocC reads what the compiler left beside the modules.
docs: packages
	rm -rf .build/docs && mkdir -p .build/docs
	for target in Tokenizers Plugins HarnessCLI; do \
	  swift package $(TEST) --allow-writing-to-directory .build/docs generate-documentation \
	    --target $$target --output-path .build/docs/$$target --warnings-as-errors || exit 1; \
	done

test-arm64: DEBIAN_PACKAGES = qemu-user libc6-dev-arm64-cross libgcc-12-dev-arm64-cross
test-arm64: packages
	Tests/arm64/run.sh

# The reports folder holds what the project publishes: the records of one run folder, and nothing that it held before.
# A run folder that an older form of the experiment was run in holds its records too: they would stand in parts of their
# own, so start from an empty one.
publish:
	test -d runs/$(RUN)/records
	rm -rf reports/$(RUN) && mkdir -p reports/$(RUN)
	cp -r runs/$(RUN)/records runs/$(RUN)/experiment.yaml reports/$(RUN)/
	cp runs/$(RUN)/resolved-*.json reports/$(RUN)/
	$(HARNESS) report reports/$(RUN) --out reports/$(RUN) --baseline baselines/paper.json
	$(HARNESS) results $(filter-out reports/paper-%,$(wildcard reports/*/)) --out reports/RESULTS.md

# Its many tables have no place in reports/RESULTS.md, where a run is a column.
publish-paper:
	test -d runs/paper-$(SCALE)/records
	rm -rf reports/paper-$(SCALE) && mkdir -p reports/paper-$(SCALE)
	cd runs/paper-$(SCALE) && cp -r records measurements machine.json paper.json ../../reports/paper-$(SCALE)/
	$(HARNESS) paper --report-only --out reports/paper-$(SCALE) --report reports/paper-$(SCALE)

# The linker is named because gold, SwiftPM's default here, breaks on the fuzzer's debug information.
fuzz: packages
	swift build --package-path Fuzz -c release -Xswiftc -sanitize=fuzzer -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld
	mkdir -p Fuzz/.build/new
	SWIFT_BACKTRACE=enable=no Fuzz/.build/release/fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=1000 -artifact_prefix=Fuzz/ Fuzz/.build/new Fuzz/Corpus
	Fuzz/.build/release/fuzz -merge=1 -artifact_prefix=Fuzz/.build/ Fuzz/Corpus Fuzz/.build/new

packages:
ifeq ($(shell uname -s),Darwin)
	@echo "On macOS the packages come from Homebrew: brew install sentencepiece openblas pcre2 pkg-config;"
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
	rm -rf .build .build-testing Examples/Nibbles/.build Fuzz/.build
