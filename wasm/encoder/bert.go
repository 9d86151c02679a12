package encoder

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
)

// bert is the BERT family (Devlin et al. 2019): learned positions, bidirectional
// attention, GELU, LayerNorm behind each sub-layer. The norm behind a sub-layer
// that a layer lacks stays: it lies on the residual stream.
type bert struct {
	layers               []bertLayer
	embedding, positions table
	norm                 layerNorm
	epsilon              float32
}

// bertLayer holds a layer's tensors; width 0: there is no MLP.
type bertLayer struct {
	qkv, output   biased
	attentionNorm layerNorm
	up, down      biased
	mlpNorm       layerNorm
	width         int
}

// biased is a linear map with a bias, layerNorm a norm's weight and bias.
type (
	biased struct {
		matrix
		bias kernel.Ptr
	}
	layerNorm struct{ weight, bias kernel.Ptr }
)

func newBert(m *model.Manifest, at tensors) (network, plan) {
	linear := func(name string) biased { return biased{at.matrix(name), at.pointer(name + "_bias")} }
	norm := func(name string) layerNorm { return layerNorm{at.pointer(name), at.pointer(name + "_bias")} }
	shape := m.Bert
	n := &bert{
		embedding: at.table("embedding"), positions: at.table("positions"),
		norm: norm("embedding_norm"), epsilon: shape.Epsilon,
	}
	p := newPlan(m)
	p.heads, p.kvHeads, p.headDim, p.positions = shape.Heads, shape.Heads, shape.HeadDim(), true
	for i, width := range shape.MLP {
		name := model.LayerName(i)
		n.layers = append(n.layers, bertLayer{
			qkv: linear(name + "qkv"), output: linear(name + "output"), attentionNorm: norm(name + "attention_norm"),
			up: linear(name + "up"), down: linear(name + "down"), mlpNorm: norm(name + "mlp_norm"),
			width: width,
		})
		p.wide = max(p.wide, width)
	}
	p.input = max(p.hidden, p.wide)
	p.scale = 1 / kernel.Sqrt(float32(p.headDim))
	return n, p
}

func (n *bert) start(p *pass, x, ids kernel.Ptr, first, rows int) {
	p.lookUp(x, n.embedding, ids, rows)
	p.lookUp(p.at.normed, n.positions, p.at.positions.Add(4*first), rows)
	n.join(p, x, n.norm, rows)
}

func (n *bert) project(p *pass, layer int, qkv, x kernel.Ptr, rows int) {
	l := &n.layers[layer]
	p.product(qkv, x, l.qkv.matrix, rows)
	p.Bias(qkv, l.qkv.bias, rows, l.qkv.out)
}

func (n *bert) merge(p *pass, layer int, x, context kernel.Ptr, rows int) {
	l := &n.layers[layer]
	p.product(p.at.normed, context, l.output.matrix, rows)
	p.Bias(p.at.normed, l.output.bias, rows, p.hidden)
	n.join(p, x, l.attentionNorm, rows)
}

func (n *bert) skip(p *pass, layer int, x kernel.Ptr, rows int) {
	n.normalise(p, x, n.layers[layer].attentionNorm, rows)
}

func (n *bert) feed(p *pass, layer int, x kernel.Ptr, rows int) {
	l := &n.layers[layer]
	if l.width == 0 {
		n.normalise(p, x, l.mlpNorm, rows)
		return
	}
	p.product(p.at.wide, x, l.up.matrix, rows)
	p.GELU(p.at.wide, l.up.bias, rows, l.width)
	p.product(p.at.normed, p.at.wide, l.down.matrix, rows)
	p.Bias(p.at.normed, l.down.bias, rows, p.hidden)
	n.join(p, x, l.mlpNorm, rows)
}

func (*bert) finish(*pass, kernel.Ptr, int) {}

// join adds at.normed to x and normalises.
func (n *bert) join(p *pass, x kernel.Ptr, norm layerNorm, rows int) {
	p.Add(x, p.at.normed, rows*p.hidden)
	n.normalise(p, x, norm, rows)
}

func (n *bert) normalise(p *pass, x kernel.Ptr, norm layerNorm, rows int) {
	p.LayerNorm(x, x, norm.weight, norm.bias, rows, p.hidden, n.epsilon)
}
