package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addBias(m *asm.Module) {
	addBiased(m, "bias", func(_ *asm.Func, x []asm.F32x4) []asm.F32x4 { return x })
}

func addGELU(m *asm.Module) { addBiased(m, "gelu", gelu) }

// addBiased emits an operation that adds a bias to each row and then applies a
// function to each value.
func addBiased(m *asm.Module, name string, function func(*asm.Func, []asm.F32x4) []asm.F32x4) {
	f := m.Func(name)
	x, biases, rows, dim := f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, 8)
	rowBytes := asm.Let(f, bytesOf(dim))

	repeat(f, rows, func() {
		b, end := asm.Let(f, biases), asm.Let(f, x.Add(rowBytes))
		step := func(count int) {
			values := make([]asm.F32x4, count)
			for i := range values {
				values[i] = asm.Let(f, x.LoadF32x4(16*i).Add(b.LoadF32x4(16*i)))
			}
			for i, y := range function(f, values) {
				f.Store(x, 16*i, y)
			}
			x.Advance(16 * count)
			b.Advance(16 * count)
		}
		f.If(rowBytes.And(asm.Int(32)), func() { step(2) })
		f.While(x.LtU(end), func() { step(4) })
	})
}
