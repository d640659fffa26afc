"""How fast the PyTorch worker trains on a GPU: steps on random weights, as docs/scale.md has them.

usage: torch_gpu.py SIZE VOCABULARY BATCH MICRO_BATCH [TEXT]
           sequences of 512 tokens in bf16, AdamW. With a vocabulary of 256 the tokens are TEXT's bytes, else random, the
           rank of a token as likely as its logarithm. Prints tokens/s after four steps, for two seconds, and the share of
           989 TFLOP/s (an H100's dense bf16) that these are by the README's formula.

    python3 Benchmarks/torch_gpu.py 25m 256 128 128 README.md"""
import math, os, sys, tempfile, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../Sources/Transformer/Torch"))
import torch
import torch_worker as worker

SIZES = {  # dim, heads, layers, MLP: Sources/Transformer/Model/ModelShape.swift
    "3m": (256, 4, 3, 1024), "25m": (512, 8, 6, 2048), "113m": (768, 12, 12, 3072), "403m": (1024, 16, 24, 4096),
}
LENGTH, STEPS = 512, 1000


def job(folder, size, vocabulary, batch, micro_batch, text):
    dim, heads, layers, mlp = SIZES[size]
    generator = torch.Generator().manual_seed(0)
    random = lambda *shape: torch.randn(*shape, generator=generator)
    tensors = {"embedding": random(vocabulary + 1, dim), "finalNorm": torch.ones(dim)}
    for l in range(layers):
        tensors |= {f"layers.{l}.{name}": tensor for name, tensor in {
            "attentionNorm": torch.ones(dim), "mlpNorm": torch.ones(dim), "relativeBias": torch.zeros(heads, 32),
            "qkv": random(dim, 3 * dim) / dim**0.5, "attentionOut": random(dim, dim) / (2 * layers * dim) ** 0.5,
            "mlpIn": random(dim, mlp) / dim**0.5, "mlpOut": random(mlp, dim) / (2 * layers * mlp) ** 0.5}.items()}
    worker.write_tensors(folder + "/initial.safetensors", tensors, {})
    if vocabulary == 256:
        tokens, width = torch.frombuffer(bytearray(open(text, "rb").read()), dtype=torch.uint8), 1
    else:
        ranks = torch.rand(2_000_000, generator=generator).mul(math.log(vocabulary)).exp().long() - 1
        tokens, width = ranks.clamp(max=vocabulary - 1).int(), 4
    tokens.numpy().tofile(folder + "/tokens.bin")
    torch.randint(0, len(tokens), (STEPS * batch,), generator=generator).numpy().tofile(folder + "/order.bin")
    torch.full((STEPS,), 1e-4, dtype=torch.float64).numpy().tofile(folder + "/schedule.bin")
    buckets = [d if d < 16 else min(31, 16 + int(math.log(d / 16) / math.log(8) * 16)) for d in range(128)]
    return {
        "identity": "", "shape": {"heads": heads, "headSize": 64, "vocabulary": vocabulary}, "steps": STEPS, "until": STEPS,
        "batch": batch, "sequenceLength": LENGTH, "microBatch": micro_batch, "threads": os.cpu_count(), "precision": "bf16",
        "optimizer": "adamw", "beta2": 0.95, "weightDecay": 0.1, "zLoss": 1e-4, "clip": 1.0,
        "rates": dict.fromkeys(tensors, 1.0), "matrices": [n for n, t in tensors.items() if t.dim() == 2], "buckets": buckets,
        "weights": folder + "/initial.safetensors", "order": folder + "/order.bin", "schedule": folder + "/schedule.bin",
        "folder": folder, "stop": folder + "/stop", "snapshots": [], "checkpointSeconds": math.inf,
        "tokens": {"files": [folder + "/tokens.bin"], "width": width, "count": len(tokens)},
    }


def measure(size, vocabulary, batch, micro_batch, text):
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    with tempfile.TemporaryDirectory() as folder:
        run = worker.Run(job(folder, size, vocabulary, batch, micro_batch, text))
        began = time.perf_counter()
        run.advance().item()
        compiled = time.perf_counter() - began
        for _ in range(3):
            run.advance()
        wait()
        began, steps = time.perf_counter(), 0
        while time.perf_counter() - began < 2:
            run.advance()
            wait()
            steps += 1
        speed = steps * batch * LENGTH / (time.perf_counter() - began)
    dim, _, layers, mlp = SIZES[size]
    flops = 3 * (2 * layers * (4 * dim**2 + 2 * dim * mlp) + 2 * dim * vocabulary + 2 * layers * dim * LENGTH)
    print(f"{size}, V = {vocabulary}: {speed / 1e3:.1f} k tokens/s, {speed * flops / 1e12:.2f} TFLOP/s, "
          f"{speed * flops / 989e12:.1%} of 989; first step {compiled:.1f} s, on {run.name}", file=worker.answers)


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6) or sys.argv[1] not in SIZES or (sys.argv[2] == "256") != (len(sys.argv) == 6):
        sys.exit(__doc__)
    measure(sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5] if len(sys.argv) == 6 else None)
