package encoder

import "github.com/effir/effir/wasm/kernel"

// chunkRows is how many rows go through a product at once. It bounds scratch
// memory, and is enough for the kernels to read each weight rarely.
const chunkRows = 128

// scratch holds where the intermediate results of a batch lie. qkv and context
// live only during attention, wide and inner only during an MLP: they share
// their memory.
type scratch struct {
	ids       kernel.Ptr // int32 [capacity]
	positions kernel.Ptr // int32 [max tokens]: 0, 1, 2, ...; empty unless plan.positions
	x         kernel.Ptr // float32 [capacity, hidden], the residual stream
	normed    kernel.Ptr // float32 [chunk, hidden], input of a sub-layer, then its output
	q         kernel.Ptr // int8 [chunk, plan.input]
	scale     kernel.Ptr // float32 [chunk, plan.input/32]
	sums      kernel.Ptr // float32 [chunk, plan.input/32]
	scores    kernel.Ptr // kernel.AttentionScratch of the longest sequence
	pooled    kernel.Ptr // float32 [hidden], the pooled state of one sequence
	vector    kernel.Ptr // float32 [dims], what the head makes of it

	qkv     kernel.Ptr // float32 [max tokens, plan.qkv]
	context kernel.Ptr // float32 [max tokens, heads*headDim]

	wide  kernel.Ptr // float32 [chunk, plan.wide], the MLP's first product
	inner kernel.Ptr // float32 [chunk, plan.inner], what lies between its products
}

// parts are the sizes in bytes of what a scratch places, in its order; the last
// two pairs begin at the same place.
type parts [14]int

func (e *Encoder) parts(capacity int) parts {
	p, longest := &e.plan, e.manifest.MaxTokens
	chunk, positions := min(chunkRows, capacity), 0
	if p.positions {
		positions = longest
	}
	return parts{
		4 * capacity,
		4 * positions,
		4 * capacity * p.hidden,
		4 * chunk * p.hidden,
		chunk * p.input,
		4 * chunk * (p.input / kernel.Group),
		4 * chunk * (p.input / kernel.Group),
		kernel.AttentionScratch(longest, p.headDim),
		4 * p.hidden,
		4 * e.Dims(),

		4 * longest * p.qkv(),
		4 * longest * p.heads * p.headDim,

		4 * chunk * p.wide,
		4 * chunk * p.inner,
	}
}

const shared = 10 // index of the first part that shares its memory

// ScratchBytes returns the kernel memory that a session of this capacity takes.
// With T = max_tokens, C = max(capacity, T) tokens, B = min(128, C) rows at
// once, H = hidden, W = the widest input of a product, A = heads*headDim,
// K = (heads + 2*kv_heads)*headDim, M and I = the widest first product and
// inner state of an MLP (2w and w for a SwiGLU of width w, w and 0 for a plain
// one), each product rounded up to 64 bytes:
//
//	4C + 4CH                          ids and residual stream
//	+ 4BH + BW + 2*4B*W/32            one chunk's input, and that quantised
//	+ 4T                              BERT's positions
//	+ AttentionScratch(T, headDim) + 4H + 4 dims
//	+ max(4TK + 4TA, 4BM + 4BI)       attention or MLP
//
// The peak of the kernel memory is that plus the weights image plus
// [kernel.Reserved]; of a whole guest, see engine.
func (e *Encoder) ScratchBytes(capacity int) int {
	sizes, sum := e.parts(max(capacity, e.manifest.MaxTokens)), 0
	for _, size := range sizes[:shared] {
		sum += align(size)
	}
	return sum + max(align(sizes[10])+align(sizes[11]), align(sizes[12])+align(sizes[13]))
}

// layScratch places the parts from base on.
func layScratch(base kernel.Ptr, sizes parts) scratch {
	var s scratch
	for i, p := range [...]*kernel.Ptr{&s.ids, &s.positions, &s.x, &s.normed, &s.q, &s.scale, &s.sums, &s.scores, &s.pooled, &s.vector} {
		*p = base
		base = base.Add(align(sizes[i]))
	}
	s.qkv, s.context = base, base.Add(align(sizes[10]))
	s.wide, s.inner = base, base.Add(align(sizes[12]))
	return s
}

func align(n int) int { return (n + 63) &^ 63 }
