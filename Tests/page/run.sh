#!/usr/bin/env bash
# The report's page and that of `harness show` in headless Chromium, from the file system: tables sort, series hide, points
# and tokens say their values to the pointer and to the keyboard, all can be read without the script, and nothing needs the
# network. Needs Debian's chromium, and a built harness.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=${HARNESS:-.build/release/harness}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$harness" report reports/quick --out "$scratch" --baseline baselines/paper.json > /dev/null
printf 'na\303\257ve \346\235\261\344\272\254 \360\237\221\251\342\200\215\360\237\221\251\342\200\215\360\237\221\247 \327\220\327\221\ttab \377 <b>end' > "$scratch/text"
"$harness" show Bytes 'LZW[v=1k]' 'GZip[v=256]' --file "$scratch/text" --html "$scratch/tokens.html"
size=$(stat -c %s "$scratch/report.html")
echo "the report's page: $size bytes"
test "$size" -lt 2000000 || { echo 'the page of reports/quick has 2 MB or more'; exit 1; }

browse() {  # what a page says of itself when its script has run
  local page=$1
  shift
  chromium --headless --no-sandbox --disable-gpu --window-size=1200,900 --virtual-time-budget=20000 "$@" \
    --dump-dom "file://$page" 2> /dev/null | sed -n 's/.*data-checks="\([^"]*\)".*/\1/p'
}
holds() {  # the name of a check, and what was said
  echo "$1: ${2:-the page said nothing}"
  case "$2" in "all hold: "*) ;; *) exit 1 ;; esac
}
for name in report tokens; do
  page="$scratch/$name.html"
  { cat "$page"; echo '<script>'; cat Tests/page/checks.js; echo '</script>'; } > "$scratch/checked.html"
  for colours in light dark; do
    holds "$name, $colours" \
      "$(browse "$scratch/checked.html" --blink-settings=preferredColorScheme=$([ $colours = dark ] && echo 0 || echo 1))"
  done
  { sed '/^<script>$/,/^<\/script>$/d' "$page"; echo '<script>'; cat Tests/page/reading.js; echo '</script>'; } > "$scratch/read.html"
  holds "$name, without its script" "$(browse "$scratch/read.html")"
done
