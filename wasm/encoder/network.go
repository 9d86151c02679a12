package encoder

import (
	"strings"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
)

// network is what a model family computes, in the steps between which rows may
// be taken apart: all but attention treat every token alone. A pass drives it. x
// is always a run of rows of the residual stream, float32 [rows, hidden].
type network interface {
	// start writes the input of the first layer for the tokens ids: one run of a
	// sequence from its position first on.
	start(p *pass, x, ids kernel.Ptr, first, rows int)

	// project writes queries, keys and values of a layer to qkv, float32 [rows, plan.qkv].
	project(p *pass, layer int, qkv, x kernel.Ptr, rows int)

	// merge joins attention's result, float32 [rows, plan.heads*plan.headDim], to x.
	merge(p *pass, layer int, x, context kernel.Ptr, rows int)

	// skip applies what is left of the attention sub-layer where the layer lacks it.
	skip(p *pass, layer int, x kernel.Ptr, rows int)

	// feed applies the MLP, or what is left of it where the layer lacks it.
	feed(p *pass, layer int, x kernel.Ptr, rows int)

	// finish applies what follows the last layer.
	finish(p *pass, x kernel.Ptr, rows int)
}

// plan is what a pass must know of a network: sizes, and how attention works.
type plan struct {
	hidden, vocab  int
	heads, kvHeads int
	headDim        int
	scale          float32 // of attention scores, 1/sqrt(headDim)
	causal         bool
	rope           kernel.Ptr // kernel.RoPE's table, or 0
	positions      bool       // start looks positions up
	attention      []bool     // for each layer
	wide, inner    int        // float32 a row that feed needs in at.wide and at.inner
	input          int        // widest input of a product
	maxTokens      int
	reads          states
}

// states says which of the last hidden states of a sequence are read.
type states int

const (
	allStates states = iota
	firstState
	lastState
)

func readStates(m *model.Manifest) states {
	switch m.Embedding.Pooling {
	case "mean":
		return allStates
	case "last":
		return lastState
	}
	return firstState
}

// OneRow reports whether only one row of a sequence is multiplied by a tensor: where
// one state is read, that holds for the last layer's products behind its attention.
// Benchmarks count operations by it.
func OneRow(m *model.Manifest, tensor string) bool {
	last := model.LayerName(m.Layers().Count() - 1)
	return readStates(m) != allStates && strings.HasPrefix(tensor, last) && tensor != last+"qkv"
}

// newPlan returns what follows from the manifest alone.
func newPlan(m *model.Manifest) plan {
	p := plan{hidden: m.Hidden(), vocab: m.Vocab(), maxTokens: m.MaxTokens}
	p.reads = readStates(m)
	layers := m.Layers()
	for i := range layers.Count() {
		p.attention = append(p.attention, layers.HasAttention(i))
	}
	return p
}

// qkv returns the floats of a row of queries, keys and values.
func (p *plan) qkv() int { return (p.heads + 2*p.kvHeads) * p.headDim }

// matrix is a packed weight.
type matrix struct {
	at      kernel.Ptr
	out, in int
	q7      bool
}

// table is a packed table of rows.
type table struct {
	at kernel.Ptr
	q4 bool
}

// tensors finds a package's tensors in kernel memory. Names that do not exist
// give zero values.
type tensors struct {
	weights kernel.Ptr
	byName  map[string]model.Tensor
}

func newTensors(m *model.Manifest, weights kernel.Ptr) tensors {
	t := tensors{weights, make(map[string]model.Tensor, len(m.Tensors))}
	for _, entry := range m.Tensors {
		t.byName[entry.Name] = entry
	}
	return t
}

func (t tensors) pointer(name string) kernel.Ptr {
	entry, ok := t.byName[name]
	if !ok {
		return 0
	}
	return t.weights.Add(entry.Offset)
}

func (t tensors) matrix(name string) matrix {
	entry, ok := t.byName[name]
	if !ok {
		return matrix{}
	}
	return matrix{t.weights.Add(entry.Offset), entry.Shape[0], entry.Shape[1], entry.Type == model.Q7}
}

func (t tensors) table(name string) table {
	return table{t.pointer(name), t.byName[name].Type == model.Q4Rows}
}
