package encoder

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
)

// llama is the forward pass of the Llama family: RMSNorm before each sub-layer,
// rotary positions, grouped-query attention, SwiGLU, residual stream in float32.
type llama struct {
	shape     model.Llama
	layers    []llamaLayer
	embedding kernel.Ptr
	rope      kernel.Ptr
	finalNorm kernel.Ptr
	scale     float32 // of attention scores, 1/sqrt(head dim)

	headWeight, headBias kernel.Ptr
}

// llamaLayer holds where a layer's tensors lie. width 0: there is no MLP.
type llamaLayer struct {
	attentionNorm, qkv, output kernel.Ptr
	mlpNorm, gateUp, down      kernel.Ptr
	width                      int
}

func newLlama(m *model.Manifest, weights kernel.Ptr) *llama {
	at := make(map[string]kernel.Ptr, len(m.Tensors))
	for _, t := range m.Tensors {
		at[t.Name] = weights.Add(t.Offset)
	}
	n := &llama{
		shape:     *m.Llama,
		embedding: at["embedding"],
		rope:      at["rope"],
		finalNorm: at["final_norm"],
		scale:     1 / kernel.Sqrt(float32(m.Llama.HeadDim)),

		headWeight: at["head_weight"], headBias: at["head_bias"],
	}
	for i, width := range m.Llama.MLP {
		name := model.LayerName(i)
		n.layers = append(n.layers, llamaLayer{
			attentionNorm: at[name+"attention_norm"], qkv: at[name+"qkv"], output: at[name+"output"],
			mlpNorm: at[name+"mlp_norm"], gateUp: at[name+"gate_up"], down: at[name+"down"],
			width: width,
		})
	}
	return n
}

// scratch holds where the intermediate results of a batch lie.
type scratch struct {
	ids       kernel.Ptr // int32 [rows]
	x         kernel.Ptr // float32 [rows, hidden], the residual stream
	normed    kernel.Ptr // float32 [rows, hidden], input of a sub-layer, then its output
	wide      kernel.Ptr // float32 [rows, qkv or 2*width], first product of a sub-layer
	inner     kernel.Ptr // float32 [rows, heads*head dim or width], between the products
	q         kernel.Ptr // int8 [rows, widest input of a product]
	scale     kernel.Ptr // float32 [rows, widest input/32]
	sums      kernel.Ptr // float32 [rows, widest input/32]
	attention kernel.Ptr // kernel.AttentionScratch of the longest sequence
	pooled    kernel.Ptr // float32 [hidden], the pooled state of one sequence
	vector    kernel.Ptr // float32 [dims, at most hidden], what the head makes of it
}

// widths returns the widest first product and the widest inner state of a layer.
func (n *llama) widths() (wide, inner int) {
	s := n.shape
	wide, inner = (s.Heads+2*s.KVHeads)*s.HeadDim, s.Heads*s.HeadDim
	for _, l := range n.layers {
		wide, inner = max(wide, 2*l.width), max(inner, l.width)
	}
	return wide, inner
}

// parts lists the sizes in bytes of what layScratch places, in its order.
func (n *llama) parts(rows, longest int) [11]int {
	wide, inner := n.widths()
	input := max(inner, n.shape.Hidden)
	return [...]int{
		4 * rows,
		4 * rows * n.shape.Hidden,
		4 * rows * n.shape.Hidden,
		4 * rows * wide,
		4 * rows * inner,
		rows * input,
		4 * rows * (input / kernel.Group),
		4 * rows * (input / kernel.Group),
		kernel.AttentionScratch(longest, n.shape.HeadDim),
		4 * n.shape.Hidden,
		4 * n.shape.Hidden,
	}
}

func (n *llama) scratchBytes(rows, longest int) int {
	sum := 0
	for _, size := range n.parts(rows, longest) {
		sum += align(size)
	}
	return sum
}

func (n *llama) layScratch(base kernel.Ptr, rows, longest int) scratch {
	var s scratch
	places := [...]*kernel.Ptr{&s.ids, &s.x, &s.normed, &s.wide, &s.inner, &s.q, &s.scale, &s.sums, &s.attention, &s.pooled, &s.vector}
	for i, size := range n.parts(rows, longest) {
		*places[i] = base
		base = base.Add(align(size))
	}
	return s
}

func align(n int) int { return (n + 63) &^ 63 }

// forward leaves the last hidden states of the sequences in s.x. The sequences
// share every product; only attention and positions see them apart.
func (n *llama) forward(k kernel.Kernels, s scratch, lengths []int) {
	rows := 0
	for _, length := range lengths {
		rows += length
	}
	hidden := n.shape.Hidden
	k.Embed(s.x, n.embedding, s.ids, rows, hidden)
	for i := range n.layers {
		l := &n.layers[i]
		n.attend(k, s, l, rows, lengths)
		k.Add(s.x, s.normed, rows*hidden)
		if l.width > 0 {
			n.mlp(k, s, l, rows)
			k.Add(s.x, s.normed, rows*hidden)
		}
	}
	if n.shape.FinalNorm {
		k.RMSNorm(s.x, s.x, n.finalNorm, rows, hidden, n.shape.Epsilon)
	}
}

// attend leaves the attention sub-layer's output in s.normed.
func (n *llama) attend(k kernel.Kernels, s scratch, l *llamaLayer, rows int, lengths []int) {
	heads, kvHeads, headDim, hidden := n.shape.Heads, n.shape.KVHeads, n.shape.HeadDim, n.shape.Hidden
	inner, stride := heads*headDim, (heads+2*kvHeads)*headDim
	k.RMSNorm(s.normed, s.x, l.attentionNorm, rows, hidden, n.shape.Epsilon)
	n.product(k, s, s.wide, s.normed, l.qkv, rows, stride, hidden)
	row := 0
	for _, length := range lengths {
		qkv, out := s.wide.Add(4*row*stride), s.inner.Add(4*row*inner)
		k.RoPE(qkv, n.rope, length, heads+kvHeads, headDim, stride)
		k.Attention(out, qkv, s.attention, length, heads, kvHeads, headDim, n.scale, n.shape.Causal)
		row += length
	}
	n.product(k, s, s.normed, s.inner, l.output, rows, hidden, inner)
}

// mlp leaves the MLP sub-layer's output in s.normed.
func (n *llama) mlp(k kernel.Kernels, s scratch, l *llamaLayer, rows int) {
	hidden := n.shape.Hidden
	k.RMSNorm(s.normed, s.x, l.mlpNorm, rows, hidden, n.shape.Epsilon)
	n.product(k, s, s.wide, s.normed, l.gateUp, rows, 2*l.width, hidden)
	k.SwiGLU(s.inner, s.wide, rows, l.width)
	n.product(k, s, s.normed, s.inner, l.down, rows, hidden, l.width)
}

// product multiplies x [rows, in] by packed weights w [out, in].
func (n *llama) product(k kernel.Kernels, s scratch, y, x, w kernel.Ptr, rows, out, in int) {
	k.Quantise(s.q, s.scale, s.sums, x, rows, in)
	k.MatMulQ4(y, s.q, s.scale, s.sums, w, rows, out, in)
}
