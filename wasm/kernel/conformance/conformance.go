// Package conformance holds implementations of the kernels to the reference,
// byte by byte.
package conformance

import (
	"math/rand/v2"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// Run runs every operation of the kernels that open returns on random shapes
// and values, and on those that are known to be hard, and compares the memory
// with what [kernel.Reference] leaves. Not only results are compared but all
// arguments and 64 bytes on either side of each, so a stray write fails too.
//
// open is called once for every operation; it registers its own clean-up with
// t.Cleanup. Seeds are fixed: two runs test the same cases.
func Run(t *testing.T, open func(t *testing.T) kernel.Kernels) {
	t.Run("Memory", func(t *testing.T) { testMemory(t, open(t)) })
	for _, suite := range []struct {
		operation string
		run       func(*suite)
	}{
		{"Embed", testEmbed},
		{"RMSNorm", testRMSNorm},
		{"Quantise", testQuantise},
		{"MatMulQ4", testMatMulQ4},
		{"RoPE", testRoPE},
		{"Attention", testAttention},
		{"SwiGLU", testSwiGLU},
		{"Add", testAdd},
		{"MeanPool", testMeanPool},
		{"Dense", testDense},
		{"Normalise", testNormalise},
		{"DotI8", testDotI8},
	} {
		t.Run(suite.operation, func(t *testing.T) {
			suite.run(newSuite(t, suite.operation, open(t)))
		})
	}
}

// random returns the generator that a suite draws all its cases from.
func random(operation string) *rand.Rand {
	seed := [32]byte{}
	copy(seed[:], operation)
	return rand.New(rand.NewChaCha8(seed))
}
