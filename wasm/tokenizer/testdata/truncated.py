"""Writes truncated.jsonl.gz: what the reference makes of truncated tokenizers.

usage: python3 truncated.py        (needs: pip install tokenizers)

Each line is one JSON object: the file that is truncated here, how (the number of
merges that stay, or the tokens that go), the old ids of the tokens that stay, and
strings with the ids that the reference gives them by the truncated file.
"""
import gzip
import json
import pathlib
import random

from tokenizers import Tokenizer

from bertsamples import BertSamples
from samples import SENTENCES, Samples

HERE = pathlib.Path(__file__).resolve().parent


def renumber(f, kept):
    new = {old: i for i, old in enumerate(kept)}
    model = f["model"]
    model["vocab"] = {t: new[i] for t, i in model["vocab"].items() if i in new}
    for a in f["added_tokens"]:
        a["id"] = new[a["id"]]


def without_late_merges(f, n):
    """Keeps bytes, added tokens and what the first n merges join and make."""
    model = f["model"]
    pairs = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
    stay = {t for a, b in pairs[:n] for t in (a, b, a + b)} | {a["content"] for a in f["added_tokens"]}
    go = {a + b for a, b in pairs[n:]} - stay
    names = {**model["vocab"], **{a["content"]: a["id"] for a in f["added_tokens"]}}
    model["merges"] = model["merges"][:n]
    return sorted(i for t, i in names.items() if t not in go)


def without_tokens(f, drop):
    names = {**f["model"]["vocab"], **{a["content"]: a["id"] for a in f["added_tokens"]}}
    return sorted(i for t, i in names.items() if t not in drop)


def main():
    rng = random.Random(5)
    lines = []
    for name, n in [("gpt2", 0), ("gpt2", 100), ("llama3", 200), ("qwen2", 333), ("uncased", None), ("cased", None)]:
        f = json.loads((HERE / f"{name}.json").read_text())
        if n is None:
            free = sorted(set(f["model"]["vocab"]) - {a["content"] for a in f["added_tokens"]})
            drop = rng.sample(free, len(free) // 4)
            kept = without_tokens(f, set(drop))
        else:
            drop, kept = None, without_late_merges(f, n)
        renumber(f, kept)
        t = Tokenizer.from_str(json.dumps(f))
        samples = iter((Samples if drop is None else BertSamples)(rng, t, 7))
        strings = SENTENCES[::3] + [next(samples)[:80] for _ in range(60)]
        ids = [e.ids for e in t.encode_batch(strings, add_special_tokens=False)]
        lines.append(json.dumps(dict(file=name, merges=n, drop=drop, kept=kept, strings=strings, ids=ids), separators=(",", ":")))
    with open(HERE / "truncated.jsonl.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(("\n".join(lines) + "\n").encode())


main()
