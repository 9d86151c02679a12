package avx2

import (
	"golang.org/x/sys/cpu"

	"github.com/effir/effir/wasm/kernel"
)

// Kernels implements [kernel.Kernels].
type Kernels struct {
	*kernel.Arena
	name  string
	tiles []tile // of MatMulQ4, widest first
}

var _ kernel.Kernels = (*Kernels)(nil)

// Supported reports whether the processor and the operating system allow the
// kernels of [New].
func Supported() bool { return cpu.X86.HasAVX2 && cpu.X86.HasF16C }

// VNNISupported reports the same for [NewVNNI].
func VNNISupported() bool {
	return Supported() && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI
}

// New returns kernels over a memory of their own. They are named "avx2".
func New() *Kernels { return &Kernels{kernel.NewArena(), "avx2", avx2Tiles} }

// NewVNNI returns kernels that differ from those of [New] in MatMulQ4 alone.
// They are named "avx512vnni".
func NewVNNI() *Kernels { return &Kernels{kernel.NewArena(), "avx512vnni", vnniTiles} }

// Name implements [kernel.Kernels].
func (k *Kernels) Name() string { return k.name }

// multiple panics unless n is a multiple of unit, and not negative.
func multiple(what string, n, unit int) {
	if n < 0 || unit <= 0 || n%unit != 0 {
		panic("avx2: " + what + " has a size that the operation does not take")
	}
}
