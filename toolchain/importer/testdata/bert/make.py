"""Makes a tiny BERT model in the formats in which such models are published, by other programs than
ours:

    tiny.safetensors    the weights of transformers' BertModel, float32
    config.json         its configuration
    tokenizer.json      a WordPiece tokenizer
    opset11.onnx        the same model exported by torch with the operators of 2021
    opset20.onnx        and with newer operators (LayerNormalization, Gelu), under the prefix "bert."
    gemm.onnx           opset20.onnx with the multiplications of layer 0 as Gemm, and half of its
                        initialisers as float_data instead of raw_data (for reading; Gemm takes
                        matrices only, so that it cannot be run)

    pip install torch transformers onnx safetensors tokenizers
    python make.py
"""
import os

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(7)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz") + ["##" + c for c in "abcdefghi"]
config = BertConfig(
    vocab_size=len(words), hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
    max_position_embeddings=9, layer_norm_eps=1e-6, attn_implementation="eager")
config.architectures = ["BertModel"]
model = BertModel(config, add_pooling_layer=True).eval()
with torch.no_grad():
    for p in model.parameters():  # also those that start as ones and zeros
        p.copy_(torch.randn_like(p))
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, "tiny.safetensors", metadata={"format": "pt"})
config.to_json_file("config.json")

tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
tokenizer.save("tokenizer.json", pretty=False)


class Prefixed(torch.nn.Module):
    """The model as a part of another one, which puts "bert." before its names."""

    def __init__(self):
        super().__init__()
        self.bert = model

    def forward(self, *inputs):
        return self.bert(*inputs)[0]


def export(module, path, opset):
    x = torch.tensor([[2, 5, 6, 3]])
    torch.onnx.export(
        module, (x, torch.ones_like(x), torch.zeros_like(x)), path, opset_version=opset, dynamo=False,
        input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["last_hidden_state"],
        dynamic_axes={n: {0: "batch", 1: "tokens"} for n in ["input_ids", "attention_mask", "token_type_ids", "last_hidden_state"]})
    print(path, os.path.getsize(path))


class Plain(type(model)):
    """Without the pooler, and the output is one tensor."""

    def forward(self, *inputs):
        return super().forward(*inputs)[0]


plain = Plain(config, add_pooling_layer=False).eval()
plain.load_state_dict(model.state_dict(), strict=False)
export(plain, "opset11.onnx", 11)
export(Prefixed(), "opset20.onnx", 20)

gemm = onnx.load("opset20.onnx")
initializers = {t.name: t for t in gemm.graph.initializer}
for node in gemm.graph.node:
    if node.op_type == "MatMul" and "layer.0" in node.name and node.input[1] in initializers:
        weight = initializers[node.input[1]]
        turned = numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weight).T), weight.name)
        weight.CopyFrom(turned)
        node.op_type = "Gemm"  # its bias stays a node of its own
        node.attribute.append(onnx.helper.make_attribute("transB", 1))
for i, t in enumerate(gemm.graph.initializer):
    if i % 2 and t.data_type == onnx.TensorProto.FLOAT:
        values = numpy_helper.to_array(t).ravel().tolist()
        t.ClearField("raw_data")
        t.float_data.extend(values)
onnx.save(gemm, "gemm.onnx")
