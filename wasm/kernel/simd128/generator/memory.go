package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

const pageSize = 1 << 16

// The lowest part of the reserved memory holds constants. 0 is no address.
const (
	poolStart = 64
	poolEnd   = 1024
)

// addMemory emits the memory and what Go needs to fill it from outside:
//
//	alloc(size) -> pointer   aligned to 64, zeroed; 0 if the memory cannot grow
//	allocated() -> pointer   end of what alloc has returned
//	poke64(p, v)  peek64(p)  eight bytes
//	poke8(p, v)   peek8(p)   one byte, unsigned
//	variant()                0 for baseline, 1 for relaxed
func addMemory(m *asm.Module, v Variant) {
	m.Memory("memory", kernel.Reserved/pageSize)
	m.Pool(poolStart, poolEnd-poolStart)
	addAlloc(m)

	f := m.Func("poke64")
	p, word := f.I32(), f.I64()
	f.Store(p, 0, word)

	f = m.Func("peek64")
	p = f.I32()
	f.Return(p.LoadI64(0))

	f = m.Func("poke8")
	p, b := f.I32(), f.I32()
	f.Store8(p, b)

	f = m.Func("peek8")
	p = f.I32()
	f.Return(p.LoadU8(0))

	f = m.Func("variant")
	f.Return(asm.Int(int(v)))
}

// addAlloc emits alloc, which never frees: it moves a global to the end of what is
// taken. Memory that was grown is zero.
func addAlloc(m *asm.Module) {
	top := m.Global(kernel.Reserved)
	f := m.Func("alloc")
	size := f.I32()

	// All arithmetic is modulo 2^32: an end before its start has wrapped.
	start := asm.Let(f, top.Get().Plus(63).And(asm.Int(-64)))
	end := asm.Let(f, start.Add(size))
	f.If(start.LtU(top.Get()).Or(end.LtU(start)), func() { f.Return(asm.Int(0)) })

	pages := asm.Let(f, end.ShrU(16).Add(end.And(asm.Int(pageSize-1)).Ne(asm.Int(0))))
	f.If(pages.GtU(asm.MemorySize()), func() {
		grown := asm.MemoryGrow(pages.Sub(asm.MemorySize()))
		f.If(grown.Eq(asm.Int(-1)), func() { f.Return(asm.Int(0)) })
	})
	f.SetGlobal(top, end)
	f.Return(start)

	f = m.Func("allocated")
	f.Return(top.Get())
}
