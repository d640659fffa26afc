#!/usr/bin/env bash
# The kernels, M1 and its codes on this machine and, emulated, on arm64: the same hashes and the golden token streams.
# Needs clang (Swift's own will do), lld and Debian's qemu-user, libc6-dev-arm64-cross and libgcc-12-dev-arm64-cross.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=.build/arm64
mkdir -p "$out"
clang=${CLANG:-$(command -v clang || echo "$(dirname "$(readlink -f "$(command -v swift)")")/clang")}
flags="-std=gnu11 -O2 -Wall -Werror -ISources/CKernels/include -ITests/KernelHashes/include"
arm="--target=aarch64-linux-gnu --gcc-install-dir=/usr/lib/gcc-cross/aarch64-linux-gnu/12 -fuse-ld=lld -static"
arm="$arm -isystem /usr/aarch64-linux-gnu/include -L/usr/aarch64-linux-gnu/lib -B/usr/aarch64-linux-gnu/lib"

build() {  # name, flags of the target, sources
  local name=$1 target=$2
  shift 2
  "$clang" $flags $target Sources/CKernels/*.c "$@" -lm -lpthread -o "$out/$name"
}
build hashes "" Tests/KernelHashes/kernel_hashes.c Tests/arm64/hashes.c
build golden "" Tests/arm64/golden.c
build hashes-arm64 "$arm" Tests/KernelHashes/kernel_hashes.c Tests/arm64/hashes.c
build golden-arm64 "$arm" Tests/arm64/golden.c

"$out/hashes" > "$out/hashes.txt"
qemu-aarch64 "$out/hashes-arm64" > "$out/hashes-arm64.txt"
grep -q "^neon" "$out/hashes-arm64.txt" || { echo "the arm64 program has no neon kernels"; exit 1; }
# Every set of both machines against the committed hashes.
cut -f 1 "$out/hashes.txt" "$out/hashes-arm64.txt" | sort -u | while read -r set; do
  cat "$out/hashes.txt" "$out/hashes-arm64.txt" | awk -F '\t' -v s="$set" '$1 == s { print $2 "\t" $3 }' | sort -u |
    diff - <(sort Tests/KernelHashes/hashes.txt) || { echo "kernels $set compute other bits"; exit 1; }
  echo "$set: every kernel's hash is the committed one"
done
"$out/golden" Tests/PluginsTests/Golden
qemu-aarch64 "$out/golden-arm64" Tests/PluginsTests/Golden
