"""Writes significance.json: paired figures and the p-values that SciPy's
permutation test gives for their mean difference, and p-values adjusted by
Holm's method, here in the form of the closed testing principle with Bonferroni
tests: a hypothesis's p-value is the greatest that Bonferroni's test gives to any
set of hypotheses that holds it.

    pip install scipy==1.17.1 && python3 significance.py

permutation_type "samples" exchanges the two figures of a query. It counts all
patterns when they are no more than n_resamples, else it draws that many.
"""

import itertools
import json

import numpy as np
from scipy.stats import permutation_test

rng = np.random.default_rng(5)


def case(a, b):
    result = permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
        n_resamples=300_000, vectorized=True, batch=2000, rng=rng,
    )
    return {"a": list(a), "b": list(b), "difference": float(np.mean(a - b)), "p": float(result.pvalue)}


def noisy(n, shift, ties):
    a = np.round(rng.uniform(0, 1, n), 3)
    b = np.round(np.clip(a - shift + rng.normal(0, 0.2, n), 0, 1), 3)
    same = rng.uniform(0, 1, n) < ties
    b[same] = a[same]
    return case(a, b)


cases = [noisy(n, shift, ties) for n in (2, 5, 9, 13, 18) for shift in (0, 0.1) for ties in (0, 0.4)]
cases += [noisy(n, shift, 0.5) for n in (40, 300) for shift in (0, 0.01, 0.03)]


def closed(ps):
    adjusted = [0.0] * len(ps)
    for size in range(1, len(ps) + 1):
        for members in itertools.combinations(range(len(ps)), size):
            p = min(1.0, size * min(ps[i] for i in members))
            for i in members:
                adjusted[i] = max(adjusted[i], p)
    return adjusted


families = [list(np.round(rng.uniform(0, 1, n) ** 3, 4)) for n in (1, 2, 7, 12)]
holm = [{"p": p, "adjusted": closed(p)} for p in families]
with open("significance.json", "w") as out:
    json.dump({"tests": cases, "holm": holm}, out)
    out.write("\n")
