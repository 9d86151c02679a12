package model

import "errors"

// Bert is the shape of an encoder of the BERT family: learned absolute positions,
// bidirectional attention, GELU, biases, LayerNorm behind each sub-layer. A layer
// that lost a sub-layer keeps the norm behind it, which lies on the stream.
type Bert struct {
	Hidden  int     `json:"hidden"`
	Heads   int     `json:"heads"`
	Vocab   int     `json:"vocab"`
	Epsilon float32 `json:"layer_norm_eps"`
	Layers
}

func (b *Bert) sizes() (hidden, vocab int) { return b.Hidden, b.Vocab }
func (b *Bert) layers() *Layers            { return &b.Layers }

// HeadDim returns the width of one attention head.
func (b *Bert) HeadDim() int { return b.Hidden / b.Heads }

func (b *Bert) check() error {
	err := errors.Join(
		within("bert.hidden", b.Hidden, maxWidth, 32),
		within("bert.heads", b.Heads, 1024, 1),
		within("bert.vocab", b.Vocab, maxVocab, 1),
	)
	if err != nil {
		return err
	}
	if b.Hidden%b.Heads != 0 || b.HeadDim()%16 != 0 || b.HeadDim() > 1024 {
		return bad("bert.heads", "must divide hidden into heads whose width is a multiple of 16, at most 1024")
	}
	if !(b.Epsilon > 0 && b.Epsilon < 1) {
		return bad("bert.layer_norm_eps", "must lie between 0 and 1")
	}
	return b.Layers.check("bert")
}

// slots lists, for each layer N,
//
//	layer.N.qkv                  Matrix [3*hidden, hidden]   absent without attention
//	layer.N.qkv_bias             Vector [3*hidden]           absent without attention
//	layer.N.output               Matrix [hidden, hidden]     absent without attention
//	layer.N.output_bias          Vector [hidden]             absent without attention
//	layer.N.attention_norm       Vector [hidden]
//	layer.N.attention_norm_bias  Vector [hidden]
//	layer.N.up                   Matrix [mlp, hidden]        absent without MLP
//	layer.N.up_bias              Vector [mlp]                absent without MLP
//	layer.N.down                 Matrix [hidden, mlp]        absent without MLP
//	layer.N.down_bias            Vector [hidden]             absent without MLP
//	layer.N.mlp_norm             Vector [hidden]
//	layer.N.mlp_norm_bias        Vector [hidden]
//
// and for the model
//
//	embedding            Rows   [vocab, hidden]
//	positions            Rows   [max_tokens, hidden]  the embedding of token type 0 added
//	embedding_norm       Vector [hidden]
//	embedding_norm_bias  Vector [hidden]
func (b *Bert) slots(maxTokens int) []Slot {
	var list []Slot
	add := func(name string, kind Kind, shape ...int) { list = append(list, Slot{name, kind, shape}) }
	linear := func(name string, out, in int) {
		add(name, Matrix, out, in)
		add(name+"_bias", Vector, out)
	}
	norm := func(name string) {
		add(name, Vector, b.Hidden)
		add(name+"_bias", Vector, b.Hidden)
	}
	for i, width := range b.MLP {
		layer := LayerName(i)
		if b.HasAttention(i) {
			linear(layer+"qkv", 3*b.Hidden, b.Hidden)
			linear(layer+"output", b.Hidden, b.Hidden)
		}
		norm(layer + "attention_norm")
		if width > 0 {
			linear(layer+"up", width, b.Hidden)
			linear(layer+"down", b.Hidden, width)
		}
		norm(layer + "mlp_norm")
	}
	add("embedding", Rows, b.Vocab, b.Hidden)
	add("positions", Rows, maxTokens, b.Hidden)
	norm("embedding_norm")
	return list
}
