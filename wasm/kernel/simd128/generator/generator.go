// Package generator writes the kernels as WebAssembly modules with 128-bit
// SIMD. One file holds one operation; what it must compute, to the bit, is said
// at the same name in [github.com/effir/effir/wasm/kernel.Kernels].
//
// # The module
//
// It owns its memory and exports it as "memory". Operations are exported under
// their names in snake case, with the parameters of the Go methods in the same
// order: pointers, counts and booleans as i32, floats as f32. A size that the
// operation's contract excludes traps. score alone has a result. Further exports are alloc, allocated,
// poke64, peek64, poke8, peek8 and variant, see memory.go, and in the relaxed
// variant dot_in_fours, see matmul.go, and limits, see limit.go.
//
// The low [kernel.Reserved] bytes are constants and the scratch of mat_mul_q4,
// mat_mul_q7 and dot_i8: two calls of one instance must not run at the same time.
package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// Variant is a set of instructions to generate for.
type Variant int

// The variants. Their results are the same bits.
const (
	Baseline Variant = iota // WebAssembly 2.0: every engine with SIMD
	Relaxed                 // with the relaxed integer dot product
)

// Module returns the binary module of a variant.
func Module(v Variant) []byte {
	m := asm.NewModule()
	addMemory(m, v)
	addEmbed(m)
	addEmbedQ4(m)
	addRMSNorm(m)
	addLayerNorm(m)
	addQuantise(m)
	addMatMul(m, v)
	addRoPE(m)
	addAttention(m)
	addSwiGLU(m)
	addGELU(m)
	addBias(m)
	addAdd(m)
	addMeanPool(m)
	addDense(m)
	addNormalise(m)
	addDotI8(m)
	addScore(m)
	addHamming(m)
	if v == Relaxed {
		addLimits(m)
	}
	return m.Bytes()
}

// require traps unless x is a multiple of n, a power of two.
func require(f *asm.Func, x asm.I32, n int) {
	f.If(x.And(asm.Int(n-1)), f.Trap)
}

// requireAtMost traps if x is more than limit.
func requireAtMost(f *asm.Func, x asm.I32, limit int) {
	f.If(x.GtU(asm.Int(limit)), f.Trap)
}

// repeat emits a loop of count rounds. It leaves count at 0.
func repeat(f *asm.Func, count asm.I32, body func()) {
	f.While(count, func() {
		body()
		count.Advance(-1)
	})
}

// bytesOf is the size of n floats.
func bytesOf(n asm.I32) asm.I32 { return n.Shl(2) }

const group = kernel.Group
