"""Makes bge-small.safetensors: what transformers computes with bge-small-en-v1.5.

    python bge_goldens.py folder

folder holds config.json, model.safetensors and tokenizer.json in Hugging Face's
format. Each text is run by itself, without padding, in float32. B texts, longest
T tokens, width H:

    ids         int32   [B, T]   padded on the right with token 0
    lengths     int32   [B]
    first, last float32 [B, H]   last hidden states of the first and the last token
    middle      float32 [B, H]   that of the first token after half of the layers
    cls         float32 [B, H]   first, divided by its L2 norm

Needs: torch, transformers, tokenizers, safetensors.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel

TEXTS = [
    "Hi",
    "what is a goroutine",
    "Represent this sentence for searching relevant passages: how do I cancel a request",
    "func (c *Client) Do(req *Request) (*Response, error)",
    "In 1969, 2 astronauts walked on the Moon; 12 people had done so by 1972.",
    "Die Würde des Menschen ist unantastbar. 人人生而自由 👋🏽",
    "A context carries a deadline, a cancellation signal, and other values across API "
    "boundaries. Methods of a context may be called by several goroutines at the same "
    "time. Incoming requests to a server should create a context, and outgoing calls to "
    "servers should accept one; the chain of function calls between them must pass it on. "
    "When a context is cancelled, all contexts that were derived from it are cancelled too. "
    "Not calling the cancel function leaks the child and its children until the parent is "
    "cancelled.",
]


def main():
    folder = Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    config = BertConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False)
    missing, unexpected = model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    model.eval()
    ids = [tokenizer.encode(t).ids for t in TEXTS]
    out = {"first": [], "last": [], "middle": [], "cls": []}
    for row in ids:
        with torch.no_grad():
            states = model(input_ids=torch.tensor([row]), output_hidden_states=True).hidden_states
        out["first"].append(states[-1][0, 0])
        out["last"].append(states[-1][0, -1])
        out["middle"].append(states[len(states) // 2][0, 0])
        out["cls"].append(normalize(states[-1][0, 0], dim=0))
    out = {k: torch.stack(v) for k, v in out.items()}
    longest = max(map(len, ids))
    out["ids"] = torch.tensor([row + [0] * (longest - len(row)) for row in ids], dtype=torch.int32)
    out["lengths"] = torch.tensor([len(row) for row in ids], dtype=torch.int32)
    save_file(out, Path(__file__).parent / "bge-small.safetensors")


if __name__ == "__main__":
    main()
