"""Prints scipy's fits that SharedFloorFitTests.swift and QuadraticFitTests.swift hold; reads a report's fits too.

    python3 ladder_constants.py                    # the constants of the tests, from synthetic ladders
    python3 ladder_constants.py reports/ladder     # refits a committed report's points and compares with its tables

Run with scipy 1.17. curve_fit and least_squares minimise the same objective (Huber loss of log residuals, delta 1e-3) over
(log E, log A_t, alpha_t), from a grid of starts; the lowest counts. `loss='huber'` with f_scale=delta is twice Huber's.
"""
import itertools
import json
import math
import sys
import numpy as np
from scipy.optimize import curve_fit, least_squares

DELTA = 1e-3
# How far two fits' curves may be apart where something was measured: the minimum is flat, for below delta a residual
# costs next to nothing and above it the sum is of absolute values, whose minimum many curves share. Of two minima that
# are equal to a millionth, curves were seen apart by 0.002 (synthetic, 1% noise).
APART = 5e-3


class SplitMix:
    def __init__(self, seed): self.state = seed
    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (1 << 64) - 1
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (1 << 64) - 1
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (1 << 64) - 1
        return z ^ (z >> 31)
    def uniform(self): return (self.next() >> 11) * 2.0 ** -53


def log_losses(parameters, curve, x):
    """log of E + A_t e^(-alpha_t x) of every point; parameters: log E, then log A_t and alpha_t of each curve."""
    return np.logaddexp(parameters[0], parameters[1 + 2 * curve] - parameters[2 + 2 * curve] * x)


def fit(ladders):
    """ladders: [[(compute, loss)]]. Returns E, [(A_t, alpha_t)], sum of Huber."""
    curve = np.concatenate([[t] * len(points) for t, points in enumerate(ladders)]).astype(int)
    compute, loss = np.array([p for points in ladders for p in points]).T
    reference = np.exp(np.log(compute).mean())
    x, y = np.log(compute / reference), np.log(loss)
    best = None
    for share, alpha in itertools.product([0.02, 0.2, 0.4, 0.6, 0.8, 0.95], [0.02, 0.1, 0.3]):
        start = [math.log(share * loss.min())]
        for points in ladders:
            start += [math.log(np.mean([p[1] for p in points]) - share * loss.min() + 1e-9), alpha]
        # First smoothly, then as asked: from afar Huber's loss is flat.
        for delta in (1, 1e-1, 1e-2, DELTA):
            found = least_squares(
                lambda p: log_losses(p, curve, x) - y, start, loss="huber", f_scale=delta, x_scale="jac",
                ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=4000)
            start = found.x
        # curve_fit is the same by another door: it must not find anything lower.
        again, _ = curve_fit(
            lambda x, *p: log_losses(np.array(p), curve, x), x, y, start, method="trf", loss="huber",
            f_scale=DELTA, ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=4000)
        for p in (found.x, again):
            r = np.abs(log_losses(p, curve, x) - y)
            value = np.where(r <= DELTA, r * r / 2, DELTA * (r - DELTA / 2)).sum()
            if best is None or value < best[0]: best = (value, p)
    value, p = best
    curves = [(math.exp(p[1 + 2 * t] + p[2 + 2 * t] * math.log(reference)), float(p[2 + 2 * t])) for t in range(len(ladders))]
    return math.exp(p[0]), curves, value


def synthetic(seed, budgets, truth, noise):
    """Losses about E + A C^-alpha: Irwin-Hall normal noise on the log, from SplitMix64."""
    g, (floor, curves) = SplitMix(seed), truth
    return [[(c, (floor + a * c ** -alpha) * math.exp(noise * (sum(g.uniform() for _ in range(12)) - 6)))
             for c in budgets] for a, alpha in curves]


TRUTH = (0.9, [(60.0, 0.15), (250.0, 0.2), (20.0, 0.11)])
BUDGETS = [2.5e11, 1e12, 4e12, 1.6e13, 6.4e13]


def tables(value):
    """Every table of a report's tables.json, wherever it stands."""
    if isinstance(value, dict):
        if "rows" in value and "key" in value: yield value
        for part in value.values(): yield from tables(part)
    elif isinstance(value, list):
        for part in value: yield from tables(part)


def isLearned(row): return not (isinstance(row["bitsPerByte"], dict) and "notLearned" in row["bitsPerByte"]["marks"])


def point(row):
    """A point of the ladder: the parabola's minimum where there is one, else the best size's bits/byte."""
    parabola = row.get("parabolaBitsPerByte")
    return number(row["bitsPerByte"] if parabola is None else parabola)


def number(cell): return cell["value"] if isinstance(cell, dict) else cell


def compare(folder):
    """Refits the points of every ladder of a report by scipy.

    Exit status 1 where ours is not as low as scipy's by more than a millionth of it, or where the two fits' curves are
    apart by more than APART (relative) at any of the measured budgets. E, A and alpha are printed, not judged: along a
    flat minimum they move together, and only what they predict is told by the points."""
    by_key = {t["key"]: t["rows"] for t in tables(json.load(open(f"{folder}/tables.json")))}
    bad = 0
    for key in sorted(k for k in by_key if k.startswith("ladder-fit")):
        ours = by_key[key]
        names = [row["tokenizer"] for row in ours]
        ladders = [[(number(row["budget"]), point(row)) for row in by_key[key.replace("fit", "optima")]
                    if row["tokenizer"] == name and isLearned(row)] for name in names]
        floor, curves, value = fit(ladders)
        mine, scipys, farthest = 0.0, 0.0, 0.0
        for row, (scale, exponent), points in zip(ours, curves, ladders):
            worst = 0.0
            for c, loss in points:
                a = number(row["floor"]) + number(row["scale"]) * c ** -number(row["exponent"])
                b = floor + scale * c ** -exponent
                for log_residual, isMine in ((abs(math.log(a / loss)), True), (abs(math.log(b / loss)), False)):
                    h = log_residual ** 2 / 2 if log_residual <= DELTA else DELTA * (log_residual - DELTA / 2)
                    if isMine: mine += h
                    else: scipys += h
                worst = max(worst, abs(a / b - 1))
            farthest = max(farthest, worst)
            print(f"{key} {row['tokenizer']}: E {number(row['floor']):.6f} (scipy {floor:.6f}), A {number(row['scale']):.6g} "
                  f"({scale:.6g}), alpha {number(row['exponent']):.6f} ({exponent:.6f}), curves apart by {worst:.1e}")
        print(f"{key}: objective {mine:.9g}, scipy's {scipys:.9g}; curves apart by at most {farthest:.1e}")
        bad += mine > scipys * (1 + 1e-6) + 1e-12 or farthest > APART
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) > 1: sys.exit(compare(sys.argv[1]))
    for seed, noise in [(2, 0.004), (3, 0.004), (4, 0.01)]:
        floor, curves, value = fit(synthetic(seed, BUDGETS, TRUTH, noise))
        print("fit", seed, noise, float(floor), curves, float(value))
    floor, curves, value = fit(synthetic(5, BUDGETS, (0.0, [(5.0, 0.05), (9.0, 0.07)]), 0.01))
    print("no floor", float(floor), curves, float(value))
    x, y = np.array([0.0, 1.0, 2.5, 3.0, 4.5]), np.array([2.1, 1.7, 1.62, 1.66, 2.3])
    c = np.polyfit(x, y, 2)
    print("parabola", float(-c[1] / 2 / c[0]), float(np.polyval(c, -c[1] / 2 / c[0])))
