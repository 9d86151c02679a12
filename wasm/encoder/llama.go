package encoder

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
)

// llama is the Llama family: RMSNorm before each sub-layer, rotary positions,
// grouped-query attention, SwiGLU. What a layer lacks leaves no trace.
type llama struct {
	layers    []llamaLayer
	embedding table
	finalNorm kernel.Ptr // 0: none
	epsilon   float32
}

// llamaLayer holds a layer's tensors; width 0: there is no MLP.
type llamaLayer struct {
	attentionNorm kernel.Ptr
	qkv, output   matrix
	mlpNorm       kernel.Ptr
	gateUp, down  matrix
	width         int
}

func newLlama(m *model.Manifest, at tensors) (network, plan) {
	shape := m.Llama
	n := &llama{embedding: at.table("embedding"), finalNorm: at.pointer("final_norm"), epsilon: shape.Epsilon}
	p := newPlan(m)
	p.heads, p.kvHeads, p.headDim = shape.Heads, shape.KVHeads, shape.HeadDim
	p.causal, p.rope = shape.Causal, at.pointer("rope")
	for i, width := range shape.MLP {
		name := model.LayerName(i)
		n.layers = append(n.layers, llamaLayer{
			attentionNorm: at.pointer(name + "attention_norm"), qkv: at.matrix(name + "qkv"), output: at.matrix(name + "output"),
			mlpNorm: at.pointer(name + "mlp_norm"), gateUp: at.matrix(name + "gate_up"), down: at.matrix(name + "down"),
			width: width,
		})
		p.wide, p.inner = max(p.wide, 2*width), max(p.inner, width)
	}
	p.input = max(p.hidden, p.heads*p.headDim, p.inner)
	p.scale = 1 / kernel.Sqrt(float32(p.headDim))
	return n, p
}

func (n *llama) start(p *pass, x, ids kernel.Ptr, _, rows int) {
	p.lookUp(x, n.embedding, ids, rows)
}

func (n *llama) project(p *pass, layer int, qkv, x kernel.Ptr, rows int) {
	l := &n.layers[layer]
	p.RMSNorm(p.at.normed, x, l.attentionNorm, rows, p.hidden, n.epsilon)
	p.product(qkv, p.at.normed, l.qkv, rows)
}

func (n *llama) merge(p *pass, layer int, x, context kernel.Ptr, rows int) {
	p.product(p.at.normed, context, n.layers[layer].output, rows)
	p.Add(x, p.at.normed, rows*p.hidden)
}

func (n *llama) skip(*pass, int, kernel.Ptr, int) {}

func (n *llama) feed(p *pass, layer int, x kernel.Ptr, rows int) {
	l := &n.layers[layer]
	if l.width == 0 {
		return
	}
	p.RMSNorm(p.at.normed, x, l.mlpNorm, rows, p.hidden, n.epsilon)
	p.product(p.at.wide, p.at.normed, l.gateUp, rows)
	p.SwiGLU(p.at.inner, p.at.wide, rows, l.width)
	p.product(p.at.normed, p.at.inner, l.down, rows)
	p.Add(x, p.at.normed, rows*p.hidden)
}

func (n *llama) finish(p *pass, x kernel.Ptr, rows int) {
	if n.finalNorm != 0 {
		p.RMSNorm(x, x, n.finalNorm, rows, p.hidden, n.epsilon)
	}
}
