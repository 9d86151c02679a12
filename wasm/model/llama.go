package model

import "errors"

// Llama is the shape of an encoder of the Llama family: RMSNorm before each
// sub-layer, rotary positions, grouped-query attention, SwiGLU, no biases.
type Llama struct {
	Hidden  int     `json:"hidden"`
	Heads   int     `json:"heads"`
	KVHeads int     `json:"kv_heads"`
	HeadDim int     `json:"head_dim"`
	Vocab   int     `json:"vocab"`
	Epsilon float32 `json:"rms_norm_eps"`
	Causal  bool    `json:"causal"`
	Layers
	// FinalNorm says that the last residual stream is normalised.
	FinalNorm bool `json:"final_norm"`
}

func (l *Llama) sizes() (hidden, vocab int) { return l.Hidden, l.Vocab }
func (l *Llama) layers() *Layers            { return &l.Layers }

func (l *Llama) check() error {
	err := errors.Join(
		within("llama.hidden", l.Hidden, maxWidth, 32),
		within("llama.heads", l.Heads, 1024, 1),
		within("llama.kv_heads", l.KVHeads, 1024, 1),
		within("llama.head_dim", l.HeadDim, 1024, 16),
		within("llama.vocab", l.Vocab, maxVocab, 1),
	)
	if err != nil {
		return err
	}
	if l.Heads%l.KVHeads != 0 {
		return bad("llama.kv_heads", "does not divide llama.heads")
	}
	if l.Heads*l.HeadDim%32 != 0 || l.Heads*l.HeadDim > maxWidth {
		return bad("llama.head_dim", "times heads must be a multiple of 32, at most 16384")
	}
	if !(l.Epsilon > 0 && l.Epsilon < 1) {
		return bad("llama.rms_norm_eps", "must lie between 0 and 1")
	}
	return l.Layers.check("llama")
}

// slots lists, for each layer N,
//
//	layer.N.attention_norm  Vector [hidden]                              absent without attention
//	layer.N.qkv             Matrix [(heads+2*kv_heads)*head_dim, hidden] absent without attention
//	layer.N.output          Matrix [hidden, heads*head_dim]              absent without attention
//	layer.N.mlp_norm        Vector [hidden]                              absent without MLP
//	layer.N.gate_up         Matrix [2*mlp, hidden]                       absent without MLP
//	layer.N.down            Matrix [hidden, mlp]                         absent without MLP
//
// and for the model
//
//	embedding               Rows   [vocab, hidden]
//	rope                    Vector [max_tokens, head_dim]                kernel.RoPE's table
//	final_norm              Vector [hidden]                              if final_norm
func (l *Llama) slots(maxTokens int) []Slot {
	attention := l.Heads * l.HeadDim
	var list []Slot
	add := func(name string, kind Kind, shape ...int) { list = append(list, Slot{name, kind, shape}) }
	for i, width := range l.MLP {
		layer := LayerName(i)
		if l.HasAttention(i) {
			add(layer+"attention_norm", Vector, l.Hidden)
			add(layer+"qkv", Matrix, attention+2*l.KVHeads*l.HeadDim, l.Hidden)
			add(layer+"output", Matrix, l.Hidden, attention)
		}
		if width > 0 {
			add(layer+"mlp_norm", Vector, l.Hidden)
			add(layer+"gate_up", Matrix, 2*width, l.Hidden)
			add(layer+"down", Matrix, l.Hidden, width)
		}
	}
	add("embedding", Rows, l.Vocab, l.Hidden)
	add("rope", Vector, maxTokens, l.HeadDim)
	if l.FinalNorm {
		add("final_norm", Vector, l.Hidden)
	}
	return list
}
