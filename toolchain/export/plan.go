package export

import (
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// resolve fills the options that follow from the checkpoint.
func (o *Options) resolve(src Source) error {
	c := src.Config()
	own := o.Embedding.Pooling == ""
	says := c.Embedding
	if says == nil {
		says = &checkpoint.Embedding{Pooling: checkpoint.PoolMean, MaxTokens: c.MaxPositionEmbeddings}
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = min(512, says.MaxTokens)
	}
	if !own {
		return nil
	}
	prefix, suffix, err := specialTokens(src)
	if err != nil {
		return err
	}
	o.Embedding = model.Embedding{
		Pooling: says.Pooling, Skip: says.Skip, Prefix: prefix, Suffix: suffix,
		Query: says.QueryPrefix, Passage: says.PassagePrefix, Unit: o.Embedding.Unit,
	}
	if o.Head == nil && says.HeadDims > 0 {
		o.Head, err = readHead(src, says.HeadDims, c.HiddenSize)
	}
	return err
}

// readHead reads the checkpoint's head, whose weight is stored [dims, hidden].
func readHead(src Source, dims, hidden int) (*Head, error) {
	weight, err := tensor(src, "head.weight", dims, hidden)
	if err != nil {
		return nil, err
	}
	bias, err := tensor(src, "head.bias", dims)
	if err != nil {
		return nil, err
	}
	h := &Head{Weight: make([]float32, len(weight)), Bias: bias}
	for d := range dims {
		for i := range hidden {
			h.Weight[i*dims+d] = weight[d*hidden+i]
		}
	}
	return h, nil
}

// plan derives the manifest, all but files and tensors.
func plan(src Source, f family, o *Options) (*model.Manifest, error) {
	c := src.Config()
	if o.Name == "" {
		return nil, fmt.Errorf("export: the package needs a name")
	}
	if o.Layers < 0 || o.Layers > c.NumHiddenLayers {
		return nil, fmt.Errorf("export: layers is %d, the checkpoint has %d", o.Layers, c.NumHiddenLayers)
	}
	if o.MaxTokens < 1 || o.MaxTokens > c.MaxPositionEmbeddings {
		return nil, fmt.Errorf("export: max tokens is %d, the model has 1 to %d positions", o.MaxTokens, c.MaxPositionEmbeddings)
	}
	if c.HiddenSize%kernel.Group != 0 || c.HeadDim%16 != 0 {
		return nil, fmt.Errorf("export: hidden_size %d must be a multiple of 32 and head_dim %d of 16: the kernels know no other shapes", c.HiddenSize, c.HeadDim)
	}
	m := &model.Manifest{
		Format: model.Format, Name: o.Name, Family: c.ModelType,
		Dims: c.HiddenSize, MaxTokens: o.MaxTokens, Embedding: o.Embedding,
	}
	if c.Provenance != nil {
		m.License, m.Source = c.Provenance.License, c.Provenance.Source
	}
	if m.Embedding.Head = o.Head != nil; o.Head != nil {
		m.Dims = len(o.Head.Bias)
		if len(o.Head.Weight) != m.Dims*c.HiddenSize {
			return nil, fmt.Errorf("export: the head has %d weights, %d x %d are needed", len(o.Head.Weight), c.HiddenSize, m.Dims)
		}
	}
	count := o.Layers
	if count == 0 {
		count = c.NumHiddenLayers
	}
	f.describe(m, layers(&c, count), o)
	return m, nil
}

// layers says which sub-layers the first count layers have.
func layers(c *checkpoint.Config, count int) model.Layers {
	var l model.Layers
	all := true
	for i := range count {
		l.MLP = append(l.MLP, roundUp(c.MLPWidth(i), kernel.Group))
		l.Attention = append(l.Attention, c.HasAttention(i))
		all = all && c.HasAttention(i)
	}
	if all {
		l.Attention = nil
	}
	return l
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

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
