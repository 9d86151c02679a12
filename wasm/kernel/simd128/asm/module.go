// Package asm builds WebAssembly modules from Go, instruction by instruction.
//
// Values are typed: [I32], [I64], [F32] and the lane shapes of a 128-bit vector,
// [I8x16], [I16x8], [I32x4] and [F32x4], so that Go's compiler refuses a module
// that WebAssembly's validator would. A value is either a local or an expression;
// an expression is emitted again wherever it is used, and evaluated there. [Let]
// names the result of an expression that is used twice.
//
//	f := m.Func("scale")                   // (func (export "scale")
//	x, n, by := f.I32(), f.I32(), f.F32()  //   (param i32 i32 f32)
//	end := asm.Let(f, x.Add(n.Shl(2)))
//	f.While(x.LtU(end), func() {
//		f.Store(x, 0, x.LoadF32x4(0).Mul(by.Splat()))
//		x.Advance(16)
//	})
//
// Mistakes in the use of this package panic: they are mistakes of the generator.
//
// Encoding: WebAssembly core specification 2.0, chapter 5, and the relaxed SIMD
// proposal, both as merged into 3.0.
package asm

import (
	"bytes"
	"slices"
)

// Module is a module under construction, with at most one memory of its own.
type Module struct {
	memory  []byte // export name and least pages, nil without a memory
	exports [][]byte
	globals [][]byte
	funcs   []*Func
	pool    pool
}

// NewModule returns an empty module.
func NewModule() *Module { return &Module{} }

// Memory gives the module a memory of at least the given number of 64 KiB pages
// that can grow to 4 GiB, exported as name.
func (m *Module) Memory(name string, pages uint32) {
	if m.memory != nil {
		panic("asm: a second memory")
	}
	m.memory = append([]byte{0x00}, uleb(pages)...)
	m.exports = append(m.exports, export(name, kindMemory, 0))
}

// Global is a mutable i32 of the module.
type Global struct{ index uint32 }

// Global returns a new global that starts as value.
func (m *Module) Global(value uint32) Global {
	init := append([]byte{typeI32, 1}, Int(int(int32(value))).code...)
	m.globals = append(m.globals, append(init, opEnd))
	return Global{uint32(len(m.globals) - 1)}
}

// Get reads the global.
func (g Global) Get() I32 { return I32{value{code: immediate(opGlobalGet, g.index)}} }

// Func returns a new function without a result. It is exported as name unless
// that is empty. Parameters are declared first, in order, by f.I32 and its like.
func (m *Module) Func(name string) *Func {
	f := &Func{module: m, index: uint32(len(m.funcs))}
	m.funcs = append(m.funcs, f)
	if name != "" {
		m.exports = append(m.exports, export(name, kindFunc, f.index))
	}
	return f
}

// Bytes returns the module's binary form.
func (m *Module) Bytes() []byte {
	var types, declarations, bodies [][]byte
	for _, f := range m.funcs {
		signature := f.signature()
		index := slices.IndexFunc(types, func(t []byte) bool { return bytes.Equal(t, signature) })
		if index < 0 {
			index, types = len(types), append(types, signature)
		}
		declarations = append(declarations, uleb(uint32(index)))
		bodies = append(bodies, f.body())
	}
	var memories [][]byte
	if m.memory != nil {
		memories = [][]byte{m.memory}
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, section := range []struct {
		id      byte
		entries [][]byte
	}{{1, types}, {3, declarations}, {5, memories}, {6, m.globals}, {7, m.exports}, {10, bodies}, {11, m.pool.segments()}} {
		if len(section.entries) == 0 {
			continue
		}
		content := uleb(uint32(len(section.entries)))
		content = append(content, slices.Concat(section.entries...)...)
		out = append(append(out, section.id), sized(content)...)
	}
	return out
}

const (
	kindFunc   = 0
	kindMemory = 2
)

func export(name string, kind byte, index uint32) []byte {
	return append(append(sized([]byte(name)), kind), uleb(index)...)
}

// sized puts its length before b.
func sized(b []byte) []byte { return append(uleb(uint32(len(b))), b...) }

// uleb encodes v as unsigned LEB128.
func uleb(v uint32) []byte {
	var out []byte
	for ; v >= 0x80; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v))
}

// sleb encodes v as signed LEB128.
func sleb(v int64) []byte {
	var out []byte
	for v < -64 || v > 63 {
		out = append(out, byte(v)&0x7f|0x80)
		v >>= 7
	}
	return append(out, byte(v)&0x7f)
}
