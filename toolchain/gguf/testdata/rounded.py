"""Makes rounded.f32, 64 blocks of 32 values (little-endian float32), and rounded.F16, rounded.Q8_0 and
rounded.Q4_0, the bytes that the "gguf" package makes of them.

    pip install gguf numpy && python rounded.py
"""
import gguf
import numpy as np

rng = np.random.default_rng(3)
values = (rng.standard_normal((64, 32)) * 10.0 ** rng.integers(-4, 3, (64, 1))).astype(np.float32)
values[0] = 0
values[1] = np.abs(values[1])
values[2, 5] = -40000  # the largest of its block, far above the others
values[3, 31] = 60000
values[4] *= np.float32(1e-6) / np.abs(values[4]).max()  # scales below float16's normal numbers
values.tofile("rounded.f32")

values.astype(np.float16).tofile("rounded.F16")
for kind in [gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0]:
    gguf.quants.quantize(values, kind).tofile(f"rounded.{kind.name}")
