"""Compares this package with the reference library on many strings.

usage: python3 compare.py TOKENIZER [--count 250000] [--seed 1] [--text FOLDER]...

TOKENIZER is a tokenizer.json or a GGUF file, --options another setting of a
WordPiece tokenizer's normalizer, such as lowercase=false,strip_accents=null. The
strings are: every code point, 64 at a time (and, for WordPiece, one at a time
between letters, 8 words a string); chunks of the text files in Go's and Python's
standard libraries and in the folders named; and the made ones of samples.py or
bertsamples.py, up to the count. The Go side loads the reference's tokenizer.json,
sends it through the compact form, and must give the same ids (and text, decoding
them); then the reference loads the tokenizer.json that the Go side wrote, and must
give them again.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import sysconfig
import tempfile

import tokenizers
from tokenizers import models

import reference
from bertsamples import BertSamples
from samples import Samples

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
SUFFIXES = {".go", ".py", ".txt", ".md", ".html", ".c", ".h", ".s", ".json", ".jsonl", ".csv", ".tsv", ".po", ".xml", ".js", ".css", ".rst", ""}
LONGEST = 17  # log2 of the longest pathological string


def code_points():
    for low in range(0, 0x110000, 64):
        if not 0xD800 <= low < 0xE000:
            yield "".join(map(chr, range(low, low + 64)))


def code_points_in_words():
    for low in range(0, 0x110000, 8):
        if not 0xD800 <= low < 0xE000:
            yield " ".join(f"a{chr(c)}b" for c in range(low, low + 8))


def real_text(rng, folders, count):
    """Chunks of 1 to 600 characters of files, evenly over the files."""
    files = []
    for folder in folders:
        for root, dirs, names in os.walk(folder):
            dirs.sort()
            files += [os.path.join(root, n) for n in sorted(names) if os.path.splitext(n)[1] in SUFFIXES]
    rng.shuffle(files)
    if not files:
        return
    share = max(1, -(-count // len(files)))
    made = 0
    while made < count:
        before = made
        for path in files:
            try:
                with open(path, "rb") as f:
                    text = f.read(1 << 20).decode("utf-8", "replace")
            except OSError:
                continue
            for _ in range(share if text else 0):
                at = rng.randrange(len(text))
                yield text[at : at + rng.randint(1, 600)]
                made += 1
                if made == count:
                    return
        if made == before:
            return


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tokenizer")
    arguments.add_argument("--count", type=int, default=250000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--text", action="append", default=[], metavar="FOLDER")
    arguments.add_argument("--options", default="", metavar="NAME=JSON,...")
    a = arguments.parse_args()

    ref = reference.load(a.tokenizer)
    pieces = isinstance(ref.model, models.WordPiece)
    for option in filter(None, a.options.split(",")):
        name, value = option.split("=")
        setattr(ref.normalizer, name, json.loads(value))
    rng = random.Random(a.seed)
    goroot = subprocess.run(["go", "env", "GOROOT"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    folders = [os.path.join(goroot, "src"), os.path.join(goroot, "test"), sysconfig.get_path("stdlib"), *a.text]
    strings = list(code_points())
    if pieces:
        strings += code_points_in_words()
    print(f"{len(strings)} strings cover every code point")
    a.count += len(strings) if pieces else 0
    want = (a.count - len(strings)) // 2
    for folder in folders:
        before = len(strings)
        strings += real_text(rng, [folder], want // len(folders))
        print(f"{len(strings) - before} of real text from {os.path.basename(folder.rstrip('/'))}")
    before = len(strings)
    for s in (BertSamples if pieces else Samples)(rng, ref, LONGEST):
        if len(strings) >= a.count:
            break
        strings.append(s)
    print(f"{len(strings) - before} made; {len(set(strings))} of {len(strings)} strings are distinct", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = folder + "/theirs.json", folder + "/ours.json"
        ref.save(theirs)
        command = ["go", "run", "./internal/compare", "-tokenizer", theirs, "-write", ours]
        go = subprocess.Popen(command, cwd=PACKAGE, stdin=subprocess.PIPE)
        ids = []
        for low in range(0, len(strings), 1000):
            batch = strings[low : low + 1000]
            ids += (e.ids for e in ref.encode_batch(batch, add_special_tokens=False))
            try:
                for s, i in zip(batch, ids[low : low + 1000]):
                    line = [s, i, ref.decode(i, skip_special_tokens=False)] if pieces else [s, i]
                    go.stdin.write(json.dumps(line).encode() + b"\n")
            except BrokenPipeError:
                break
        go.stdin.close()
        if go.wait() != 0:
            sys.exit("the ids differ")
        again = tokenizers.Tokenizer.from_file(ours)
        for low in range(0, len(strings), 1000):
            for i, e in zip(ids[low : low + 1000], again.encode_batch(strings[low : low + 1000], add_special_tokens=False)):
                if e.ids != i:
                    sys.exit("the tokenizer.json written by Tokenizer.JSON gives other ids")
    print("the reference gives the same ids from the tokenizer.json written by Tokenizer.JSON")


main()
