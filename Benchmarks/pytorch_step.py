"""The training step of this project's transformer in PyTorch: what 'harness bench train --pytorch' runs beside its own.

usage: pytorch_step.py time SIZE VOCABULARY BATCH LENGTH f32|bf16 THREADS SECONDS
           prints {"seconds": best step, "version": PyTorch's}
       pytorch_step.py check FILE [f32|bf16]
           FILE as 'harness bench train --export FILE' writes it: weights, tokens, loss and gradients. Computes loss and
           gradients again and prints how far apart they are; exit status 1 beyond what the precision explains.
"""
import json, math, sys, time
import torch
import torch.nn.functional as F

SIZES = {"1m": (128, 2, 2, 512), "3m": (256, 4, 3, 1024), "25m": (512, 8, 6, 2048), "113m": (768, 12, 12, 3072)}
HEAD_SIZE = 64


def distances(length):
    """T5's buckets of every (query, key) and the causal mask (Raffel et al. 2020, section 2.1)."""
    position = torch.arange(length)
    distance = (position[:, None] - position[None, :]).clamp(min=0)
    large = (16 + (torch.log(distance.clamp(min=1).double() / 16) / math.log(8) * 16).long()).clamp(max=31)
    return torch.where(distance < 16, distance, large), torch.full((length, length), float("-inf")).triu(1)


def loss_of(p, tokens, shape, buckets, mask, autocast):
    dim, heads, layers, head_size, vocabulary = shape
    batch, length = tokens.shape
    inputs = torch.cat([torch.full((batch, 1), vocabulary), tokens[:, :-1]], 1)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        x = p["embedding"][inputs]
        for l in range(layers):
            w = lambda name: p[f"layers.{l}.{name}"]
            normed = F.rms_norm(x, (dim,), w("attentionNorm"), eps=1e-6)
            q, k, v = (normed @ w("qkv")).view(batch, length, 3, heads, head_size).permute(2, 0, 3, 1, 4)
            bias = w("relativeBias")[:, buckets].to(q.dtype) + mask.to(q.dtype)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.unsqueeze(0))
            x = x + y.transpose(1, 2).reshape(batch, length, heads * head_size) @ w("attentionOut")
            x = x + F.relu(F.rms_norm(x, (dim,), w("mlpNorm"), eps=1e-6) @ w("mlpIn")) @ w("mlpOut")
        logits = F.rms_norm(x, (dim,), p["finalNorm"], eps=1e-6) @ p["embedding"][:vocabulary].T / math.sqrt(dim)
    logits = logits.float().view(-1, vocabulary)
    log_z = torch.logsumexp(logits, -1)
    return (log_z - logits.gather(1, tokens.reshape(-1, 1)).squeeze(1)).mean() + 1e-4 * (log_z**2).mean()


def fresh(dim, heads, layers, mlp, vocabulary):
    """Weights of the names and shapes that the project saves."""
    attention = heads * HEAD_SIZE
    p = {"embedding": torch.randn(vocabulary + 1, dim), "finalNorm": torch.ones(dim)}
    for l in range(layers):
        p[f"layers.{l}.attentionNorm"] = torch.ones(dim)
        p[f"layers.{l}.qkv"] = torch.randn(dim, 3 * attention) / math.sqrt(dim)
        p[f"layers.{l}.relativeBias"] = torch.randn(heads, 32)
        p[f"layers.{l}.attentionOut"] = torch.randn(attention, dim) / math.sqrt(attention)
        p[f"layers.{l}.mlpNorm"] = torch.ones(dim)
        p[f"layers.{l}.mlpIn"] = torch.randn(dim, mlp) / math.sqrt(dim)
        p[f"layers.{l}.mlpOut"] = torch.randn(mlp, dim) / math.sqrt(mlp)
    return {name: tensor.requires_grad_() for name, tensor in p.items()}


def measure(size, vocabulary, batch, length, dtype, threads, seconds):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    dim, heads, layers, mlp = SIZES[size]
    p = fresh(dim, heads, layers, mlp, vocabulary)
    optimizer = torch.optim.AdamW(p.values(), lr=1e-3, betas=(0.9, 0.95), fused=True)
    tokens = torch.randint(0, vocabulary, (batch, length))
    buckets, mask = distances(length)
    best, total, steps = math.inf, 0.0, 0
    while total < seconds or steps < 4:
        start = time.perf_counter()
        loss = loss_of(p, tokens, (dim, heads, layers, HEAD_SIZE, vocabulary), buckets, mask, dtype == "bf16")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(p.values(), 1.0, foreach=True)
        optimizer.step()
        elapsed = time.perf_counter() - start
        steps += 1
        if steps > 1:  # the first warms up
            best = min(best, elapsed)
            total += elapsed
    print(json.dumps({"seconds": best, "version": torch.__version__}))


def check(path, dtype):
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        table = {key: int(value) for key, value in file.metadata().items()}
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    names = [name for name in tensors if "gradient." + name in tensors]
    real = torch.float32 if dtype == "bf16" else torch.float64
    p = {name: tensors[name].to(real).requires_grad_() for name in names}
    tokens = tensors["tokens"].long()
    buckets, mask = distances(tokens.shape[1])
    shape = (table["dim"], table["heads"], table["layers"], table["headSize"], table["vocabulary"])
    loss = loss_of(p, tokens, shape, buckets, mask, dtype == "bf16")
    loss.backward()
    allowed = 0.05 if dtype == "bf16" else 1e-4
    worst = abs(loss.item() - tensors["loss"].item()) / loss.item()
    print(f"loss {loss.item():.7f} here, {tensors['loss'].item():.7f} there")
    for name in names:
        here, there = p[name].grad.double(), tensors["gradient." + name].double()
        apart = ((here - there).norm() / here.norm()).item()
        print(f"{name:28} |gradient| {here.norm().item():.3e}  relative distance {apart:.2e}")
        worst = max(worst, apart)
    print(f"largest relative distance {worst:.2e}, allowed {allowed}")
    sys.exit(worst > allowed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["time"]:
        size, vocabulary, batch, length, dtype, threads, seconds = sys.argv[2:]
        measure(size, int(vocabulary), int(batch), int(length), dtype, int(threads), float(seconds))
    elif sys.argv[1:2] == ["check"]:
        check(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "f32")
    else:
        sys.exit(__doc__)
