"""Writes the goldens of the WordPiece tokenizers.

usage: python3 bertgolden.py BGE        (a tokenizer.json)
needs: pip install tokenizers; Go, to make the compact form

uncased.json, cased.json, odd.json
        small tokenizers made here from the sentences of samples.py: as BERT's
        uncased and cased models have them, and one with unusual options
{bge-small,uncased,cased,odd}.bin.gz
        bge-small-en-v1.5's tokenizer and these in our compact form
{bge-small,uncased,cased,odd}.golden.jsonl.gz
        strings, their ids and what decoding them gives, one JSON array
        [string, ids, decoded] a line
../internal/bert/testdata/words.json
        for sets of options, for each 4096 code points, a hash of the words of a
        probe text around each of them
"""
import collections
import gzip
import hashlib
import json
import pathlib
import random
import subprocess
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

import reference
from bertsamples import BertSamples
from samples import CODE, SENTENCES

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
COUNT = 800
LONGEST = 11  # log2 of the longest pathological string

# clean_text, handle_chinese_chars, strip_accents, lowercase
OPTIONS = {
    "uncased": (True, True, None, True),
    "cased": (True, True, None, False),
    "accents": (True, True, False, True),
    "strip": (False, True, True, False),
    "odd": (False, False, True, True),
    "raw": (False, False, False, False),
}


def write_gz(path, data):
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(data)


def normalizer(name):
    clean, ideographs, strip, lower = OPTIONS[name]
    return normalizers.BertNormalizer(clean, ideographs, strip, lower)


def vocabulary(split, special):
    """All characters of the sentences, and what occurs at the start of or inside their words most often."""
    counts = collections.Counter()
    for word in split(" ".join(SENTENCES + CODE)):
        for start in range(len(word)):
            for end in range(start + 1, len(word) + 1):
                counts["##"[: 2 * (start > 0)] + word[start:end]] += 1
    # Some characters stay unknown.
    single = [t for t, n in counts.items() if len(t.removeprefix("##")) == 1 and (n > 1 or ord(t[-1]) % 4)]
    longer = sorted(counts.keys() - set(single), key=lambda t: (-len(t) * (counts[t] - 1), t))
    longer = [t for t in longer if len(t.removeprefix("##")) > 1][:600]
    return {token: i for i, token in enumerate(special + sorted(set(single + longer) - set(special)))}


def make(name, max_chars, special, plain):
    normalize, split = normalizer(name), pre_tokenizers.BertPreTokenizer()
    vocab = vocabulary(lambda s: [w for w, _ in split.pre_tokenize_str(normalize.normalize_str(s))], special)
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=max_chars))
    t.normalizer, t.pre_tokenizer = normalize, split
    t.decoder = decoders.WordPiece(prefix="##", cleanup=name != "odd")
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in special])
    t.add_tokens([AddedToken(s, special=False, normalized=False) for s in plain])
    return t


def write_golden(name, tokenizer):
    samples = BertSamples(random.Random(name), tokenizer, LONGEST)
    strings = ["", " ", "\n", "a", *SENTENCES, *CODE]
    for s in samples:
        if len(strings) >= COUNT:
            break
        strings.append(s)
    lines = []
    for s, e in zip(strings, tokenizer.encode_batch(strings, add_special_tokens=False)):
        decoded = tokenizer.decode(e.ids, skip_special_tokens=False)
        lines.append(json.dumps([s, e.ids, decoded], separators=(",", ":")))
    write_gz(HERE / f"{name}.golden.jsonl.gz", ("\n".join(lines) + "\n").encode())


def write_compact(name, path):
    command = ["go", "run", "./internal/compact", path]
    compact = subprocess.run(command, cwd=HERE.parent, check=True, stdout=subprocess.PIPE).stdout
    write_gz(HERE / f"{name}.bin.gz", compact)


def words(name):
    normalize, split = normalizer(name).normalize_str, pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    hashes = []
    for block in range(0, 0x110000, 0x1000):
        h = hashlib.sha256()
        for c in range(block, block + 0x1000):
            if 0xD800 <= c < 0xE000:
                continue
            x = chr(c)
            probe = f"A{x}É {x} B\u302f{x}\u302e!{x}"
            h.update("\n".join(w for w, _ in split(normalize(probe))).encode() + b"\xff")
        hashes.append(h.hexdigest()[:8])
    return hashes


def main(path):
    write_golden("bge-small", reference.load(path))
    write_compact("bge-small", path)

    for name, max_chars, special, plain in [
        ("uncased", 100, SPECIAL, []),
        ("cased", 100, SPECIAL, ["[unused1]", "two  words", "E-Mail", "a[MASK"]),
        ("odd", 7, ["[UNK]", "[UNK]x", "<é>"], ["[UNK]xy", "B.", "É!"]),
    ]:
        t = make(name, max_chars, special, plain)
        write_golden(name, t)
        t.save(str(HERE / f"{name}.json"), pretty=False)
        write_compact(name, str(HERE / f"{name}.json"))
    table = {name: words(name) for name in OPTIONS}
    path = HERE.parent / "internal" / "bert" / "testdata" / "words.json"
    path.write_text(json.dumps(table, indent=0) + "\n")


main(sys.argv[1])
