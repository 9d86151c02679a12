// Package conformance holds implementations of the kernels to the reference,
// byte by byte.
package conformance

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// Run runs every operation of the kernels that open returns on random shapes
// and values, and on those that are known to be hard, and compares the memory
// with what [kernel.Reference] leaves. Not only results are compared but all
// arguments and 64 bytes on either side of each, so a stray write fails too.
//
// open is called once for every operation; it registers its own clean-up with
// t.Cleanup. Two runs test the same cases, unless the environment variable
// EFFIR_CONFORMANCE_SEED names others.
//
// With operations named, it runs only those.
func Run(t *testing.T, open func(t *testing.T) kernel.Kernels, operations ...string) {
	if len(operations) == 0 {
		t.Run("Memory", func(t *testing.T) { testMemory(t, open(t)) })
	}
	for _, suite := range []struct {
		operation string
		run       func(*suite)
	}{
		{"Embed", testEmbed},
		{"EmbedQ4", testEmbedQ4},
		{"RMSNorm", testRMSNorm},
		{"LayerNorm", testLayerNorm},
		{"Quantise", testQuantise},
		{"MatMulQ4", testMatMulQ4},
		{"MatMulQ7", testMatMulQ7},
		{"RoPE", testRoPE},
		{"Attention", testAttention},
		{"SwiGLU", testSwiGLU},
		{"GELU", testGELU},
		{"Bias", testBias},
		{"Add", testAdd},
		{"MeanPool", testMeanPool},
		{"Dense", testDense},
		{"Normalise", testNormalise},
		{"DotI8", testDotI8},
		{"Score", testScore},
		{"Hamming", testHamming},
		{"Hostile", testHostile},
	} {
		if len(operations) > 0 && !slices.Contains(operations, suite.operation) {
			continue
		}
		t.Run(suite.operation, func(t *testing.T) {
			suite.run(newSuite(t, suite.operation, open(t)))
		})
	}
}

// random returns the generator that a suite draws all its cases from.
func random(operation string) *rand.Rand {
	seed := [32]byte{}
	copy(seed[:], operation+os.Getenv("EFFIR_CONFORMANCE_SEED"))
	return rand.New(rand.NewChaCha8(seed))
}
