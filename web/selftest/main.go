// Command selftest writes the cases by which pages check the kernels of a browser: for every operation
// operands and a hash of what the reference leaves. src/selftest.ts runs them. It is run in web/, by
// go generate.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"

	"github.com/effir/effir/wasm/kernel"
)

// target is the file that is written.
const target = "src/goldens.ts"

func main() {
	text, err := generate()
	if err == nil {
		err = os.WriteFile(target, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// test is a call: an operation's export, its method of kernel.Kernels, and operands. An operand is a
// number, a region of memory that is filled, or scratch.
type test struct {
	export, method string
	operands       []any
}

// region is a range of memory. As JSON it is the list of its numbers:
//
//	[n]                         n floats
//	[n, below]                  n integers of 32 bits, from 0 to below-1
//	[n, header, body, mask]     n times so many bytes of float16, then so many bytes within a mask
type region []int

// scratch is what lies behind all regions; what an operation leaves there is its own affair.
type scratch struct{}

func (scratch) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func floats(n int) region                     { return region{n} }
func integers(n, below int) region            { return region{n, below} }
func levels(n int) region                     { return region{1, 0, n, 0xff} } // signed bytes
func packed(n, header, body, mask int) region { return region{n, header, body, mask} }

// size is the region's bytes.
func (r region) size() int {
	if len(r) == 4 {
		return r[0] * (r[1] + r[2])
	}
	return 4 * r[0]
}

// fill writes the region. Floats are multiples of 2^-21 below 4, and every eighth below 128, so that
// they are exact however they are made and reach past the ends of what exponentials are computed for.
// Bytes are at their greatest and at -127 more often than by chance.
func (r region) fill(to []byte, random func() uint32) {
	switch len(r) {
	case 1:
		for i := range r[0] {
			x := (float32(random()>>8) - 1<<23) / (1 << 21)
			if i%8 == 7 {
				x *= 32
			}
			binary.LittleEndian.PutUint32(to[4*i:], math.Float32bits(x))
		}
	case 2:
		for i := range r[0] {
			binary.LittleEndian.PutUint32(to[4*i:], random()%uint32(r[1]))
		}
	default:
		header, body, mask := r[1], r[2], uint32(r[3])
		for range r[0] {
			for i := 0; i < header; i += 2 {
				binary.LittleEndian.PutUint16(to[i:], uint16(0x2400|random()&0x83ff)) // about ±1/64
			}
			for i := range body {
				b := random()
				switch {
				case i%7 == 0:
					b = mask
				case i%11 == 0:
					b = 0x81
				}
				to[header+i] = byte(b & mask)
			}
			to = to[header+body:]
		}
	}
}

// tests lists all operations. Products are run at heights that reach every tile of both modules.
func tests() []test {
	const rows, dim = 3, 40
	list := []test{
		{"embed", "Embed", []any{floats(3 * 64), packed(5, 4, 64, 0xff), integers(3, 5), 3, 64}},
		{"embed_q4", "EmbedQ4", []any{floats(3 * 64), packed(5, 4, 32, 0xff), integers(3, 5), 3, 64}},
		{"rms_norm", "RMSNorm", []any{floats(rows * dim), floats(rows * dim), floats(dim), rows, dim, float32(1e-5)}},
		{"layer_norm", "LayerNorm", []any{floats(rows * dim), floats(rows * dim), floats(dim), floats(dim), rows, dim, float32(1e-12)}},
		{"quantise", "Quantise", []any{levels(rows * 64), floats(rows * 2), floats(rows * 2), floats(rows * 64), rows, 64}},
		{"rope", "RoPE", []any{floats(rows * 48), floats(rows * 16), rows, 2, 16, 48}},
		{"attention", "Attention", []any{floats(9 * 64), floats(9 * 128), scratch{}, 9, 2, 1, 32, float32(0.125), false}},
		{"attention", "Attention", []any{floats(9 * 64), floats(9 * 128), scratch{}, 9, 2, 1, 32, float32(0.125), true}},
		{"swi_glu", "SwiGLU", []any{floats(rows * dim), floats(2 * rows * dim), rows, dim}},
		{"gelu", "GELU", []any{floats(rows * dim), floats(dim), rows, dim}},
		{"bias", "Bias", []any{floats(rows * dim), floats(dim), rows, dim}},
		{"add", "Add", []any{floats(dim), floats(dim), dim}},
		{"mean_pool", "MeanPool", []any{floats(dim), floats(rows * dim), rows, dim}},
		{"dense", "Dense", []any{floats(24), floats(10), floats(240), floats(24), 24, 10}},
		{"normalise", "Normalise", []any{floats(dim), dim}},
		{"dot_i8", "DotI8", []any{floats(11), levels(96), levels(11 * 96), 11, 96}},
		{"score", "Score", []any{packed(11, 0, 8, 0xff), integers(11, 1000), floats(11), 11, float32(0.0625), float32(4)}},
		{"hamming", "Hamming", []any{floats(11), levels(48), levels(11 * 48), 11, 48}},
	}
	for _, p := range []struct {
		export, method string
		bytes, mask    int // of a group of eight columns
	}{{"mat_mul_q4", "MatMulQ4", 128, 0xff}, {"mat_mul_q7", "MatMulQ7", 256, 0x7f}} {
		for _, rows := range []int{1, 2, 7, 12, 13} {
			const n, k = 16, 64
			list = append(list, test{p.export, p.method, []any{
				floats(rows * n), levels(rows * k), floats(rows * 2), floats(rows * 2), packed(4, 32, p.bytes, p.mask), rows, n, k,
			}})
		}
	}
	return list
}

// arena is more than the regions and the scratch of a test take.
const arena = 1 << 16

// run has the reference compute a test and returns the hash of its regions and of its result.
func (t test) run() (uint32, error) {
	k := kernel.NewReference()
	base, err := k.Alloc(arena)
	if err != nil {
		return 0, err
	}
	random := xorshift(seed)
	image, end := make([]byte, arena), 0
	var at []kernel.Ptr
	for _, operand := range t.operands {
		if r, ok := operand.(region); ok {
			r.fill(image[end:], random)
			at = append(at, base.Add(end))
			end = (end + r.size() + 63) &^ 63
		}
	}
	k.Write(base, image)

	method := reflect.ValueOf(k).MethodByName(t.method)
	if !method.IsValid() || method.Type().NumIn() != len(t.operands) {
		return 0, fmt.Errorf("kernels have no %s of %d operands", t.method, len(t.operands))
	}
	var arguments []reflect.Value
	for i, operand := range t.operands {
		switch operand.(type) {
		case region:
			operand, at = at[0], at[1:]
		case scratch:
			operand = base.Add(end)
		}
		arguments = append(arguments, reflect.ValueOf(operand).Convert(method.Type().In(i)))
	}
	answer := uint32(0)
	for _, result := range method.Call(arguments) {
		answer = uint32(result.Int())
	}
	k.Read(image, base)
	return hash(binary.LittleEndian.AppendUint32(image[:end], answer)), nil
}

// hash is FNV-1a (Fowler, Noll, Vo) on 32-bit words instead of bytes.
func hash(data []byte) uint32 {
	h := uint32(0x811c9dc5)
	for ; len(data) > 0; data = data[4:] {
		h = (h ^ binary.LittleEndian.Uint32(data)) * 0x01000193
	}
	return h
}

const seed = 0x9e3779b9

// xorshift is Marsaglia's generator of 32-bit numbers (2003).
func xorshift(x uint32) func() uint32 {
	return func() uint32 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		return x
	}
}

// generate returns the file.
func generate() ([]byte, error) {
	var text bytes.Buffer
	text.WriteString(strings.TrimLeft(`
// Code generated by web/selftest; DO NOT EDIT.

/**
 * Golden is an operation, the hash of what it leaves, and its operands: numbers,
 * regions of memory ([n] floats; [n, below] integers; [n, header, body, mask]: n
 * times so many bytes of float16 and so many bytes within a mask), or null for
 * scratch.
 */
export type Golden = readonly [operation: string, hash: number, ...operands: (number | readonly number[] | null)[]];

export const GOLDENS: readonly Golden[] = [
`, "\n"))
	for _, t := range tests() {
		sum, err := t.run()
		if err != nil {
			return nil, err
		}
		list := []any{t.export, sum}
		for _, operand := range t.operands {
			if yes, ok := operand.(bool); ok {
				operand = map[bool]int{true: 1}[yes]
			}
			list = append(list, operand)
		}
		line, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "  %s,\n", bytes.ReplaceAll(line, []byte(","), []byte(", ")))
	}
	text.WriteString("];\n")
	return text.Bytes(), nil
}
