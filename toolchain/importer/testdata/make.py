"""Makes a tiny Llama model as a GGUF file and, by other programs than ours, what importing it has to
give:

    tiny.gguf              the model, linear weights in Q8_0, Q4_1 and Q5_0
    tiny.safetensors       its weights as "transformers" loads them from that file, in float32
    tiny.<pre>.json        its tokenizer as "tokenizers" writes it, one per pre-tokenizer
    smollm2.sha256         SHA-256 of every tensor of SmolLM2-135M-Instruct (little-endian float32) as
                           "transformers" loads them; only if the GGUF file is given

    pip install gguf tokenizers transformers torch safetensors accelerate
    python make.py [SmolLM2-135M-Instruct.Q4_1.gguf]
"""
import hashlib
import json
import os
import sys

import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level(split):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split)


def split_by(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level(False)])


PRE = {
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)]),
    "gpt-2": byte_level(True),
    "llama-bpe": split_by(LLAMA3),
    "qwen2": split_by(QWEN2),
}

trained = Tokenizer(models.BPE())
trained.pre_tokenizer = PRE["smollm"]
trained.train_from_iterator([open(__file__).read()], trainers.BpeTrainer(
    vocab_size=320, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
bpe = json.loads(trained.to_str())["model"]
tokens = [t for t, _ in sorted(bpe["vocab"].items(), key=lambda p: p[1])]

for name, pre in PRE.items():
    t = Tokenizer(models.BPE(vocab=bpe["vocab"], merges=[tuple(m) for m in bpe["merges"]], ignore_merges=name == "llama-bpe"))
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    if name == "qwen2":
        t.normalizer = normalizers.NFC()
    if name == "llama-bpe":
        t.post_processor = processors.TemplateProcessing(
            single="<|im_start|> $A", pair="<|im_start|> $A <|im_start|>:1 $B:1", special_tokens=[("<|im_start|>", 1)])
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    t.save(f"tiny.{name}.json", pretty=False)

HIDDEN, HEADS, KV, LAYERS, WIDTH = 32, 4, 2, 2, 64
DIM = HIDDEN // HEADS
rng = np.random.default_rng(2)
w = gguf.GGUFWriter("tiny.gguf", "llama")
w.add_license("apache-2.0")
w.add_block_count(LAYERS)
w.add_context_length(128)
w.add_embedding_length(HIDDEN)
w.add_feed_forward_length(WIDTH)
w.add_head_count(HEADS)
w.add_head_count_kv(KV)
w.add_rope_freq_base(50000.0)
w.add_rope_dimension_count(DIM)
w.add_layer_norm_rms_eps(1e-5)
w.add_vocab_size(len(tokens))
w.add_tokenizer_model("gpt2")
w.add_tokenizer_pre("smollm")
w.add_token_list(tokens)
w.add_token_types([3 if t in SPECIAL else 1 for t in tokens])
w.add_token_merges([" ".join(m) for m in bpe["merges"]])
w.add_bos_token_id(1)
w.add_eos_token_id(2)
w.add_add_bos_token(False)
F = gguf.GGMLQuantizationType


def matrix(name, rows, columns, kind):
    values = (rng.standard_normal((rows, columns)) / 8).astype(np.float32)
    w.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def norm(name):
    w.add_tensor(name, (1 + rng.standard_normal(HIDDEN) / 8).astype(np.float32))


matrix("token_embd.weight", len(tokens), HIDDEN, F.Q8_0)
for layer in range(LAYERS):
    norm(f"blk.{layer}.attn_norm.weight")
    matrix(f"blk.{layer}.attn_q.weight", HIDDEN, HIDDEN, F.Q4_1)
    matrix(f"blk.{layer}.attn_k.weight", KV * DIM, HIDDEN, F.Q4_1)
    matrix(f"blk.{layer}.attn_v.weight", KV * DIM, HIDDEN, F.Q8_0)
    matrix(f"blk.{layer}.attn_output.weight", HIDDEN, HIDDEN, F.Q5_0)
    norm(f"blk.{layer}.ffn_norm.weight")
    matrix(f"blk.{layer}.ffn_gate.weight", WIDTH, HIDDEN, F.Q4_1)
    matrix(f"blk.{layer}.ffn_up.weight", WIDTH, HIDDEN, F.Q4_1)
    matrix(f"blk.{layer}.ffn_down.weight", HIDDEN, WIDTH, F.Q8_0)
norm("output_norm.weight")
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()


def load(folder, file):
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    return {k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}  # tied


save_file(load(".", "tiny.gguf"), "tiny.safetensors")
if len(sys.argv) > 1:
    with open("smollm2.sha256", "w") as f:
        for name, value in sorted(load(*os.path.split(sys.argv[1])).items()):
            f.write(f"{hashlib.sha256(value.contiguous().numpy().astype('<f4').tobytes()).hexdigest()}  {name}\n")
