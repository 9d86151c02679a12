// Package wazerokernel runs the SIMD128 kernels in wazero, for native programs
// on CPUs that have no kernels of their own.
package wazerokernel

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128"
)

// Kernels implements [kernel.Kernels] with one instance of the baseline module;
// wazero has no relaxed SIMD. It is safe for concurrent use, but operations run
// one after the other: the module has one scratch area.
type Kernels struct {
	runtime wazero.Runtime
	memory  api.Memory
	alloc   api.Function

	allocating sync.Mutex
	end        atomic.Uint64 // of the allocated memory

	mu    sync.Mutex // guards functions and stack, and so the module's scratch
	stack [maxParameters]uint64
	functions
}

// maxParameters is the number of parameters of the longest operation, Attention.
const maxParameters = 9

// functions are the operations that the module exports.
type functions struct {
	embed, embedQ4, rmsNorm, layerNorm, quantise, matMulQ4, matMulQ7, rope, attention,
	swiGLU, gelu, bias, add, meanPool, dense, normalise, dotI8, score, hamming api.Function
}

var _ kernel.Kernels = (*Kernels)(nil)

// Open compiles and instantiates the module. Close frees its memory.
func Open(ctx context.Context) (*Kernels, error) {
	k := &Kernels{runtime: wazero.NewRuntime(ctx)}
	module, err := k.runtime.Instantiate(ctx, simd128.Baseline)
	if err != nil {
		k.runtime.Close(ctx)
		return nil, fmt.Errorf("wazerokernel: %w", err)
	}
	k.memory, k.alloc = module.Memory(), module.ExportedFunction("alloc")
	k.functions = functions{
		embed:     module.ExportedFunction("embed"),
		embedQ4:   module.ExportedFunction("embed_q4"),
		rmsNorm:   module.ExportedFunction("rms_norm"),
		layerNorm: module.ExportedFunction("layer_norm"),
		quantise:  module.ExportedFunction("quantise"),
		matMulQ4:  module.ExportedFunction("mat_mul_q4"),
		matMulQ7:  module.ExportedFunction("mat_mul_q7"),
		rope:      module.ExportedFunction("rope"),
		attention: module.ExportedFunction("attention"),
		swiGLU:    module.ExportedFunction("swi_glu"),
		gelu:      module.ExportedFunction("gelu"),
		bias:      module.ExportedFunction("bias"),
		add:       module.ExportedFunction("add"),
		meanPool:  module.ExportedFunction("mean_pool"),
		dense:     module.ExportedFunction("dense"),
		normalise: module.ExportedFunction("normalise"),
		dotI8:     module.ExportedFunction("dot_i8"),
		score:     module.ExportedFunction("score"),
		hamming:   module.ExportedFunction("hamming"),
	}
	return k, nil
}

// Close frees the memory. No operation may run then or later.
func (k *Kernels) Close() error { return k.runtime.Close(context.Background()) }

// Name implements [kernel.Kernels].
func (*Kernels) Name() string { return "simd128-baseline" }

// Alloc implements [kernel.Memory].
func (k *Kernels) Alloc(size int) (kernel.Ptr, error) {
	if size < 0 || size > math.MaxUint32 {
		return 0, kernel.ErrMemory
	}
	k.allocating.Lock()
	defer k.allocating.Unlock()
	p := k.call(k.alloc, uint64(size))
	if p == 0 {
		return 0, kernel.ErrMemory
	}
	k.end.Store(p + uint64(size))
	return kernel.Ptr(p), nil
}

// Write implements [kernel.Memory].
func (k *Kernels) Write(p kernel.Ptr, src []byte) { copy(k.view(p, len(src)), src) }

// Read implements [kernel.Memory].
func (k *Kernels) Read(dst []byte, p kernel.Ptr) { copy(dst, k.view(p, len(dst))) }

// view returns n bytes of the memory at p. It panics unless they are allocated.
func (k *Kernels) view(p kernel.Ptr, n int) []byte {
	if uint64(p)+uint64(n) > k.end.Load() {
		panic("wazerokernel: a range outside of the allocated memory")
	}
	b, _ := k.memory.Read(uint32(p), uint32(n))
	return b
}

// call runs an export and returns its result, 0 if it has none. It panics where
// the module traps: a size was outside the operation's contract.
func (k *Kernels) call(f api.Function, parameters ...uint64) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stack[0] = 0
	copy(k.stack[:], parameters)
	if err := f.CallWithStack(context.Background(), k.stack[:]); err != nil {
		panic(fmt.Errorf("wazerokernel: %w", err))
	}
	return k.stack[0]
}
