//go:build wasip1

// Command guest searches vectors in a browser as the runtime's guest does: package
// index over the kernel module's operations.
//
// Pointers are offsets into the guest's memory. A call that can fail returns 0, or
// 1 with the error's text as its result.
package main

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/index/scan"
	"github.com/effir/effir/wasm/kernel/wasmimport"
)

var (
	memory   []byte // what the host writes into
	vectors  *index.Vectors
	all      *scan.Scanner
	searcher *index.Searcher
	twoStage *scan.TwoStage
	query    []float32
	result   []byte
)

func main() {}

//go:wasmexport bench_alloc
func alloc(n uint32) uint32 {
	memory = make([]byte, n)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
}

//go:wasmexport bench_result
func lastResult() uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(result))))<<32 | uint64(len(result))
}

// setVectors takes the vectors that were written into the last alloc, in their binary form.
//
//go:wasmexport bench_vectors
func setVectors() uint32 {
	var err error
	if vectors, err = index.ParseVectors(memory); err != nil {
		return failed(err)
	}
	if all, err = scan.New(wasmimport.Kernels{}, vectors.Dims(), vectors.Len()); err != nil {
		return failed(err)
	}
	if err = all.Set(vectors); err != nil {
		return failed(err)
	}
	searcher = index.NewSearcher(vectors, all)
	query = make([]float32, vectors.Dims())
	return 0
}

// setTwoStage makes the bits of the first stage.
//
//go:wasmexport bench_two_stage
func setTwoStage(factor uint32) uint32 {
	var err error
	if twoStage, err = scan.NewTwoStage(all, vectors, int(factor)); err != nil {
		return failed(err)
	}
	return 0
}

// searchFor takes a query that was written into the last alloc, float32 numbers, and answers with the
// numbers of the rows found, uint32, best first.
//
//go:wasmexport bench_search
func searchFor(limit, stages uint32) uint32 {
	for i := range query {
		query[i] = math.Float32frombits(binary.LittleEndian.Uint32(memory[4*i:]))
	}
	var found []index.Match
	var err error
	if stages == 2 {
		found, err = twoStage.Search(query, int(limit))
	} else {
		found, err = searcher.Search(query, int(limit))
	}
	if err != nil {
		return failed(err)
	}
	result = result[:0]
	for _, m := range found {
		result = binary.LittleEndian.AppendUint32(result, uint32(m.Doc))
	}
	return 0
}

func failed(err error) uint32 {
	result = append(result[:0], err.Error()...)
	return 1
}
