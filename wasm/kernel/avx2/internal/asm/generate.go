package main

import (
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
			a.matMulTile(rows)
		}
	}},
	{"vnni", func(a *assembler) {
		for _, rows := range []int{1, 2, 4, 8} {
			a.vnniTile(rows)
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
		a.sumSquares()
		a.scaleBy()
		a.scaleByWeights()
		a.quantise()
		a.rope()
		a.swiGLU()
		a.add()
	}},
	{"vectors", func(a *assembler) {
		a.meanPool()
		a.dense()
		a.dotI8(1)
		a.dotI8(4)
	}},
}

func (p part) file() string { return "z" + p.name + "_amd64" }

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
	config := printer.Config{Argv: []string{"go", "run", "./internal/asm"}, Name: "avo", Pkg: "avx2"}
	if assembly, err = printer.NewGoAsm(config).Print(file); err != nil {
		return nil, nil, err
	}
	stubs, err = printer.NewStubs(config).Print(file)
	return assembly, stubs, err
}

func newAssembler() *assembler {
	return &assembler{Context: build.NewContext(), constants: map[string]bool{}}
}
