#!/usr/bin/env bash
# The report's page in headless Chromium, from the file system: tables sort, series hide, points say their values, and
# nothing of it needs the network. Needs Debian's chromium, and a built harness.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=.build/release/harness
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$harness" report reports/quick --out "$scratch" --baseline baselines/paper.json > /dev/null
{ cat "$scratch/report.html"; echo '<script>'; cat Tests/page/checks.js; echo '</script>'; } > "$scratch/checked.html"
browse() {  # what the page says of itself when its script has run
  chromium --headless --no-sandbox --disable-gpu --window-size=1200,900 --virtual-time-budget=5000 "$@" \
    --dump-dom "file://$scratch/checked.html" 2> /dev/null | sed -n 's/.*data-checks="\([^"]*\)".*/\1/p'
}
for colours in light dark; do
  said=$(browse --blink-settings=preferredColorScheme=$([ $colours = dark ] && echo 0 || echo 1))
  echo "$colours: ${said:-the page said nothing}"
  case "$said" in "all hold: "*) ;; *) exit 1 ;; esac
done
