package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addEmbed(m *asm.Module) {
	f := m.Func("embed")
	out, table, ids, rows, dim := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, group)
	scaleBytes := asm.Let(f, dim.ShrU(4)) // two for 32 values
	rowBytes := asm.Let(f, dim.Add(scaleBytes))

	repeat(f, rows, func() {
		scales := asm.Let(f, table.Add(ids.LoadI32(0).Mul(rowBytes)))
		values := asm.Let(f, scales.Add(scaleBytes))
		end := asm.Let(f, values.Add(dim))
		f.While(values.LtU(end), func() {
			scale := asm.Let(f, float16(f, scales.LoadU16(0).Splat()))
			for i := 0; i < group; i += 8 {
				eight := asm.Let(f, values.LoadExtendI8x8(i))
				f.Store(out, 4*i, eight.ExtendLowS().Float().Mul(scale))
				f.Store(out, 4*i+16, eight.ExtendHighS().Float().Mul(scale))
			}
			scales.Advance(2)
			values.Advance(group)
			out.Advance(4 * group)
		})
		ids.Advance(4)
	})
}
