package native

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2"
)

// processor lists what depends on the processor, fastest first.
var processor = []implementation{
	{"avx512vnni", avx2.VNNISupported, func() (kernel.Kernels, error) { return avx2.NewVNNI(), nil }},
	{"avxvnni", avx2.AVXVNNISupported, func() (kernel.Kernels, error) { return avx2.NewAVXVNNI(), nil }},
	{"avx2", avx2.Supported, func() (kernel.Kernels, error) { return avx2.New(), nil }},
}
