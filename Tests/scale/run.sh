#!/usr/bin/env bash
# Many processes and a Slurm of two nodes, both on this machine: the right cells are done, the failed one is named, a job
# that meets its time limit goes on, nothing is trained twice.
set -euo pipefail
cd "$(dirname "$0")/../.."
harness=$PWD/.build/release/harness here=$PWD
test -x "$harness" || { echo 'build first: make build'; exit 1; }
scratch=$(mktemp -d)
stop() { if [ -f "$scratch/slurm/pids" ]; then "$here/Tests/scale/slurm.sh" stop "$scratch/slurm"; fi; rm -rf "$scratch"; }
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
else
  echo 'two process namespaces are not tried: unshare --pid takes root'
fi

# --- 200 cells over 8 processes on one store, one step each.
experiment many "[$(seq -s, 1 100)]" '[Bytes, "StaticAC[v=256]"]' 1 100k > "$scratch/many.yaml"
export HARNESS_STORE=$scratch/many-store
for i in 0 1; do "$harness" stage tokens "$scratch/many.yaml" --index $i --out "$scratch/many" 2> "$scratch/many.txt"; done
start=$(date +%s%N)
"$harness" submit "$scratch/many.yaml" --engine local --processes 8 --out "$scratch/many" > "$scratch/many.txt" 2>&1 \
  || fail '200 cells over 8 processes'
seconds=$(awk -v a="$start" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f", (b - a) / 1e9 }')
[ "$(models "$scratch/many-store")" = 200 ] || fail 'not 200 models'
[ "$(records "$scratch/many")" = 200 ] || fail 'not 200 records'
[ "$(grep -c ': 1 steps, [0-9]' "$scratch/many.txt")" = 200 ] || fail 'a cell was trained twice, or lost'
"$harness" verify "$scratch/many" > /dev/null
echo "200 cells over 8 processes, none twice, none lost: $seconds s, $(awk -v s="$seconds" 'BEGIN { printf "%.0f", 200 / s }') cells/s"
unset HARNESS_STORE

# --- The same tasks counted by a scheduler's variable.
AWS_BATCH_JOB_ARRAY_INDEX=1 "$harness" stage cell "$scratch/namespaces.yaml" --out "$scratch/array" \
  --store "$scratch/array-store" 2> "$scratch/array.txt" || fail 'a task whose index is in the environment'
[ "$(records "$scratch/array")" = 1 ] || fail 'one task did not make one cell'

# --- Slurm.
if ! command -v slurmctld > /dev/null || [ "$(id -u)" != 0 ]; then
  echo 'Slurm is not tried: its package, or root, is missing'
  exit 0
fi
"$here/Tests/scale/slurm.sh" start "$scratch/slurm" 2
export SLURM_CONF=$scratch/slurm/slurm.conf
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
