"""Makes Tests/TransformerTests/Fixtures/pytorch.safetensors: a tiny model of this project's architecture written in
PyTorch, its loss and its gradients, for the gradient test. Run once; needs torch and safetensors.
usage: make_fixture.py OUT"""
import math, sys, torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(7)
D, H, d, L, M, V, N, S = 32, 2, 16, 2, 64, 19, 3, 40
p = {"embedding": torch.randn(V + 1, D)}
for l in range(L):
    p[f"layers.{l}.attentionNorm"] = 1 + 0.1 * torch.randn(D)
    p[f"layers.{l}.qkv"] = torch.randn(D, 3 * H * d) / math.sqrt(D)
    p[f"layers.{l}.relativeBias"] = 0.3 * torch.randn(H, 32)
    p[f"layers.{l}.attentionOut"] = torch.randn(H * d, D) / math.sqrt(H * d)
    p[f"layers.{l}.mlpNorm"] = 1 + 0.1 * torch.randn(D)
    p[f"layers.{l}.mlpIn"] = torch.randn(D, M) / math.sqrt(D)
    p[f"layers.{l}.mlpOut"] = torch.randn(M, D) / math.sqrt(M)
p["finalNorm"] = 1 + 0.1 * torch.randn(D)
p = {k: v.double().requires_grad_() for k, v in p.items()}
tokens = torch.randint(0, V, (N, S))
inputs = torch.cat([torch.full((N, 1), V), tokens[:, :-1]], 1)

pos = torch.arange(S)
dist = (pos[:, None] - pos[None, :]).clamp(min=0)
large = (16 + (torch.log(dist.clamp(min=1).double() / 16) / math.log(8) * 16).long()).clamp(max=31)
buckets = torch.where(dist < 16, dist, large)
mask = torch.full((S, S), float("-inf"), dtype=torch.double).triu(1)
norm = lambda x, w: F.rms_norm(x, (D,), w, eps=1e-6)
x = p["embedding"][inputs]
for l in range(L):
    g = lambda name: p[f"layers.{l}.{name}"]
    q, k, v = (norm(x, g("attentionNorm")) @ g("qkv")).view(N, S, 3, H, d).permute(2, 0, 3, 1, 4)
    bias = g("relativeBias")[:, buckets] + mask
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.unsqueeze(0))
    x = x + y.transpose(1, 2).reshape(N, S, H * d) @ g("attentionOut")
    x = x + F.relu(norm(x, g("mlpNorm")) @ g("mlpIn")) @ g("mlpOut")
logits = norm(x, p["finalNorm"]) @ p["embedding"][:V].T / math.sqrt(D)
logz = logits.logsumexp(-1)
loss = (logz - logits.gather(-1, tokens[..., None]).squeeze(-1)).mean() + 1e-4 * (logz**2).mean()
loss.backward()
out = {k: v.detach().float().contiguous() for k, v in p.items()}
out |= {"gradient." + k: v.grad.float().contiguous() for k, v in p.items()}
out["tokens"] = tokens.float()
out["loss"] = loss.detach().float().reshape(1)
save_file(out, sys.argv[1], metadata={"dim": "32", "heads": "2", "layers": "2", "headSize": "16", "mlp": "64", "vocabulary": "19", "sequences": "3", "length": "40"})
print("loss", loss.item())
