"""Writes the goldens of this folder.

usage: python3 golden.py SMOLLM2        (a tokenizer.json, or a GGUF file)
needs: pip install tokenizers gguf; Go, to make the compact forms

gpt2.json, llama3.json, qwen2.json
                     small tokenizers of the other kinds, trained here
*.bin.gz             SmolLM2's and these tokenizers in our compact form
*.golden.jsonl.gz    strings and their ids, one JSON array [string, ids] a line
boundaries.json      per pre-tokenizer, for each 4096 code points, a hash of the
                     word boundaries of a probe text around each of them
"""
import gzip
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import AddedToken, Tokenizer, decoders, models, trainers

import reference
from samples import CODE, SENTENCES, Samples

HERE = pathlib.Path(__file__).resolve().parent
COUNT = {"smollm2": 4000, "gpt2": 600, "llama3": 800, "qwen2": 400}
LONGEST = 11.5  # log2 of the longest pathological string


def write_gz(path, data):
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(data)


def write_golden(name, tokenizer):
    samples = Samples(random.Random(name), tokenizer, LONGEST)
    strings = ["", " ", "\n", "a", *SENTENCES, *CODE]
    for s in samples:
        if len(strings) >= COUNT[name]:
            break
        strings.append(s)
    ids = [e.ids for e in tokenizer.encode_batch(strings, add_special_tokens=False)]
    lines = [json.dumps([s, i], separators=(",", ":")) for s, i in zip(strings, ids)]
    write_gz(HERE / f"{name}.golden.jsonl.gz", ("\n".join(lines) + "\n").encode())


def write_compact(name, path):
    command = ["go", "run", "./internal/compact", path]
    compact = subprocess.run(command, cwd=HERE.parent, check=True, stdout=subprocess.PIPE).stdout
    write_gz(HERE / f"{name}.bin.gz", compact)


def train(kind, added, ignore_merges):
    """A small tokenizer over all 256 bytes, trained on the sentences."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = reference.pre_tokenizer(kind)
    t.decoder = decoders.ByteLevel()
    alphabet = reference.byte_level(True).alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=sorted(alphabet), show_progress=False)
    t.train_from_iterator(SENTENCES + CODE, trainer)
    model = json.loads(t.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    if ignore_merges:  # a token that no merge makes
        vocab["Ġtokenizer"] = len(vocab)
        vocab["xyz"] = len(vocab)
    t.model = models.BPE(vocab, merges, ignore_merges=ignore_merges)
    t.add_tokens(added)
    return t


def boundaries(kind):
    pre = reference.pre_tokenizer(kind)
    hashes = []
    for block in range(0, 0x110000, 0x1000):
        h = hashlib.sha256()
        for c in range(block, block + 0x1000):
            if 0xD800 <= c < 0xE000:
                continue
            x = chr(c)
            probe = f"a{x}a {x}1{x} {x}{x}'{x}s !{x}!\n{x}\n {x}'S{x}  {x}"
            h.update(bytes(end for _, (_, end) in pre.pre_tokenize_str(probe)) + b"\xff")
        hashes.append(h.hexdigest()[:16])
    return hashes


def main(path):
    smollm2 = reference.load(path)
    write_golden("smollm2", smollm2)
    with tempfile.TemporaryDirectory() as folder:
        smollm2.save(folder + "/tokenizer.json")
        write_compact("smollm2", folder + "/tokenizer.json")

    special = lambda s: AddedToken(s, special=True, normalized=False)
    plain = lambda s: AddedToken(s, special=False, normalized=False)
    small = {
        "gpt2": train("gpt2", [special("<|endoftext|>")], False),
        "llama3": train("llama3", [special("<|begin|>"), special("<|begin|>x"), special("<é>")], True),
        "qwen2": train("qwen2", [special("<a>"), plain("<a><b>"), plain("a><b"), plain("two  words"), plain("b>")], False),
    }
    for name, t in small.items():
        write_golden(name, t)
        t.save(str(HERE / f"{name}.json"), pretty=False)
        write_compact(name, str(HERE / f"{name}.json"))

    kinds = {kind: boundaries(kind) for kind in ["smollm", "gpt2", "llama3", "qwen2"]}
    (HERE / "boundaries.json").write_text(json.dumps(kinds, indent=0) + "\n")


main(sys.argv[1])
