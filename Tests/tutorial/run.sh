#!/usr/bin/env bash
# Every command of docs/tutorial.md, in its order, as a reader would type them. Two things are smaller than a reader's: the
# text and the numbers of experiments/quick.yaml. And `swift` is not called: the harness that is built already is used.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=$(realpath -m "${HARNESS:-.build/release/harness}") here=$PWD
test -x "$harness" || { echo 'build first: make build'; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch/bin" "$scratch/experiments" "$scratch/.build/release"
ln -s "$harness" "$scratch/.build/release/harness"
printf '#!/bin/sh\nexit 0\n' > "$scratch/bin/swift"
chmod +x "$scratch/bin/swift"
for name in Makefile README.md Examples baselines docs; do ln -s "$here/$name" "$scratch/$name"; done
gzip -dc /usr/share/dictd/gcide.dict.dz | head -c 600000 > "$scratch/text.txt" || true
sed -e "s|paths: .*|paths: [text.txt]|" -e 's/validationShare: .*/validationShare: 0.1/' -e 's/budget: .*/budget: 1e11/' \
  -e 's/steps: .*/steps: 20/' -e 's/^evaluation: .*/evaluation: {bytes: 20_000, quickBytes: 5_000, points: 2}/' \
  experiments/quick.yaml > "$scratch/experiments/quick.yaml"

awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/tutorial.md > "$scratch/commands.sh"
test "$(grep -c harness "$scratch/commands.sh")" -ge 15 || { echo 'docs/tutorial.md has lost its commands'; exit 1; }
cd "$scratch"
unset HARNESS_STORE HARNESS MAKEFLAGS  # what a reader does not have
if ! PATH="$scratch/bin:$PATH" bash -euo pipefail -x commands.sh > output.txt 2>&1; then
  tail -n 30 output.txt
  echo 'docs/tutorial.md: the last command above fails'
  exit 1
fi
for file in runs/quick/report/report.html tokens.html runs/mine/report/report.md runs/mine-and-words/report/report.md \
  both/report.md RESULTS.md hub/README.md hub/results.csv; do
  test -s "$file" || { echo "docs/tutorial.md promises $file"; exit 1; }
done
if grep -l 'failed' runs/*/report/report.md; then echo 'docs/tutorial.md: a cell failed'; exit 1; fi
echo "the tutorial's $(grep -c . commands.sh) lines run"
