package model

import (
	"slices"
	"strconv"

	"github.com/effir/effir/wasm/kernel"
)

// Tensor is a range of the weights image.
type Tensor struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Shape  []int  `json:"shape"`
	Offset int    `json:"offset"`
	Bytes  int    `json:"bytes"`
}

// Types of tensors, each packed as the kernels read it.
const (
	F32    = "f32"    // float32, little endian
	Q4     = "q4"     // kernel.PackQ4, shape [outputs, inputs]
	Q7     = "q7"     // kernel.PackQ7, shape [outputs, inputs]
	Q4Rows = "q4rows" // kernel.PackQ4Rows, shape [rows, columns]
	Q8Rows = "q8rows" // kernel.PackQ8Rows, shape [rows, columns]
)

// Kind is the use of a tensor, which decides in which types it may be stored.
type Kind int

// The kinds of tensors.
const (
	Vector Kind = iota // read as floats
	Matrix             // multiplied
	Rows               // looked up row by row
)

// Types returns the types in which a tensor of the kind may be stored.
func (k Kind) Types() []string {
	return [...][]string{Vector: {F32}, Matrix: {Q4, Q7}, Rows: {Q4Rows, Q8Rows}}[k]
}

// Slot is a tensor that a configuration asks for.
type Slot struct {
	Name  string
	Kind  Kind
	Shape []int
}

// Slots lists the tensors that the manifest's configuration asks for: those of
// the family, and if embedding.head
//
//	head_weight  Vector [hidden, dims]
//	head_bias    Vector [dims]
func (m *Manifest) Slots() []Slot {
	list := m.section().slots(m.MaxTokens)
	if m.Embedding.Head {
		list = append(list, Slot{"head_weight", Vector, []int{m.Hidden(), m.Dims}}, Slot{"head_bias", Vector, []int{m.Dims}})
	}
	return list
}

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
	if t.Type == F32 && len(t.Shape) > 0 {
		return 4 * elements
	}
	if len(t.Shape) != 2 || t.Shape[1]%kernel.Group != 0 {
		return -1
	}
	panels := t.Shape[0]%kernel.Panel == 0
	switch {
	case t.Type == Q4 && panels:
		return kernel.Q4Bytes(t.Shape[0], t.Shape[1])
	case t.Type == Q7 && panels:
		return kernel.Q7Bytes(t.Shape[0], t.Shape[1])
	case t.Type == Q4Rows:
		return t.Shape[0] * kernel.Q4RowBytes(t.Shape[1])
	case t.Type == Q8Rows:
		return t.Shape[0] * kernel.Q8RowBytes(t.Shape[1])
	}
	return -1
}

// Tensor returns a tensor by name; the manifest was checked, so every slot has one.
func (m *Manifest) Tensor(name string) (Tensor, bool) {
	for _, t := range m.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// checkTensors holds the listed tensors against the slots.
func (m *Manifest) checkTensors() error {
	slots := m.Slots()
	if len(m.Tensors) != len(slots) {
		return bad("tensors", "has "+strconv.Itoa(len(m.Tensors))+" entries, the configuration asks for "+strconv.Itoa(len(slots)))
	}
	listed := make(map[string]Tensor, len(m.Tensors))
	for _, t := range m.Tensors {
		if _, twice := listed[t.Name]; twice {
			return bad("tensors", "lists "+strconv.Quote(t.Name)+" twice")
		}
		listed[t.Name] = t
	}
	for _, want := range slots {
		t, ok := listed[want.Name]
		field := "tensors[" + strconv.Quote(want.Name) + "]"
		switch {
		case !ok:
			return bad(field, "is missing")
		case !slices.Contains(want.Kind.Types(), t.Type) || !slices.Equal(t.Shape, want.Shape):
			return bad(field, "has another type or shape than the configuration asks for")
		case t.Bytes < 1 || t.Bytes != t.Size():
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
