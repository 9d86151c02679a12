package main

import (
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// part is the functions that share a pair of output files.
type part struct {
	name  string
	build func(*assembler)
}

var parts = []part{
	{"matmul", func(a *assembler) {
		for rows := 1; rows <= 6; rows++ {
			a.q4Tile(q4, rows)
			a.q4Tile(q4Unpacked, rows)
			a.q7Tile(rows)
		}
		a.q4Unpack()
	}},
	{"vnni", func(a *assembler) {
		for rows := 1; rows <= 8; rows++ {
			a.vnniTile(q4, rows, 2)
			a.vnniTile(q7, rows, 2)
		}
		for rows := 1; rows <= 6; rows++ {
			a.vnniTile(q7, rows, 4)
		}
		a.vnniTile(unpacked512, 5, 4)
		a.vnniTile(unpacked512, 6, 4)
		a.unpack512(q4)
		a.unpack512(q7)
	}},
	{"avxvnni", func(a *assembler) {
		for rows := 1; rows <= 6; rows++ {
			a.avxVNNITile(q4, rows)
			a.avxVNNITile(q7, rows)
		}
	}},
	{"attention", func(a *assembler) {
		for _, width := range []int{8, 16} {
			for rows := 1; rows <= 4; rows++ {
				a.floatTile(rows, width)
			}
		}
		a.transpose()
		a.softmax()
	}},
	{"rows", func(a *assembler) {
		a.embedRow()
		a.embedQ4Row()
		for _, rows := range []int{1, 4} {
			a.sum(rows)
			a.sumSquares(rows)
			a.sumSquaresAround(rows)
		}
		a.scaleBy()
		a.scaleByWeights()
		a.layerNorm()
		a.quantise()
		a.rope()
		a.swiGLU()
		a.gelu()
		a.add("add", a.YMM, 32)
	}},
	{"wide", func(a *assembler) {
		for _, width := range []int{16, 32} {
			for rows := 1; rows <= 8; rows++ {
				a.tile512(rows, width)
			}
		}
		a.softmax512(4)
		a.softmax512(8)
		a.swiGLU512()
		a.gelu512()
		a.quantise512()
		a.layerNorm512()
		a.add("add512", a.ZMM, 64)
	}},
	{"limit", func(a *assembler) { a.limits() }},
	{"rowlimit", func(a *assembler) { a.rowLimits() }},
	{"vectors", func(a *assembler) {
		a.meanPool()
		a.dense()
		a.dotI8(1)
		a.dotI8(4)
		a.score()
		a.hamming()
	}},
}

// file returns the path of a part's files without their extensions. Limits are a
// package of their own, for measurements.
func (p part) file() string {
	if p.pkg() == "limit" {
		return "internal/limit/z" + p.name + "_amd64"
	}
	return "z" + p.name + "_amd64"
}

// pkg returns the package of a part.
func (p part) pkg() string {
	if strings.HasSuffix(p.name, "limit") {
		return "limit"
	}
	return "avx2"
}

// generate returns the two files of a part.
func generate(p part) (assembly, stubs []byte, err error) {
	a := newAssembler()
	p.build(a)
	file, err := a.Result()
	if err != nil {
		return nil, nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, nil, err
	}
	config := printer.Config{Argv: []string{"go", "run", "./internal/asm"}, Name: "avo", Pkg: p.pkg()}
	if assembly, err = printer.NewGoAsm(config).Print(file); err != nil {
		return nil, nil, err
	}
	stubs, err = printer.NewStubs(config).Print(file)
	return assembly, stubs, err
}

func newAssembler() *assembler {
	return &assembler{Context: build.NewContext(), constants: map[string]bool{}}
}
