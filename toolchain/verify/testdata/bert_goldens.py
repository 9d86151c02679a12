"""Embeds texts with another runtime in float32, as goldens for ours.

    python bert_goldens.py CHECKPOINT OUT.jsonl                # Hugging Face's BertModel
    python bert_goldens.py CHECKPOINT OUT.jsonl MODEL.onnx     # onnxruntime

CHECKPOINT is a folder with config.json, model.safetensors and tokenizer.json; its
effir_embedding section says how a text becomes a vector (without one: the mean of
all states). The transformers library computes the states, or onnxruntime from the
published ONNX file, with the tokenizer beside that, so that the import is checked
too; pooling and prefixes are repeated here in numpy.
"""

import json
import pathlib
import sys

import numpy
from tokenizers import Tokenizer

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


def by_transformers(folder):
    import torch
    from transformers import BertModel

    model = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()

    def states(ids):
        with torch.no_grad():
            return model(torch.tensor([ids])).last_hidden_state[0].numpy()

    return states


def by_onnxruntime(file):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    values = {"attention_mask": numpy.ones, "token_type_ids": numpy.zeros}

    def states(ids):
        inputs = {"input_ids": numpy.array([ids], dtype=numpy.int64)}
        for i in session.get_inputs():
            if i.name != "input_ids":
                inputs[i.name] = values[i.name]((1, len(ids)), dtype=numpy.int64)
        return session.run(["last_hidden_state"], inputs)[0][0]

    return states


def main():
    folder, out, onnx = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    how = {"pooling": "mean", "query_prefix": "", "passage_prefix": "", "max_tokens": 512}
    how |= json.loads((folder / "config.json").read_text()).get("effir_embedding", {})
    vocabulary = onnx[0].removesuffix(".onnx") + "-tokenizer.json" if onnx else folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.no_padding()
    tokenizer.enable_truncation(how["max_tokens"])
    states_of = by_onnxruntime(onnx[0]) if onnx else by_transformers(folder)
    goldens = []
    for i, text in enumerate(TEXTS):
        kind = "query" if i % 2 == 0 else "passage"
        ids = tokenizer.encode(how[kind + "_prefix"] + text).ids
        states = states_of(ids).astype(numpy.float64)
        vector = states[0] if how["pooling"] == "cls" else states.mean(axis=0)
        vector /= numpy.linalg.norm(vector)
        goldens.append({"text": text, "kind": kind, "ids": ids, "vector": [round(float(x), 6) for x in vector]})
    with open(out, "w") as f:
        for line in goldens:
            f.write(json.dumps(line) + "\n")


main()
