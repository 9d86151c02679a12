"""Writes quantise.json: vectors quantised by NumPy in float32, scale =
max |x| / 127 and x / scale rounded half to even.

    pip install numpy && python3 quantise.py
"""

import json

import numpy as np

random = np.random.default_rng(3)
vectors = [random.standard_normal(n).astype(np.float32) for n in (1, 7, 64, 64, 384)]
vectors.append(np.array([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -127], np.float32))  # halves
vectors.append(np.zeros(5, np.float32))
vectors.append(np.array([3e-30, -1e-30, 2e-32], np.float32))
cases = []
for v in vectors:
    scale = np.float32(np.abs(v).max()) / np.float32(127)
    q = np.zeros(len(v)) if scale == 0 else np.rint(v / scale)
    cases.append({"vector": [float(x) for x in v], "scale": float(scale), "q": [int(x) for x in q]})
with open("quantise.json", "w") as out:
    json.dump(cases, out)
    out.write("\n")
