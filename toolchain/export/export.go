// Package export turns a checkpoint into a model package: it quantises weights,
// lays them out in the order in which kernels read them, and names everything by
// the hash of its content.
package export

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// Source is the checkpoint to export.
type Source interface {
	Config() checkpoint.Config
	Tensor(name string) (checkpoint.Tensor, error)
	TokenizerJSON() ([]byte, error)
}

// Options say how. The zero value of a field means its default.
type Options struct {
	Name string // of the package; required

	// MaxTokens bounds a text. Default 512: scratch memory grows with it, and
	// passages are shorter.
	MaxTokens int

	// Layers exports only the first so many layers. Default all.
	Layers int

	// NoFinalNorm leaves the last residual stream as it is.
	NoFinalNorm bool

	// Embedding is how texts become vectors. Default: mean over all tokens.
	Embedding model.Embedding

	// Head maps the pooled state to the vector; nil for none.
	Head *Head

	// Progress is told how many of how many tensors are done.
	Progress func(done, total int)
}

// Head is a dense layer behind pooling. Embedding.Unit says whether it reads the
// pooled state as it is or at length one.
type Head struct {
	Weight []float32 // [hidden, dims]
	Bias   []float32 // [dims]
}

// Export writes the package to the folder dir, which appears complete or not at all.
func Export(ctx context.Context, src Source, dir string, o Options) (*model.Manifest, error) {
	m, err := plan(src, o)
	if err != nil {
		return nil, err
	}
	tokens, err := tokenizerFile(src, m.Llama.Vocab)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(dir)
	if err != nil {
		return nil, err
	}
	defer w.abort()
	if m.Tokenizer, err = w.file(tokens); err != nil {
		return nil, err
	}
	todo := m.Expected()
	for i, t := range todo {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data, err := encode(src, m, t, o)
		if err != nil {
			return nil, err
		}
		if err := w.tensor(t, data); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(todo))
		}
	}
	return m, w.finish(m)
}

// plan derives the manifest, all but files and tensors.
func plan(src Source, o Options) (*model.Manifest, error) {
	c := src.Config()
	if o.Name == "" {
		return nil, fmt.Errorf("export: the package needs a name")
	}
	if o.Layers < 0 || o.Layers > c.NumHiddenLayers {
		return nil, fmt.Errorf("export: layers is %d, the checkpoint has %d", o.Layers, c.NumHiddenLayers)
	}
	if c.HiddenSize%kernel.Group != 0 || c.HeadDim%16 != 0 {
		return nil, fmt.Errorf("export: hidden_size %d must be a multiple of 32 and head_dim %d of 16: the kernels know no other shapes", c.HiddenSize, c.HeadDim)
	}
	m := &model.Manifest{
		Format: model.Format, Name: o.Name, Family: "llama",
		Dims: c.HiddenSize, MaxTokens: o.MaxTokens, Embedding: o.Embedding,
		Llama: &model.Llama{
			Hidden: c.HiddenSize, Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads, HeadDim: c.HeadDim,
			Vocab: c.VocabSize, Epsilon: float32(c.RMSNormEps), Causal: true, FinalNorm: !o.NoFinalNorm,
		},
	}
	if c.Provenance != nil {
		m.License, m.Source = c.Provenance.License, c.Provenance.Source
	}
	if m.MaxTokens == 0 {
		m.MaxTokens = min(512, c.MaxPositionEmbeddings)
	}
	if m.MaxTokens < 1 || m.MaxTokens > c.MaxPositionEmbeddings {
		return nil, fmt.Errorf("export: max tokens is %d, the model has 1 to %d positions", m.MaxTokens, c.MaxPositionEmbeddings)
	}
	if m.Embedding.Pooling == "" {
		m.Embedding.Pooling = "mean"
	}
	if m.Embedding.Head = o.Head != nil; o.Head != nil {
		m.Dims = len(o.Head.Bias)
		if len(o.Head.Weight) != m.Dims*c.HiddenSize {
			return nil, fmt.Errorf("export: the head has %d weights, %d x %d are needed", len(o.Head.Weight), c.HiddenSize, m.Dims)
		}
	}
	layers := o.Layers
	if layers == 0 {
		layers = c.NumHiddenLayers
	}
	for i := range layers {
		m.Llama.MLP = append(m.Llama.MLP, roundUp(c.MLPWidth(i), kernel.Group))
	}
	return m, nil
}

func tokenizerFile(src Source, vocab int) ([]byte, error) {
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	if t.Len() > vocab {
		return nil, fmt.Errorf("export: tokenizer.json has %d tokens, the embedding table only %d rows", t.Len(), vocab)
	}
	return t.MarshalBinary()
}

