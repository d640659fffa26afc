#!/usr/bin/env bash
# Many processes and a Slurm of two nodes, both on this machine: the right cells are done, the failed one is named, a job
# that meets its time limit goes on, nothing is trained twice; whatever the folder is called.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=$(realpath -m "${HARNESS:-.build/release/harness}") here=$PWD
test -x "$harness" || { echo 'build first: make build'; exit 1; }
base=$(mktemp -d)
scratch="$base/it's a \$run; # é"
mkdir "$scratch"
stop() {
  if [ -f "$base/slurm/pids" ]; then "$here/Tests/scale/slurm.sh" stop "$base/slurm"; fi
  if mountpoint -q "$scratch/small"; then umount "$scratch/small"; fi
  rm -rf "$base"
}
trap stop EXIT
fail() { echo "Tests/scale: $1"; tail -n 20 "$scratch"/*/jobs/logs/* "$scratch"/*.txt 2>/dev/null || true; exit 1; }
yes 'the cat sat on the mat, and the dog looked at the cat that sat there, alpha beta gamma delta.' \
  | awk '{ print NR, $0, (NR * 7919) % 1009; if (NR % 9 == 0) print "" }' | head -c 300000 > "$scratch/corpus.text" || true
models() { find "$1/model" -maxdepth 1 -mindepth 1 -type d ! -name '*.*' | wc -l; }
records() { find "$1/records" -name '*.json' | wc -l; }

experiment() {  # NAME SEEDS TOKENIZERS STEPS SIZE
  cat <<YAML
name: $1
corpus: {paths: ["$scratch/corpus.text"], validationShare: 0.2, exampleBytes: 2048}
m1: {size: 100k, context: 64, batch: 4, steps: 10}
m2: {sizes: [$5], sequenceLength: 32, batch: 4}
match: {by: steps, budget: $4}
seeds: $2
evaluation: {bytes: 4000, quickBytes: 2000, points: 1}
tokenizers: $3
YAML
}

# --- Two runs in process namespaces of their own, on one run folder: neither takes the other for itself.
experiment namespaces '[1, 2, 3, 4, 5, 6]' '[Bytes, "EqualInfoAC[b=12,v=4k]"]' 30 100k > "$scratch/namespaces.yaml"
if unshare --pid --fork true 2>/dev/null; then
  for i in 1 2; do
    unshare --pid --fork "$harness" run "$scratch/namespaces.yaml" --out "$scratch/namespaces" \
      --store "$scratch/namespaces-store" > "$scratch/namespaces-$i.txt" 2>&1 &
    pids[i]=$!
  done
  for i in 1 2; do wait "${pids[i]}" || fail "run $i of two in process namespaces of their own"; done
  [ "$(records "$scratch/namespaces")" = 12 ] || fail 'two runs in process namespaces gave a cell two records'
  echo 'two runs in process namespaces of their own shared one run folder'

  # One is killed while it trains: the other takes over what it held.
  export HARNESS_CLAIM_SECONDS=2
  run=(unshare --pid --fork --kill-child "$harness" run "$scratch/namespaces.yaml" --out "$scratch/killed"
    --store "$scratch/killed-store")
  "${run[@]}" > "$scratch/killed-1.txt" 2>&1 & pids[1]=$!
  for _ in $(seq 600); do [ -z "$(ls "$scratch/killed-store/work" 2>/dev/null)" ] || break; sleep 0.05; done
  kill -9 "${pids[1]}"
  wait "${pids[1]}" 2> /dev/null || true
  "${run[@]}" > "$scratch/killed-2.txt" 2>&1 || fail 'a run whose neighbour was killed'
  [ "$(records "$scratch/killed")" = 12 ] || fail 'not 12 records after a kill'
  "$harness" verify "$scratch/killed" --store "$scratch/killed-store" > /dev/null
  unset HARNESS_CLAIM_SECONDS
  echo 'what a killed run held was taken over'
else
  echo 'two process namespaces are not tried: unshare --pid takes root'
fi

# --- 200 cells over 8 processes on one store, one step each.
experiment many "[$(seq -s, 1 100)]" '[Bytes, "StaticAC[v=256]"]' 1 100k > "$scratch/many.yaml"
export HARNESS_STORE=$scratch/many-store
for i in 0 1; do "$harness" stage tokens "$scratch/many.yaml" --index $i --out "$scratch/many" 2> "$scratch/many.txt"; done
TIMEFORMAT='%R %U %S'
{ time "$harness" submit "$scratch/many.yaml" --engine local --processes 8 --out "$scratch/many" \
  > "$scratch/many.txt" 2>&1; } 2> "$scratch/time" || fail '200 cells over 8 processes'
[ "$(models "$scratch/many-store")" = 200 ] || fail 'not 200 models'
[ "$(records "$scratch/many")" = 200 ] || fail 'not 200 records'
[ "$(grep -c ': 1 steps, [0-9]' "$scratch/many.txt")" = 200 ] || fail 'a cell was trained twice, or lost'
"$harness" verify "$scratch/many" > /dev/null
awk '{ printf "200 cells over 8 processes, none twice, none lost: %.1f s, %.0f cells/s; %.0f ms of processor time a cell\n",
  $1, 200 / $1, ($2 + $3) * 5; exit $2 + $3 > 16 }' "$scratch/time" || fail 'bookkeeping takes too much processor time'
unset HARNESS_STORE

# --- A disk that is full, at whatever moment, fails no cell: it is the machine's fault, and the task goes well later.
if mkdir "$scratch/small" && mount -t tmpfs -o size=1m tmpfs "$scratch/small" 2>/dev/null; then
  experiment full '[1]' '[Bytes]' 50 100k > "$scratch/full.yaml"
  full() {
    "$harness" stage cell "$scratch/full.yaml" --out "$scratch/full" --store "$scratch/small/store" > "$scratch/full.txt" 2>&1
  }
  tries=0
  until full; do
    [ ! -e "$scratch/full/records" ] || fail 'a full disk gave a cell a record'
    "$harness" status "$scratch/full" --store "$scratch/small/store" > "$scratch/status.txt" || fail 'status with a full disk'
    grep -q '^failed   task cell 0: .*\(No space left\|enough space\)' "$scratch/status.txt" || fail 'status does not name the full disk'
    tries=$((tries + 1)); [ $tries -lt 40 ] || fail 'a larger disk is still full'
    mount -o "remount,size=$((1024 + tries * 200))k" "$scratch/small"
  done
  [ "$("$harness" status "$scratch/full" --store "$scratch/small/store")" = '1 done, 0 failed, 0 running, 0 waiting' ] \
    || fail 'a full disk is still a failure when the cell is done'
  umount "$scratch/small"
  echo "a disk that was full $tries times failed no cell"
else
  echo 'a full disk is not tried: mount takes root'
fi

# --- The same tasks counted by a scheduler's variable.
AWS_BATCH_JOB_ARRAY_INDEX=1 "$harness" stage cell "$scratch/namespaces.yaml" --out "$scratch/array" \
  --store "$scratch/array-store" 2> "$scratch/array.txt" || fail 'a task whose index is in the environment'
[ "$(records "$scratch/array")" = 1 ] || fail 'one task did not make one cell'

# --- Slurm.
if ! command -v slurmctld > /dev/null || [ "$(id -u)" != 0 ]; then
  echo 'Slurm is not tried: its package, or root, is missing'
  exit 0
fi
"$here/Tests/scale/slurm.sh" start "$base/slurm" 2
export SLURM_CONF=$base/slurm/slurm.conf
finish() {  # waits for all jobs; what is put back into the queue would be held for two minutes, and needs a few seconds
  for _ in $(seq 600); do
    [ -n "$(squeue -h)" ] || return 0
    for job in $(squeue -h -t PD -o '%A %r' | awk '$2 == "BeginTime" { print $1 }'); do
      sleep 4
      scontrol update JobId="$job" StartTime=now 2>/dev/null || true
    done
    sleep 0.5
  done
  squeue
  fail 'Slurm does not finish'
}

{
  experiment tiny '[1, 2]' '[Bytes, "EqualInfoAC[b=12,v=4k]", "SentencePiece[v=32k]"]' 20 100k
  echo 'cluster: {tokenTasks: 2}'
  echo 'variants: {on a GPU: {seeds: [1], tokenizers: [Bytes], match: {budget: 30}, cluster: {sbatch: {cell: [--gres=gpu:1]}}}}'
} > "$scratch/tiny.yaml"
export HARNESS_STORE=$scratch/tiny-store
cd "$scratch"
"$harness" submit tiny.yaml --engine slurm --out tiny > tiny.txt 2>&1 || fail 'the first submission'
grep -q 'submitted 7 of 7 cells' tiny.txt || fail 'the first submission is not of 7 cells'
"$harness" status tiny > status.txt || fail 'status of a run under way'
finish
"$harness" status tiny > status.txt
grep -q '^5 done, 2 failed, 0 running, 0 waiting$' status.txt || fail 'not 5 cells done and 2 failed'
[ "$(grep -c '^failed   SentencePiece\[v=32k\] 100k seed .*: cannot train SentencePiece' status.txt)" = 2 ] || fail 'the failed tokenizer is not named'
scontrol -o show jobs | grep 'JobName=cell' | grep -c 'TresPerNode=gres:gpu:1' | grep -qx 1 || fail 'not one job with a GPU'
grep -q '^- SentencePiece\[v=32k\], 100k: cannot train' tiny/report/report.md || fail 'the report lacks the failed tokenizer'
grep -q '| Bytes ' tiny/report/report.md || fail 'the report lacks Bytes'
echo 'Slurm: 5 cells done, one of them with a pretended GPU; the failing tokenizer is named; the report is there'

sed -i -e 's/SentencePiece\[v=32k\]/SentencePiece[v=512]/' -e 's/^seeds: .*/seeds: [1, 2, 3]/' tiny.yaml
before=$(models tiny-store)
"$harness" submit tiny.yaml --engine slurm --out tiny > tiny.txt 2>&1 || fail 'the second submission'
grep -q 'submitted 5 of 10 cells' tiny.txt || fail 'the second submission is not of the 5 cells that are missing'
finish
"$harness" status tiny > status.txt
grep -q '^10 done, 0 failed, 0 running, 0 waiting$' status.txt || fail 'not 10 cells done'
[ $(($(models tiny-store) - before)) = 5 ] || fail 'the second submission trained something else than what was missing'
"$harness" submit tiny.yaml --engine slurm --out tiny 2>&1 | grep -q 'nothing to submit' || fail 'a third submission'
echo 'Slurm: submitted again, only what was missing was trained'

# A minute is the shortest limit that Slurm has; it looks at limits every half a minute, so that the signal comes after 10 to
# 40 s.
experiment long '[1]' '[Bytes]' 7000 1m > long.yaml
HARNESS_STORE=$scratch/whole-store "$harness" run long.yaml --out whole --threads 1 > whole.txt 2>&1 || fail 'an undisturbed run'
export HARNESS_STORE=$scratch/long-store
"$harness" submit long.yaml --engine slurm --out long --sbatch=--time=1 --sbatch=--signal=B:USR1@50 > long.txt 2>&1
finish
"$harness" status long > status.txt
grep -q '^1 done' status.txt || fail 'the job that met its time limit did not finish'
grep -q '"resumptions" *: *[1-9]' long-store/model/*/manifest.json || fail 'the job never met its time limit; give it more steps'
cmp long-store/model/*/model.safetensors whole-store/model/*/model.safetensors || fail 'other bits than an undisturbed run'
echo 'Slurm: a job that met its time limit was requeued and ended with the bits of an undisturbed run'
