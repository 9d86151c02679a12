package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// assembler adds to avo's context what the kernels have in common. Operands are
// in Go's order: sources from last to first, then the destination.
type assembler struct {
	*build.Context
	constants map[string]bool
}

// function starts a function that keeps no pointer and needs no stack.
func (a *assembler) function(name, signature string, doc ...string) {
	a.Function(name)
	a.Attributes(attr.NOSPLIT)
	a.Pragma("noescape")
	a.SignatureExpr(signature)
	a.Doc(doc...)
}

// end returns, with the upper halves of the vector registers clean.
func (a *assembler) end() {
	a.VZEROUPPER()
	a.RET()
}

// param loads a parameter of 8 bytes.
func (a *assembler) param(name string) reg.GPVirtual {
	r := a.GP64()
	a.Load(a.Param(name), r)
	return r
}

// shifted returns x << by in a register of its own.
func (a *assembler) shifted(x reg.GPVirtual, by uint64) reg.GPVirtual {
	r := a.GP64()
	a.MOVQ(x, r)
	a.SHLQ(Imm(by), r)
	return r
}

// floatParam broadcasts a float parameter to a new register.
func (a *assembler) floatParam(name string, vector func() reg.VecVirtual) reg.VecVirtual {
	address, err := a.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := vector()
	a.VBROADCASTSS(address.Addr, v)
	return v
}

// zero returns a cleared vector.
func (a *assembler) zero() reg.VecVirtual {
	v := a.YMM()
	a.VXORPS(v, v, v)
	return v
}

// loop repeats body count times, count > 0, counting the register down.
func (a *assembler) loop(label string, count reg.GPVirtual, body func()) {
	a.Label(label)
	body()
	a.DECQ(count)
	a.JNZ(LabelRef(label))
}

// byFour calls step, which does what its name says to that many blocks, in loops: with
// four at a time, which wait less than one after the other, then with the rest.
func (a *assembler) byFour(blocks reg.GPVirtual, step func(count int)) {
	fours := a.GP64()
	a.MOVQ(blocks, fours)
	a.SHRQ(Imm(2), fours)
	a.JZ(LabelRef("rest"))
	a.loop("four", fours, func() { step(4) })
	a.Label("rest")
	a.ANDQ(Imm(3), blocks)
	a.JZ(LabelRef("done"))
	a.loop("one", blocks, func() { step(1) })
	a.Label("done")
}

// at addresses base + offset.
func at(base reg.Register, offset int) Mem { return Mem{Base: base, Disp: offset} }

// floats is a constant of eight equal floats.
func (a *assembler) floats(x float32) Mem { return a.words(math.Float32bits(x)) }

// words is a constant of eight equal 32-bit words, once a file.
func (a *assembler) words(x uint32) Mem {
	return a.data(fmt.Sprintf("all%08x", x), x, x, x, x, x, x, x, x)
}

// data is a constant of 32-bit words with a name that no other in the file has.
func (a *assembler) data(name string, words ...uint32) Mem {
	if a.constants[name] {
		return NewDataAddr(NewStaticSymbol(name), 0)
	}
	a.constants[name] = true
	base := a.StaticGlobal(name)
	a.DataAttributes(attr.RODATA | attr.NOPTR)
	for _, w := range words {
		a.AppendDatum(U32(w))
	}
	return base
}

// matrix addresses up to eight rows that lie stride bytes apart. Odd multiples
// of the stride live in registers; the others are scaled indices.
type matrix struct {
	base     reg.GPVirtual
	multiple map[int]reg.GPVirtual
}

// matrix makes registers for the given number of rows. It keeps stride.
func (a *assembler) matrix(base, stride reg.GPVirtual, rows int) matrix {
	m := matrix{base, map[int]reg.GPVirtual{1: stride}}
	for i := 3; i < rows; i += 2 {
		m.multiple[i] = a.GP64()
		a.LEAQ(Mem{Base: m.multiple[i-2], Index: stride, Scale: 2}, m.multiple[i])
	}
	return m
}

// row addresses the given byte of row i.
func (m matrix) row(i, offset int) Mem {
	if i == 0 {
		return at(m.base, offset)
	}
	scale := 1
	for i%2 == 0 {
		i, scale = i/2, scale*2
	}
	return Mem{Base: m.base, Index: m.multiple[i], Scale: uint8(scale), Disp: offset}
}

// vectors returns n registers.
func vectors(n int, allocate func() reg.VecVirtual) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = allocate()
	}
	return v
}