// encode makes the stored bytes of one tensor.
func encode(src Source, m *model.Manifest, t model.Tensor, o Options) ([]byte, error) {
	switch t.Name {
	case "embedding":
		w, err := tensor(src, "model.embed_tokens.weight", m.Llama.Vocab, m.Llama.Hidden)
		if err != nil {
			return nil, err
		}
		return kernel.PackQ8Rows(w, m.Llama.Vocab, m.Llama.Hidden), nil
	case "rope":
		return floatBytes(ropeTable(m.MaxTokens, m.Llama.HeadDim, src.Config().RopeTheta)), nil
	case "final_norm":
		w, err := tensor(src, "model.norm.weight", m.Llama.Hidden)
		return floatBytes(w), err
	case "head_weight":
		return floatBytes(o.Head.Weight), nil
	case "head_bias":
		return floatBytes(o.Head.Bias), nil
	}
	var layer int
	var part string
	if _, err := fmt.Sscanf(strings.ReplaceAll(t.Name, ".", " "), "layer %d %s", &layer, &part); err != nil {
		return nil, fmt.Errorf("export: tensor %s: %w", t.Name, err)
	}
	return encodeLayer(src, m, layer, part)
}

func encodeLayer(src Source, m *model.Manifest, layer int, part string) ([]byte, error) {
	l, c := m.Llama, src.Config()
	prefix := fmt.Sprintf("model.layers.%d.", layer)
	attention, kv, width := l.Heads*l.HeadDim, l.KVHeads*l.HeadDim, c.MLPWidth(layer)
	pieces := func(list ...piece) ([]byte, error) { return packQ4(src, prefix, list) }
	switch part {
	case "attention_norm":
		w, err := tensor(src, prefix+"input_layernorm.weight", l.Hidden)
		return floatBytes(w), err
	case "mlp_norm":
		w, err := tensor(src, prefix+"post_attention_layernorm.weight", l.Hidden)
		return floatBytes(w), err
	case "qkv":
		return pieces(piece{"self_attn.q_proj", attention, attention, l.Hidden},
			piece{"self_attn.k_proj", kv, kv, l.Hidden}, piece{"self_attn.v_proj", kv, kv, l.Hidden})
	case "output":
		return pieces(piece{"self_attn.o_proj", l.Hidden, l.Hidden, attention})
	case "gate_up":
		return pieces(piece{"mlp.gate_proj", width, l.MLP[layer], l.Hidden}, piece{"mlp.up_proj", width, l.MLP[layer], l.Hidden})
	case "down":
		return pieces(piece{"mlp.down_proj", l.Hidden, l.Hidden, width})
	}
	return nil, fmt.Errorf("export: no rule for tensor part %s", part)
}

// piece is a checkpoint matrix [out, in] that is stored as `stored` columns.
type piece struct {
	name            string
	out, stored, in int
}

// packQ4 quantises matrices with the same input one below the other.
func packQ4(src Source, prefix string, list []piece) ([]byte, error) {
	var packed []byte
	for _, p := range list {
		w, err := tensor(src, prefix+p.name+".weight", p.out, p.in)
		if err != nil {
			return nil, err
		}
		padded := make([]float32, p.stored*p.in)
		copy(padded, w)
		packed = append(packed, kernel.PackQ4(padded, p.stored, p.in)...)
	}
	return packed, nil
}

// tensor reads one tensor and holds it against shape and finiteness.
func tensor(src Source, name string, shape ...int) ([]float32, error) {
	t, err := src.Tensor(name)
	if err != nil {
		return nil, err
	}
	if fmt.Sprint(t.Shape) != fmt.Sprint(shape) {
		return nil, fmt.Errorf("export: %s has shape %v, config.json asks for %v", name, t.Shape, shape)
	}
	for i, x := range t.Data {
		// 60000 lies below float16's limit, which scales must not reach.
		if !(math.Abs(float64(x)) < 60000) {
			return nil, fmt.Errorf("export: %s[%d] is %v: weights must be finite and below 60000", name, i, x)
		}
	}
	return t.Data, nil
}

// ropeTable is kernel.RoPE's table: angle position * theta^(-2i/headDim).
func ropeTable(positions, headDim int, theta float64) []float32 {
	half := headDim / 2
	table := make([]float32, 0, positions*headDim)
	for p := range positions {
		var sines []float32
		for i := range half {
			angle := float64(p) * math.Pow(theta, -2*float64(i)/float64(headDim))
			table = append(table, float32(math.Cos(angle)))
			sines = append(sines, float32(math.Sin(angle)))
		}
		table = append(table, sines...)
	}
	return table
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
