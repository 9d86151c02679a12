"""The reference: the Hugging Face tokenizers library (pip install tokenizers gguf)."""
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")


def pre_tokenizer(kind):
    """The pre-tokenizer of a model family, as its tokenizer.json has it."""
    if kind == "gpt2":
        return byte_level(use_regex=True)
    if kind == "smollm":
        first = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence([first, byte_level(use_regex=True)])
    pattern = {"llama3": LLAMA3, "qwen2": QWEN2}[kind]
    first = pre_tokenizers.Split(Regex(pattern), "isolated", invert=False)
    return pre_tokenizers.Sequence([first, byte_level(use_regex=False)])


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=use_regex)


def load(path):
    """Loads a tokenizer.json, or the vocabulary of a GGUF file with pre = smollm."""
    if not path.endswith(".gguf"):
        t = Tokenizer.from_file(path)
        t.no_truncation()
        t.no_padding()
        return t
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    get = lambda name: fields["tokenizer.ggml." + name].contents()
    assert get("model") == "gpt2" and get("pre") == "smollm"
    tokens, kinds = get("tokens"), get("token_type")
    merges = [tuple(m.split(" ")) for m in get("merges")]
    t = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    t.pre_tokenizer = pre_tokenizer("smollm")
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens(
        [AddedToken(tokens[i], special=True, normalized=False) for i, k in enumerate(kinds) if k == 3]
    )
    assert t.get_vocab_size() == len(tokens)
    return t
