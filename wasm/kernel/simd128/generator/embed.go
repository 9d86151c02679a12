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
			scale := asm.Let(f, float16(f, scales.LoadI16(0).Splat()))
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

func addEmbedQ4(m *asm.Module) {
	f := m.Func("embed_q4")
	out, table, ids, rows, dim := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, group)
	scaleBytes := asm.Let(f, dim.ShrU(4)) // two for 32 values
	rowBytes := asm.Let(f, dim.ShrU(1).Add(scaleBytes))

	repeat(f, rows, func() {
		scales := asm.Let(f, table.Add(ids.LoadI32(0).Mul(rowBytes)))
		values := asm.Let(f, scales.Add(scaleBytes))
		end := asm.Let(f, table.Add(ids.LoadI32(0).Plus(1).Mul(rowBytes)))
		f.While(values.LtU(end), func() {
			scale := asm.Let(f, float16(f, scales.LoadI16(0).Splat()))
			pairs := asm.Let(f, values.LoadI16x8(0))
			low := pairs.And(asm.ShortAll(0x0f0f))
			high := pairs.ShrU(4).And(asm.ShortAll(0x0f0f))
			for side, nibbles := range []asm.I16x8{low, high} {
				levels := asm.Let(f, nibbles.I8x16().Sub(asm.ByteAll(8)))
				for half, eight := range []asm.I16x8{asm.Let(f, levels.ExtendLowS()), asm.Let(f, levels.ExtendHighS())} {
					at := 64*side + 32*half
					f.Store(out, at, eight.ExtendLowS().Float().Mul(scale))
					f.Store(out, at+16, eight.ExtendHighS().Float().Mul(scale))
				}
			}
			scales.Advance(2)
			values.Advance(group / 2)
			out.Advance(4 * group)
		})
		ids.Advance(4)
	})
}
