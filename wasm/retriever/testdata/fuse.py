"""Writes fuse.json: keyword rankings, cosines, and the fused order that the
formula in fuse.go gives, computed with NumPy in double precision.

    pip install numpy==2.4.6 && python3 fuse.py
"""

import json

import numpy as np

rng = np.random.default_rng(3)
DEPTH = 100


def case(n, covered, hits, keyword, semantic):
    cosines = rng.uniform(-0.2, 0.9, covered).astype(np.float32)
    docs = rng.permutation(n)[:hits]
    # A passage's fit need not fall as its rank by BM25 does.
    fits = rng.uniform(0.01, 1.0, hits).astype(np.float32)
    kw = np.zeros(n)
    kw[docs[:DEPTH]] = fits[:DEPTH]
    z = np.full(n, np.nan)
    z[:covered] = (cosines - cosines.mean(dtype=float)) / cosines.astype(float).std()
    z = z * np.abs(z)
    known = [z[d] for d in docs[:DEPTH] if d < covered]
    z[covered:] = np.mean(known) if known else 0.0
    top = np.argsort(-cosines, kind="stable")[:DEPTH]
    candidates = sorted(set(docs[:DEPTH].tolist()) | set(top.tolist()))
    total = {d: keyword * kw[d] + semantic * z[d] for d in candidates}
    order = sorted(candidates, key=lambda d: (-total[d], d))
    # Neighbours that single precision could swap would make the test flaky.
    gaps = [total[a] - total[b] for a, b in zip(order, order[1:])]
    keep = next((i + 1 for i, gap in enumerate(gaps) if gap < 1e-5), len(order))
    return {
        "fusion": {"keyword": keyword, "semantic": semantic},
        "docs": docs.tolist(),
        "fits": fits.tolist(),
        "cosines": cosines.tolist(),
        "want": order[:keep],
        "scores": [total[d] for d in order[:keep]],
    }


cases = []
for n, covered, hits in ((5, 5, 3), (40, 40, 12), (40, 17, 12), (300, 300, 150), (300, 120, 90), (60, 60, 1)):
    for keyword, semantic in ((1.0, 0.02), (0.5, 1.0)):
        cases.append(case(n, covered, hits, keyword, semantic))
with open("fuse.json", "w") as out:
    json.dump(cases, out)
    out.write("\n")
