package kernel

import (
	"encoding/binary"
	"math"
)

// Bytes of one group of one panel in the 4-bit layout: eight float16 scales,
// eight float16 minimums, 256 nibbles.
const q4GroupBytes = 2*Panel + 2*Panel + Panel*Group/2

// Q4Bytes returns the size of packed 4-bit weights of n columns and k inputs,
// n a multiple of 8 and k of 32: 5 bits a weight.
func Q4Bytes(n, k int) int { return n / Panel * (k / Group) * q4GroupBytes }

// PackQ4 quantises weights and lays them out in the order in which MatMulQ4
// reads them. w: [n, k] row-major, one row per output column of the product;
// n and k are padded with zero weights to multiples of 8 and 32.
//
// The bytes run over panels of eight columns, in each over groups of 32 inputs:
// scales d of the eight columns, minimums m of the eight columns (float16, little
// endian), then 4 blocks of 32 bytes. Byte j of block b belongs to column j/4:
// its low nibble to input 8b + j%4, its high nibble to input 8b + 4 + j%4. A
// weight is d*nibble + m, nibble in 0..15 unsigned: the operand that must stay
// below 128 in relaxed dot products is the weight, see RATIONALE.
func PackQ4(w []float32, n, k int) []byte {
	panels, groups := (n+Panel-1)/Panel, (k+Group-1)/Group
	out := make([]byte, panels*groups*q4GroupBytes)
	var group [Group]float32
	for p := range panels {
		for g := range groups {
			block := out[(p*groups+g)*q4GroupBytes:][:q4GroupBytes]
			for c := range Panel {
				column := p*Panel + c
				if column >= n {
					continue
				}
				count := copy(group[:], w[column*k+g*Group:(column+1)*k])
				d, m, nibbles := quantiseGroup(group[:count])
				binary.LittleEndian.PutUint16(block[2*c:], d)
				binary.LittleEndian.PutUint16(block[2*Panel+2*c:], m)
				for i, q := range nibbles {
					at := 4*Panel + i/8*32 + 4*c + i%4
					block[at] |= q << (i % 8 / 4 * 4)
				}
			}
		}
	}
	return out
}

// quantiseGroup fits d*q + m to at most 32 weights: m is the least weight and d
// a fifteenth of the range, both rounded to float16, q the nearest level. Levels
// past the end of a short group stay 0 with the group's minimum, which callers
// meet with zero activations.
func quantiseGroup(w []float32) (d, m uint16, q [Group]byte) {
	lo, hi := w[0], w[0]
	for _, x := range w {
		lo, hi = min(lo, x), max(hi, x)
	}
	d, m = ToFloat16((hi-lo)/15), ToFloat16(lo)
	scale, base := float64(Float16(d)), float64(Float16(m))
	if scale == 0 {
		return d, m, q
	}
	for i, x := range w {
		q[i] = byte(min(max(math.RoundToEven((float64(x)-base)/scale), 0), 15))
	}
	return d, m, q
}

// UnpackQ4 returns the weights [n, k] that packed bytes stand for; n a multiple
// of 8, k of 32.
func UnpackQ4(packed []byte, n, k int) []float32 {
	w := make([]float32, n*k)
	groups := k / Group
	for c := range n {
		for i := range k {
			block := packed[(c/Panel*groups+i/Group)*q4GroupBytes:]
			d, m, q := q4At(block, c%Panel, i%Group)
			w[c*k+i] = float32(d*float32(q)) + m
		}
	}
	return w
}

// q4At reads scale, minimum and level of one weight of a group.
func q4At(block []byte, column, i int) (d, m float32, q int32) {
	d = Float16(binary.LittleEndian.Uint16(block[2*column:]))
	m = Float16(binary.LittleEndian.Uint16(block[2*Panel+2*column:]))
	b := block[4*Panel+i/8*32+4*column+i%4]
	return d, m, int32(b >> (i % 8 / 4 * 4) & 15)
}

// Q8RowBytes returns the size of one row of an embedding table of dim columns,
// a multiple of 32: a float16 scale for every 32 int8 values.
func Q8RowBytes(dim int) int { return dim + dim/Group*2 }

// PackQ8Rows quantises an embedding table row by row for Embed. w: [rows, dim].
func PackQ8Rows(w []float32, rows, dim int) []byte {
	out := make([]byte, 0, rows*Q8RowBytes(dim))
	for r := range rows {
		row := w[r*dim : (r+1)*dim]
		values := make([]byte, dim)
		for g := range dim / Group {
			group := row[g*Group : (g+1)*Group]
			var peak float32
			for _, x := range group {
				peak = max(peak, max(x, -x))
			}
			d := ToFloat16(peak / 127)
			out = binary.LittleEndian.AppendUint16(out, d)
			scale := float64(Float16(d))
			if scale == 0 {
				continue
			}
			for i, x := range group {
				q := math.RoundToEven(float64(x) / scale)
				values[g*Group+i] = byte(int8(min(max(q, -127), 127)))
			}
		}
		out = append(out, values...)
	}
	return out
}
