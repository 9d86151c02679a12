"""Makes formats.gguf, a GGUF file with a tensor in every number format that the reader knows and
metadata of every kind, and formats.f32, the tensors' values as the "gguf" package converts them
(little-endian float32, one tensor after the other in the order of their names).

    pip install gguf numpy && python make.py
"""
import gguf
import numpy as np

rng = np.random.default_rng(1)
w = gguf.GGUFWriter("formats.gguf", "llama")
w.add_uint8("k.uint8", 200)
w.add_int8("k.int8", -100)
w.add_uint16("k.uint16", 60000)
w.add_int16("k.int16", -30000)
w.add_uint32("k.uint32", 2147483647)
w.add_int32("k.int32", -2000000000)
w.add_uint64("k.uint64", 1 << 40)
w.add_int64("k.int64", -(1 << 40))
w.add_float32("k.float32", 1e-5)
w.add_float64("k.float64", 1e-5)
w.add_bool("k.true", True)
w.add_bool("k.false", False)
w.add_string("k.string", "Grüße")
w.add_array("k.strings", ["a", "", "ĠĊ"])
w.add_array("k.ints", [3, -4, 5])
w.add_array("k.floats", [0.5, -1.5])
w.add_array("k.bools", [True, False])

F = gguf.GGMLQuantizationType
tensors = {}


def add(name, raw, kind):
    w.add_tensor(name, raw, raw_dtype=kind)
    tensors[name] = gguf.quants.dequantize(raw, kind).astype("<f4")


for kind in [F.F32, F.F16, F.BF16, F.Q4_0, F.Q4_1, F.Q5_0, F.Q5_1, F.Q8_0]:
    values = (rng.standard_normal((3, 64)) * 10.0 ** rng.integers(-6, 3, (3, 1))).astype(np.float32)
    if kind == F.F16:  # subnormals, the largest value, signed zero
        values[0, :4] = [6e-8, -3e-5, 65504, -0.0]
    if kind == F.F32:
        raw = values
    elif kind == F.F16:
        raw = values.astype(np.float16)
    else:
        raw = gguf.quants.quantize(values, kind)
    add(kind.name, raw, kind)

# The package cannot write these formats, so any bytes serve; only the half-precision scales have to
# be ordinary numbers.
for kind, scales in [(F.Q4_K, [0, 2]), (F.Q5_K, [0, 2]), (F.Q6_K, [208])]:
    _, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (3, 2 * size), dtype=np.uint8)
    blocks = raw.reshape(-1, size)
    for at in scales:
        blocks[:, at:at + 2] = (rng.standard_normal(len(blocks)) / 100).astype("<f2").view(np.uint8).reshape(-1, 2)
    add(kind.name, raw, kind)

w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
with open("formats.f32", "wb") as f:
    for name in sorted(tensors):
        f.write(tensors[name].tobytes())
