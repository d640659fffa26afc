"""Prints scipy's answers that DifferenceTestTests.swift and BootstrapTests.swift hold.

The examples and the bootstrap's draws come from SplitMix64, as in Fixtures.swift, so that both sides compute from the same
numbers. Run with scipy 1.17: python3 scipy_constants.py
"""
import math
import numpy as np
from scipy import stats
from scipy.stats._resampling import BootstrapResult

MASK = (1 << 64) - 1


class SplitMix:
    def __init__(self, seed): self.state = seed
    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)
    def uniform(self): return (self.next() >> 11) * 2.0 ** -53
    def below(self, bound): return (self.next() * bound) >> 64


def examples(seed, count, shift):
    """Skewed nats of `count` examples of 10,240 bytes, the last of 3,000."""
    g = SplitMix(seed)
    nats, size = [], []
    for i in range(count):
        u = g.uniform()
        size.append(3000 if i == count - 1 else 10240)
        nats.append(size[-1] * (1.0 + 0.8 * u * u * u + shift * (g.uniform() - 0.4)))
    return np.array(nats), np.array(size, float)


a, size = examples(1, 30, 0.0)
b, _ = examples(1, 30, 0.02)
print("difference", stats.ttest_rel(a, b))
print("levels", (a.sum() / math.log(2) / size.sum(), b.sum() / math.log(2) / size.sum()))

# Bootstrap: the same draws, scipy's BCa on our replicates.
g, resamples = SplitMix(7), 2000
draws = np.array([[g.below(30) for _ in range(30)] for _ in range(resamples)])


def ratio(n, s): return n.sum(-1) / math.log(2) / s.sum(-1)
def bca(statistic, data, replicates, method):
    given = BootstrapResult(confidence_interval=None, bootstrap_distribution=replicates, standard_error=0.0)
    return stats.bootstrap(data, statistic, n_resamples=0, bootstrap_result=given, paired=True, vectorized=False,
                           method=method).confidence_interval


for method in ["BCa", "percentile"]:
    print(method, "a", bca(ratio, (a, size), ratio(a[draws], size[draws]), method))
    print(method, "a - b", bca(lambda x, y, s: ratio(x, s) - ratio(y, s), (a, b, size),
                               ratio(a[draws], size[draws]) - ratio(b[draws], size[draws]), method))

# Seeds: three on a side, by the formula of Satterthwaite in numpy; Welch alone by scipy.
sideA = [examples(1, 30, s)[0] for s in (0.0, 0.03, 0.06)]
sideB = [examples(1, 30, s)[0] for s in (0.04, 0.10, 0.14)]
d = np.mean(sideA, 0) - np.mean(sideB, 0)
parts = [(d.var(ddof=1) / 30, 29)]
for side in (sideA, sideB):
    parts.append((np.var([x.mean() for x in side], ddof=1) / 3, 2))
v = sum(p for p, _ in parts)
t, freedom = d.mean() / math.sqrt(v), v * v / sum(p * p / f for p, f in parts)
print("welch", stats.ttest_ind([1.29, 1.31, 1.28], [1.25, 1.24, 1.27], equal_var=False))
print("seeds", t, freedom, 2 * stats.t.sf(abs(t), freedom))
print("normal quantiles", [stats.norm.ppf(p) for p in (0.025, 0.9, 1e-10)])
