"""Fits the polynomial of kernel.GELU and prints its coefficients.

|x|*Phi(-|x|) = (c*c - t*t) * P(t) with t = min(|x|, 2c) - c: P is of degree 12 and
leaves the least possible greatest error, found by Lawson's iteration: a least
squares fit whose weights grow where the error is large. Needs numpy.
"""

import math

import numpy as np

CENTRE, DEGREE, ROUNDS = 2.75, 12, 100

angles = np.linspace(0, np.pi, 4003)[1:-1]
t = -CENTRE * np.cos(angles)
x = t + CENTRE
goal = np.array([v * 0.5 * math.erfc(v / math.sqrt(2)) for v in x])
basis = np.polynomial.chebyshev.chebvander(t / CENTRE, DEGREE) * (CENTRE**2 - t * t)[:, None]

weights = np.ones_like(t)
for _ in range(ROUNDS):
    root = np.sqrt(weights)
    fit, *_ = np.linalg.lstsq(basis * root[:, None], goal * root, rcond=None)
    error = np.abs(basis @ fit - goal)
    weights *= error + 1e-12
    weights /= weights.sum()

powers = np.polynomial.chebyshev.cheb2poly(fit) / CENTRE ** np.arange(DEGREE + 1)
print("greatest error %.2e" % error.max())
print(", ".join("%.9g" % c for c in powers.astype(np.float32)))
