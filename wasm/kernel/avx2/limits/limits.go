// Package limits offers loops with the arithmetic of kernels and nothing else: what no kernel on this
// processor can exceed. Benchmarks measure them beside the kernels.
package limits

// Limit is the arithmetic of a kernel's product on operands that never leave the registers.
type Limit struct {
	Kernels    string // name of the kernels, as kernel.Kernels.Name returns it
	Weights    int    // bits of a weight
	Operations int    // of a round, a multiplication and an addition each counted
	Run        func(rounds int)
}

// Operation is a kind of arithmetic that kernels other than products consist of.
type Operation string

// The operations. Attention is two, whose times follow each other.
const (
	Attention Operation = "attention" // sums of products; multiplications and additions are counted
	Softmax   Operation = "softmax"   // exponentials and their sum; values are counted, as in the rest
	Quantise  Operation = "quantise"
	GELU      Operation = "gelu"
	SwiGLU    Operation = "swiglu"
	LayerNorm Operation = "layernorm"
	RMSNorm   Operation = "rmsnorm"
	RoPE      Operation = "rope"
	DotI8     Operation = "dot_i8"
	Hamming   Operation = "hamming" // bytes are counted
)

// RowLimit is Limit for an operation.
type RowLimit struct {
	Count int // of a round
	Run   func(rounds int)
}
