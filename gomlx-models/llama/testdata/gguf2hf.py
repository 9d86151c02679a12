"""Turns the GGUF file of a Llama-family model into a Hugging Face folder
(config.json, model.safetensors in float32, tokenizer.json).

It shares no code with the Go importer: the dequantisation is that of llama.cpp's
own Python package `gguf`, and the model is written by `transformers`.

    python gguf2hf.py model.gguf folder

Needs: gguf, numpy, torch, transformers, tokenizers.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

# Names inside a block: GGUF's and transformers'.
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def name_of(gguf_name: str) -> str:
    stem = gguf_name.removesuffix(".weight")
    if stem in TOP:
        return TOP[stem] + ".weight"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{BLOCK[part]}.weight"


def half_split(w: np.ndarray, heads: int) -> np.ndarray:
    """Undoes llama.cpp's permutation of the rows of q and k: within a head it
    stores the rows that RoPE rotates together side by side (0, d/2, 1, d/2+1,
    ...), transformers keeps them half a head apart."""
    rows, cols = w.shape
    return w.reshape(heads, rows // heads // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def load(path: str) -> tuple[LlamaForCausalLM, GGUFReader]:
    reader = GGUFReader(path)

    def field(name):
        return reader.fields[name].contents()

    if field("general.architecture") != "llama":
        sys.exit(f"{path}: architecture {field('general.architecture')}, want llama")
    heads = field("llama.attention.head_count")
    kv_heads = field("llama.attention.head_count_kv")
    state = {}
    for t in reader.tensors:
        w = dequantize(t.data, t.tensor_type).astype(np.float32)
        if t.name.endswith("attn_q.weight"):
            w = half_split(w, heads)
        if t.name.endswith("attn_k.weight"):
            w = half_split(w, kv_heads)
        state[name_of(t.name)] = torch.from_numpy(np.ascontiguousarray(w))
    tied = "lm_head.weight" not in state
    config = LlamaConfig(
        vocab_size=field("llama.vocab_size"),
        hidden_size=field("llama.embedding_length"),
        intermediate_size=field("llama.feed_forward_length"),
        num_hidden_layers=field("llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=field("llama.rope.dimension_count"),
        max_position_embeddings=field("llama.context_length"),
        # GGUF stores both as float32; the published values are short decimals.
        rms_norm_eps=float(f"{field('llama.attention.layer_norm_rms_epsilon'):.6g}"),
        rope_theta=float(f"{field('llama.rope.freq_base'):.6g}"),
        tie_word_embeddings=tied,
        bos_token_id=field("tokenizer.ggml.bos_token_id"),
        eos_token_id=field("tokenizer.ggml.eos_token_id"),
        pad_token_id=field("tokenizer.ggml.padding_token_id"),
        dtype="float32",
    )
    model = LlamaForCausalLM(config).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) - ({"lm_head.weight"} if tied else set()):
        sys.exit(f"{path}: missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    return model, reader


def tokenizer(reader: GGUFReader) -> Tokenizer:
    """Byte-level BPE with the "smollm" pre-tokenizer: digits one by one, then
    GPT-2's pattern."""
    if reader.fields["tokenizer.ggml.pre"].contents() != "smollm":
        sys.exit("this script knows the smollm pre-tokenizer only")
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in reader.fields["tokenizer.ggml.merges"].contents()]
    t = Tokenizer(models.BPE(vocab={s: i for i, s in enumerate(tokens)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    t.decoder = decoders.ByteLevel()
    return t


def main():
    source, folder = sys.argv[1], Path(sys.argv[2])
    model, reader = load(source)
    model.save_pretrained(folder)
    tokenizer(reader).save(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    main()
