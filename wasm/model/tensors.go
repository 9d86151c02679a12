package model

import (
	"slices"
	"strconv"

	"github.com/effir/effir/wasm/kernel"
)

// Tensors that a Llama package holds, the first six for each layer N:
//
//	layer.N.attention_norm  f32    [hidden]
//	layer.N.qkv             q4     [(heads+2*kv_heads)*head_dim, hidden]
//	layer.N.output          q4     [hidden, heads*head_dim]
//	layer.N.mlp_norm        f32    [hidden]                    absent without MLP
//	layer.N.gate_up         q4     [2*mlp, hidden]             absent without MLP
//	layer.N.down            q4     [hidden, mlp]               absent without MLP
//	embedding               q8rows [vocab, hidden]
//	rope                    f32    [max_tokens, head_dim]      kernel.RoPE's table
//	final_norm              f32    [hidden]                    if final_norm
//	head_weight             f32    [hidden, dims]              if embedding.head
//	head_bias               f32    [dims]                      if embedding.head
//
// Expected lists them with the shapes that the manifest's configuration asks for.
func (m *Manifest) Expected() []Tensor {
	l := m.Llama
	attention := l.Heads * l.HeadDim
	var list []Tensor
	add := func(name, kind string, shape ...int) {
		list = append(list, Tensor{Name: name, Type: kind, Shape: shape})
	}
	for i, width := range l.MLP {
		layer := LayerName(i)
		add(layer+"attention_norm", "f32", l.Hidden)
		add(layer+"qkv", "q4", attention+2*l.KVHeads*l.HeadDim, l.Hidden)
		add(layer+"output", "q4", l.Hidden, attention)
		if width > 0 {
			add(layer+"mlp_norm", "f32", l.Hidden)
			add(layer+"gate_up", "q4", 2*width, l.Hidden)
			add(layer+"down", "q4", l.Hidden, width)
		}
	}
	add("embedding", "q8rows", l.Vocab, l.Hidden)
	add("rope", "f32", m.MaxTokens, l.HeadDim)
	if l.FinalNorm {
		add("final_norm", "f32", l.Hidden)
	}
	if m.Embedding.Head {
		add("head_weight", "f32", l.Hidden, m.Dims)
		add("head_bias", "f32", m.Dims)
	}
	return list
}

// LayerName returns the prefix of layer i's tensor names.
func LayerName(i int) string { return "layer." + strconv.Itoa(i) + "." }

// Size returns the bytes that a tensor of this type and shape takes, or -1 for a
// type that is not known or a shape that does not fit it.
func (t Tensor) Size() int {
	elements := 1
	for _, n := range t.Shape {
		if n < 1 || n > 1<<31/elements {
			return -1
		}
		elements *= n
	}
	switch {
	case t.Type == "f32" && len(t.Shape) > 0:
		return 4 * elements
	case t.Type == "q4" && len(t.Shape) == 2 && t.Shape[0]%kernel.Panel == 0 && t.Shape[1]%kernel.Group == 0:
		return kernel.Q4Bytes(t.Shape[0], t.Shape[1])
	case t.Type == "q8rows" && len(t.Shape) == 2 && t.Shape[1]%kernel.Group == 0:
		return t.Shape[0] * kernel.Q8RowBytes(t.Shape[1])
	}
	return -1
}

// Offset returns where a tensor lies in the weights image; the manifest was
// checked, so every expected tensor exists.
func (m *Manifest) Offset(name string) int {
	for _, t := range m.Tensors {
		if t.Name == name {
			return t.Offset
		}
	}
	return -1
}

// checkTensors holds the listed tensors against the expected ones.
func (m *Manifest) checkTensors() error {
	expected := m.Expected()
	if len(m.Tensors) != len(expected) {
		return bad("tensors", "has "+strconv.Itoa(len(m.Tensors))+" entries, the configuration asks for "+strconv.Itoa(len(expected)))
	}
	listed := make(map[string]Tensor, len(m.Tensors))
	for _, t := range m.Tensors {
		if _, twice := listed[t.Name]; twice {
			return bad("tensors", "lists "+strconv.Quote(t.Name)+" twice")
		}
		listed[t.Name] = t
	}
	for _, want := range expected {
		t, ok := listed[want.Name]
		field := "tensors[" + strconv.Quote(want.Name) + "]"
		switch {
		case !ok:
			return bad(field, "is missing")
		case t.Type != want.Type || !slices.Equal(t.Shape, want.Shape):
			return bad(field, "has another type or shape than the configuration asks for")
		case t.Bytes != want.Size():
			return bad(field+".bytes", "is not the size of its shape")
		case t.Offset < 0 || t.Offset%64 != 0 || t.Offset > m.Weights.Bytes-t.Bytes:
			return bad(field+".offset", "is not a multiple of 64 inside the weights image")
		}
	}
	byOffset := slices.SortedFunc(slices.Values(m.Tensors), func(a, b Tensor) int { return a.Offset - b.Offset })
	for i := 1; i < len(byOffset); i++ {
		if before := byOffset[i-1]; before.Offset+before.Bytes > byOffset[i].Offset {
			return bad("tensors", strconv.Quote(before.Name)+" and "+strconv.Quote(byOffset[i].Name)+" overlap")
		}
	}
	return nil
}
