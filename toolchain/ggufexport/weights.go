package ggufexport

import (
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// weights gives the tensors of the file, under their names there. It is a checkpoint.Source.
type weights struct {
	src    checkpoint.Source
	config *checkpoint.Config
	kind   gguf.Type
	infos  []gguf.Info // in the order of the file
	read   map[string]func() ([]float32, error)
}

// newWeights lists the tensors; nothing is read yet.
func newWeights(src checkpoint.Source, c *checkpoint.Config, list []block, kind gguf.Type) *weights {
	w := &weights{src: src, config: c, kind: kind, read: map[string]func() ([]float32, error){}}
	h := c.HiddenSize
	table := kind
	if kind == gguf.Q4_0 {
		table = gguf.Q8_0
	}
	w.stored("model.embed_tokens.weight", "token_embd.weight", rowType(table, h), nil, c.VocabSize, h)
	for i, b := range list {
		w.attention(i, b)
		w.mlp(i, b)
	}
	w.stored("model.norm.weight", "output_norm.weight", gguf.F32, nil, h)
	if !c.TieWordEmbeddings {
		w.stored("lm_head.weight", "output.weight", rowType(table, h), nil, c.VocabSize, h)
	}
	return w
}

// Tensor implements checkpoint.Source.
func (w *weights) Tensor(name string) (checkpoint.Tensor, error) {
	at := slices.IndexFunc(w.infos, func(t gguf.Info) bool { return t.Name == name })
	if at < 0 {
		return checkpoint.Tensor{}, fmt.Errorf("no tensor %s", name)
	}
	data, err := w.read[name]()
	return checkpoint.Tensor{Name: name, Shape: w.infos[at].Shape, Data: data}, err
}

// attention lists the tensors of a block's attention, or of the one that stands for none.
func (w *weights) attention(i int, b block) {
	h, q, kv := w.config.HiddenSize, b.heads*w.config.HeadDim, b.kvHeads*w.config.HeadDim
	joined := func(heads int) func([]float32) []float32 {
		return func(data []float32) []float32 { return gguf.JoinHalves(data, heads, w.config.HeadDim) }
	}
	switch {
	case b.attention:
		w.layer(i, b, "input_layernorm", gguf.F32, nil, h)
		w.layer(i, b, "self_attn.q_proj", rowType(w.kind, h), joined(b.heads), q, h)
		w.layer(i, b, "self_attn.k_proj", rowType(w.kind, h), joined(b.kvHeads), kv, h)
		w.layer(i, b, "self_attn.v_proj", rowType(w.kind, h), nil, kv, h)
		w.layer(i, b, "self_attn.o_proj", rowType(w.kind, q), nil, h, q)
	case b.heads > 0:
		w.filled(i, "input_layernorm", 1, h)
		w.filled(i, "self_attn.q_proj", 0, q, h)
		w.filled(i, "self_attn.k_proj", 0, kv, h)
		w.filled(i, "self_attn.v_proj", 0, kv, h)
		w.filled(i, "self_attn.o_proj", 0, h, q)
	}
}

// mlp lists the tensors of a block's MLP, or of the one that stands for none.
func (w *weights) mlp(i int, b block) {
	h := w.config.HiddenSize
	if !b.mlp {
		w.filled(i, "post_attention_layernorm", 1, h)
		w.filled(i, "mlp.gate_proj", 0, b.width, h)
		w.filled(i, "mlp.up_proj", 0, b.width, h)
		w.filled(i, "mlp.down_proj", 0, h, b.width)
		return
	}
	rows, columns := pad(h, h, b.width), pad(w.config.MLPWidth(b.layer), b.width, h)
	w.layer(i, b, "post_attention_layernorm", gguf.F32, nil, h)
	w.layer(i, b, "mlp.gate_proj", rowType(w.kind, h), rows, b.width, h)
	w.layer(i, b, "mlp.up_proj", rowType(w.kind, h), rows, b.width, h)
	w.layer(i, b, "mlp.down_proj", rowType(w.kind, b.width), columns, h, b.width)
}

// layer lists a tensor of a block's layer.
func (w *weights) layer(i int, b block, name string, kind gguf.Type, change func([]float32) []float32, shape ...int) {
	w.stored(layerName(b.layer, name), gguf.LlamaName(layerName(i, name)), kind, change, shape...)
}

func layerName(layer int, name string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, name)
}

// stored lists a tensor of the checkpoint, with its values changed unless change is nil.
func (w *weights) stored(from, to string, kind gguf.Type, change func([]float32) []float32, shape ...int) {
	w.infos = append(w.infos, gguf.Info{Name: to, Shape: shape, Type: kind})
	w.read[to] = func() ([]float32, error) {
		t, err := w.src.Tensor(from)
		if err == nil && change != nil {
			t.Data = change(t.Data)
		}
		return t.Data, err
	}
}

// filled lists a tensor of a block that the checkpoint does not have.
func (w *weights) filled(i int, name string, value float32, shape ...int) {
	to := gguf.LlamaName(layerName(i, name))
	w.infos = append(w.infos, gguf.Info{Name: to, Shape: shape, Type: gguf.F32})
	w.read[to] = func() ([]float32, error) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return slices.Repeat([]float32{value}, n), nil
	}
}

// rowType is kind if rows of that many values divide into its blocks, otherwise F16.
func rowType(kind gguf.Type, columns int) gguf.Type {
	if (kind == gguf.Q8_0 || kind == gguf.Q4_0) && columns%multiple != 0 {
		return gguf.F16
	}
	return kind
}

// pad grows a matrix with rows of columns values to rows of wide ones and to the given number of rows,
// with zeros behind.
func pad(columns, wide, rows int) func([]float32) []float32 {
	return func(data []float32) []float32 {
		if len(data) == wide*rows {
			return data
		}
		out := make([]float32, wide*rows)
		for row := range len(data) / columns {
			copy(out[row*wide:][:columns], data[row*columns:])
		}
		return out
	}
}
