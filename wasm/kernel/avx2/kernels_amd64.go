package avx2

import (
	"golang.org/x/sys/cpu"

	"github.com/effir/effir/wasm/kernel"
)

// Kernels implements [kernel.Kernels].
type Kernels struct {
	*kernel.Arena
	name   string
	q4, q7 *layout
	wide   bool // operations on floats in 512-bit registers
}

var _ kernel.Kernels = (*Kernels)(nil)

// Supported reports whether the processor and the operating system allow the
// kernels of [New].
func Supported() bool { return cpu.X86.HasAVX2 && cpu.X86.HasF16C }

// AVXVNNISupported reports the same for [NewAVXVNNI].
func AVXVNNISupported() bool { return Supported() && cpu.X86.HasAVXVNNI }

// VNNISupported reports the same for [NewVNNI].
func VNNISupported() bool {
	return Supported() && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI
}

// New returns kernels over a memory of their own. They are named "avx2".
func New() *Kernels { return newKernels("avx2", []strip{avx2Q4}, []strip{avx2Q7}) }

// NewAVXVNNI returns kernels that differ from those of [New] in the products
// alone. They are named "avxvnni".
func NewAVXVNNI() *Kernels { return newKernels("avxvnni", []strip{avxVNNIQ4}, []strip{avxVNNIQ7}) }

// NewVNNI returns kernels for processors with AVX-512. They are named "avx512vnni".
func NewVNNI() *Kernels {
	k := newKernels("avx512vnni", []strip{vnniWideQ4, vnniQ4, avx2Q4}, []strip{vnniWideQ7, vnniQ7, avx2Q7})
	k.wide = true
	return k
}

func newKernels(name string, q4, q7 []strip) *Kernels {
	return &Kernels{Arena: kernel.NewArena(), name: name, q4: &layout{kernel.Q4Bytes, q4}, q7: &layout{kernel.Q7Bytes, q7}}
}

// Name implements [kernel.Kernels].
func (k *Kernels) Name() string { return k.name }

// multiple panics unless n is a multiple of unit, and not negative.
func multiple(what string, n, unit int) {
	if n < 0 || unit <= 0 || n%unit != 0 {
		panic("avx2: " + what + " has a size that the operation does not take")
	}
}
