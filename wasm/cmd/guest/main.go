//go:build wasip1

// Command guest is the module that browsers and wazero run: a WASI reactor whose
// exports hand buffers to an engine over the kernel module's operations.
//
// Pointers are offsets into the guest's memory unless stated otherwise. A call
// that can fail returns 0, or 1 with the error's text as its result.
package main

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/kernel/wasmimport"
)

var (
	run    = engine.New(wasmimport.Kernels{})
	result []byte
)

func main() {}

//go:wasmexport effir_result
func lastResult() uint64 {
	if len(result) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(&result[0])))<<32 | uint64(len(result))
}

// done records a call's outcome.
func done(err error) uint32 {
	if err != nil {
		result = append(result[:0], err.Error()...)
		return 1
	}
	return 0
}

//go:wasmexport effir_model
func setModel(p, n uint32) uint32 {
	_, err := run.SetManifest(input(p, n))
	return done(err)
}

// weights returns an offset into the kernel module's memory.
//
//go:wasmexport effir_weights
func weights() uint32 { return uint32(run.Weights()) }

//go:wasmexport effir_tokenizer
func setTokenizer(p, n uint32) uint32 { return done(run.SetTokenizer(take(p, n))) }

//go:wasmexport effir_embed
func embed(p, n, kind uint32) uint32 {
	vector, _, err := run.Embed(text(p, n), encoder.Kind(kind))
	if err != nil {
		return done(err)
	}
	result = result[:0]
	for _, x := range vector {
		result = binary.LittleEndian.AppendUint32(result, math.Float32bits(x))
	}
	return 0
}

// reads answers with uint32 numbers: the tokens of a text; offset and size of the
// token table in the weights image; offset and size of each run of rows that the
// text reads of it.
//
//go:wasmexport effir_reads
func reads(p, n, kind uint32) uint32 {
	r, err := run.Reads(text(p, n), encoder.Kind(kind))
	if err != nil {
		return done(err)
	}
	result = binary.LittleEndian.AppendUint32(result[:0], uint32(r.Tokens))
	result = appendRange(result, r.Table)
	for _, rows := range r.Rows {
		result = appendRange(result, rows)
	}
	return 0
}

func appendRange(dst []byte, r engine.Range) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(r.Offset))
	return binary.LittleEndian.AppendUint32(dst, uint32(r.Bytes))
}

//go:wasmexport effir_index
func setIndex(part, p, n uint32) uint32 {
	return done(run.SetIndex(engine.Part(part), take(p, n)))
}

//go:wasmexport effir_search
func search(p, n, mode, limit uint32) uint32 {
	answer, err := run.Search(text(p, n), engine.Mode(mode), int(limit))
	if err != nil {
		return done(err)
	}
	result = answer.AppendJSON(result[:0])
	return 0
}
