"""Embeds texts with Hugging Face's BertModel in float32, as goldens for the runtime.

    python bert_goldens.py CHECKPOINT OUT.json

CHECKPOINT is a folder with config.json, model.safetensors and tokenizer.json; its
effir_embedding section says how a text becomes a vector (without one: the mean of
all states). The transformers library computes the states; pooling and prefixes
are repeated here in numpy.
"""

import json
import pathlib
import sys

import numpy
import torch
from tokenizers import Tokenizer
from transformers import BertModel

TEXTS = [
    "how do I cancel a request",
    "Vitamin D deficiency is associated with an increased risk of fractures in older adults.",
    "a",
    "Wie sortiere ich eine Liste von Zeichenketten?",
    "func (c *Client) Do(req *Request) (*Response, error)",
    "The quick brown fox jumps over the lazy dog. " * 12,
    "0123456789 3.14159 1e-9 0xDEADBEEF",
    "naïve café, Ünïcödé and 你好",
]


def main():
    folder, out = pathlib.Path(sys.argv[1]), sys.argv[2]
    how = {"pooling": "mean", "query_prefix": "", "passage_prefix": "", "max_tokens": 512}
    how |= json.loads((folder / "config.json").read_text()).get("effir_embedding", {})
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(how["max_tokens"])
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()
    goldens = []
    for i, text in enumerate(TEXTS):
        kind = "query" if i % 2 == 0 else "passage"
        ids = tokenizer.encode(how[kind + "_prefix"] + text).ids
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0].numpy().astype(numpy.float64)
        vector = states[0] if how["pooling"] == "cls" else states.mean(axis=0)
        vector /= numpy.linalg.norm(vector)
        goldens.append({"text": text, "kind": kind, "ids": ids, "vector": [round(float(x), 6) for x in vector]})
    with open(out, "w") as f:
        for line in goldens:
            f.write(json.dumps(line) + "\n")


main()
