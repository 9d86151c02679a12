"""Makes the tiny models of this folder and their goldens with transformers.

    python tiny_goldens.py

tied/      a uniform model, embedding tied, causal
slimmed/   head_dim != hidden/heads, lm_head of its own, an MLP width per layer
           and one layer without MLP; goldens causal and bidirectional

Each folder holds config.json and model.safetensors in Hugging Face's format
(intermediate_sizes is our extension) and goldens.safetensors, where B is the
batch, T the padded length and every float is float32:

    ids      int32 [B, T]     random tokens, padded on the right with token 0
    lengths  int32 [B]
    <run>.hidden.0            [B, T, H]  embeddings
    <run>.hidden.1, ...       [B, T, H]  output of layer 0, 1, ... without the last
    <run>.last                [B, T, H]  output of the final norm
    <run>.logits              [B, T, V]
    <run>.mean, <run>.eos     [B, H]     mean of the tokens of <run>.last, and the
                                         last token; both divided by their L2 norm

<run> is "causal" or "bidirectional". Values at padding are to be ignored.

Needs: torch, transformers, safetensors.
"""

import copy
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import normalize
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaMLP

HERE = Path(__file__).parent
LENGTHS = [24, 9, 1, 17]


class NoMLP(torch.nn.Module):
    def forward(self, x):
        return torch.zeros_like(x)


def build(widths, **sizes):
    config = LlamaConfig(
        num_hidden_layers=len(widths), intermediate_size=max(widths), max_position_embeddings=64,
        rms_norm_eps=1e-5, dtype="float32", bos_token_id=None, eos_token_id=None, **sizes)
    config._attn_implementation = "eager"
    model = LlamaForCausalLM(config)
    for layer, width in zip(model.model.layers, widths):
        if width == 0:
            layer.mlp = NoMLP()
            layer.post_attention_layernorm = torch.nn.Identity()
        else:
            narrow = copy.deepcopy(config)
            narrow.intermediate_size = width
            layer.mlp = LlamaMLP(narrow)
    # Large enough that attention is far from uniform and no part is negligible.
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p.uniform_(0.5, 1.5)
            else:
                p.normal_(0, 1.5 / p.shape[-1] ** 0.5)
    model.tie_weights()
    return model.eval()


def write(folder, model, widths, runs):
    folder.mkdir(exist_ok=True)
    c = model.config
    uniform = len(set(widths)) == 1
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": c.hidden_size, "num_hidden_layers": len(widths),
        **({"intermediate_size": widths[0]} if uniform else {"intermediate_sizes": widths}),
        "num_attention_heads": c.num_attention_heads, "num_key_value_heads": c.num_key_value_heads,
        "head_dim": c.head_dim, "rms_norm_eps": c.rms_norm_eps,
        "rope_theta": c.rope_parameters["rope_theta"], "vocab_size": c.vocab_size,
        "max_position_embeddings": c.max_position_embeddings,
        "tie_word_embeddings": c.tie_word_embeddings, "torch_dtype": "float32",
    }, indent=2) + "\n")
    state = {k: v.clone() for k, v in model.state_dict().items()
             if not (c.tie_word_embeddings and k == "lm_head.weight")}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})

    lengths = torch.tensor(LENGTHS)
    ids = torch.randint(1, c.vocab_size, (len(LENGTHS), max(LENGTHS)))
    mask = torch.arange(max(LENGTHS)) < lengths[:, None]
    ids[~mask] = 0
    goldens = {"ids": ids.to(torch.int32), "lengths": lengths.to(torch.int32)}
    for run in runs:
        goldens |= outputs(model, ids, mask, run)
    save_file(goldens, folder / "goldens.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)


def outputs(model, ids, mask, run):
    if run == "causal":
        attend = mask.long()
    else:
        # A four-dimensional mask is added to the scores as it is.
        attend = torch.zeros(mask.shape[0], 1, mask.shape[1], mask.shape[1])
        attend.masked_fill_(~mask[:, None, None, :], torch.finfo(torch.float32).min)
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=attend, output_hidden_states=True)
    *inner, last = out.hidden_states
    weight = mask[:, :, None].float()
    mean = (last * weight).sum(1) / weight.sum(1)
    eos = last[torch.arange(len(ids)), mask.sum(1) - 1]
    g = {f"{run}.hidden.{i}": h for i, h in enumerate(inner)}
    g |= {f"{run}.last": last, f"{run}.logits": out.logits,
          f"{run}.mean": normalize(mean), f"{run}.eos": normalize(eos)}
    return {k: v.contiguous() for k, v in g.items()}


def main():
    torch.manual_seed(135)
    widths = [64, 64, 64]
    tied = build(widths, vocab_size=97, hidden_size=48, num_attention_heads=4,
                 num_key_value_heads=2, rope_theta=10000.0, tie_word_embeddings=True)
    write(HERE / "tied", tied, widths, ["causal"])
    widths = [40, 0, 24]
    slimmed = build(widths, vocab_size=61, hidden_size=36, num_attention_heads=6, head_dim=10,
                    num_key_value_heads=2, rope_theta=500.0, tie_word_embeddings=False)
    write(HERE / "slimmed", slimmed, widths, ["causal", "bidirectional"])


if __name__ == "__main__":
    main()
