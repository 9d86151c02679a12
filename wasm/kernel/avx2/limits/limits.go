// Package limits offers loops with the arithmetic of products and nothing else: what no product on this
// processor can exceed. Benchmarks measure them beside the kernels.
package limits

// Limit is the arithmetic of a kernel's product on operands that never leave the registers.
type Limit struct {
	Kernels    string // name of the kernels, as kernel.Kernels.Name returns it
	Weights    int    // bits of a weight
	Operations int    // of a round, a multiplication and an addition each counted
	Run        func(rounds int)
}
