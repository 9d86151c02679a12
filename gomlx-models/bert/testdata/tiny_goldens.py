"""Makes the tiny models of this folder and their goldens with transformers.

    python tiny_goldens.py

full/      a uniform model
slimmed/   an MLP width per layer, one layer without MLP, one without attention;
           the norms behind the missing parts stay

Each folder holds config.json and model.safetensors in Hugging Face's format
(intermediate_sizes and dropped_attention are our extensions) and
goldens.safetensors, where B is the batch, T the padded length and every float is
float32:

    ids      int32 [B, T]     random tokens, padded on the right with token 0
    lengths  int32 [B]
    embedding                 [B, T, H]  input of layer 0
    attention.0, ...          [B, T, H]  residual stream after attention and its norm
    output.0, ...             [B, T, H]  output of layer 0, 1, ...
    cls                       [B, H]     first token of the last output, divided by its
                                         L2 norm

Values at padding are to be ignored.

Needs: torch, transformers, safetensors.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel

HERE = Path(__file__).parent
LENGTHS = [24, 9, 1, 17]


class NoAttention(torch.nn.Module):
    """Takes the place of BertAttention: the norm alone."""

    def __init__(self, attention):
        super().__init__()
        self.output = torch.nn.Module()
        self.output.LayerNorm = attention.output.LayerNorm

    def forward(self, hidden, *args, **kwargs):
        return self.output.LayerNorm(hidden), None


class NoMLP(torch.nn.Module):
    """Takes the place of BertOutput: the norm alone."""

    def __init__(self, output):
        super().__init__()
        self.LayerNorm = output.LayerNorm

    def forward(self, inner, stream):
        return self.LayerNorm(stream)


def build(widths, without_attention, **sizes):
    config = BertConfig(num_hidden_layers=len(widths), intermediate_size=max(widths),
                        layer_norm_eps=1e-12, hidden_act="gelu", **sizes)
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False)
    for i, (layer, width) in enumerate(zip(model.encoder.layer, widths)):
        if i in without_attention:
            layer.attention = NoAttention(layer.attention)
        if width == 0:
            layer.intermediate = torch.nn.Identity()
            layer.output = NoMLP(layer.output)
        else:
            layer.intermediate.dense = torch.nn.Linear(config.hidden_size, width)
            layer.output.dense = torch.nn.Linear(width, config.hidden_size)
    # Large enough that attention is far from uniform and no part is negligible.
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "LayerNorm.weight" in name:
                p.uniform_(0.5, 1.5)
            elif p.dim() == 1:
                p.normal_(0, 0.5)
            else:
                p.normal_(0, 1.5 / p.shape[-1] ** 0.5)
    return model.eval()


def write(folder, model, widths, without_attention):
    folder.mkdir(exist_ok=True)
    c = model.config
    uniform = len(set(widths)) == 1
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu",
        "hidden_size": c.hidden_size, "num_hidden_layers": len(widths),
        **({"intermediate_size": widths[0]} if uniform else {"intermediate_sizes": widths}),
        **({"dropped_attention": without_attention} if without_attention else {}),
        "num_attention_heads": c.num_attention_heads, "layer_norm_eps": c.layer_norm_eps,
        "vocab_size": c.vocab_size, "type_vocab_size": c.type_vocab_size,
        "max_position_embeddings": c.max_position_embeddings, "torch_dtype": "float32",
    }, indent=2) + "\n")
    save_file({k: v.clone() for k, v in model.state_dict().items() if "position_ids" not in k},
              folder / "model.safetensors", metadata={"format": "pt"})

    lengths = torch.tensor(LENGTHS)
    ids = torch.randint(1, c.vocab_size, (len(LENGTHS), max(LENGTHS)))
    mask = torch.arange(max(LENGTHS)) < lengths[:, None]
    ids[~mask] = 0
    goldens = {"ids": ids.to(torch.int32), "lengths": lengths.to(torch.int32)}
    for i, layer in enumerate(model.encoder.layer):
        layer.attention.register_forward_hook(
            lambda module, args, out, i=i: goldens.update({f"attention.{i}": out[0]}))
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
    goldens["embedding"] = out.hidden_states[0]
    goldens |= {f"output.{i}": h for i, h in enumerate(out.hidden_states[1:])}
    goldens["cls"] = normalize(out.last_hidden_state[:, 0])
    save_file({k: v.detach().clone().contiguous() for k, v in goldens.items()}, folder / "goldens.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)


def main():
    torch.manual_seed(384)
    widths = [64, 64]
    full = build(widths, [], vocab_size=97, hidden_size=48, num_attention_heads=4,
                 type_vocab_size=2, max_position_embeddings=40)
    write(HERE / "full", full, widths, [])
    widths = [40, 0, 24, 16]
    slimmed = build(widths, [2], vocab_size=61, hidden_size=36, num_attention_heads=6,
                    type_vocab_size=1, max_position_embeddings=24)
    write(HERE / "slimmed", slimmed, widths, [2])


if __name__ == "__main__":
    main()
