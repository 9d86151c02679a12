"""Makes dtypes.safetensors, tensors in the three number formats as the "safetensors" package writes
them, with dtypes.f32, their values in float32; and sharded/, a small Llama model as "transformers"
saves it in shards, with sharded.f32, its weights in float32. The .f32 files hold little-endian
values, one tensor after the other in the order of their names.

    pip install torch transformers safetensors && python make.py
"""
import glob
import json
import os

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM


def dump(path, tensors):
    with open(path, "wb") as f:
        for name in sorted(tensors):
            f.write(tensors[name].float().contiguous().numpy().astype("<f4").tobytes())


torch.manual_seed(1)
values = torch.randn(64) * 10.0 ** torch.randint(-8, 5, (64,)).float()
values[:8] = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), 65504, 6e-8, -6.1e-5, 1e-7])
dtypes = {name: values.reshape(4, 16).to(kind) for name, kind in
          [("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16)]}
save_file(dtypes, "dtypes.safetensors", metadata={"format": "pt"})
dump("dtypes.f32", dtypes)

config = LlamaConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
                     num_key_value_heads=2, head_dim=4, vocab_size=40, max_position_embeddings=64,
                     rope_theta=50000.0, rms_norm_eps=1e-5, tie_word_embeddings=False)
model = LlamaForCausalLM(config).to(torch.bfloat16)
model.save_pretrained("sharded", max_shard_size="4KB")
os.remove("sharded/generation_config.json")
weights = {}
for shard in sorted(glob.glob("sharded/*.safetensors")):
    weights.update(load_file(shard))
dump("sharded.f32", weights)
json.dump({"model": {"type": "BPE", "vocab": {}, "merges": []}}, open("sharded/tokenizer.json", "w"))
