package export

import "strings"

// PackageTensor returns the package's tensor that holds a matrix of a checkpoint's
// layer: "layer.3.qkv" for "encoder.layer.3.attention.self.key.weight". It is ""
// for any other tensor.
func PackageTensor(name string) string {
	rest, ok := strings.CutPrefix(name, "model.layers.")
	if !ok {
		if rest, ok = strings.CutPrefix(name, "encoder.layer."); !ok {
			return ""
		}
	}
	layer, part, _ := strings.Cut(rest, ".")
	if matrix := packageMatrices[strings.TrimSuffix(part, ".weight")]; matrix != "" {
		return "layer." + layer + "." + matrix
	}
	return ""
}

// packageMatrices maps the matrices of both families' layers to those of packages,
// which hold matrices with the same input together.
var packageMatrices = map[string]string{
	"self_attn.q_proj": "qkv", "self_attn.k_proj": "qkv", "self_attn.v_proj": "qkv", "self_attn.o_proj": "output",
	"mlp.gate_proj": "gate_up", "mlp.up_proj": "gate_up", "mlp.down_proj": "down",

	"attention.self.query": "qkv", "attention.self.key": "qkv", "attention.self.value": "qkv", "attention.output.dense": "output",
	"intermediate.dense": "up", "output.dense": "down",
}
