package kernel

import (
	"encoding/binary"
	"math"
)

// layout is a way to store the weights of a product, by its bits a weight.
type layout int

const (
	q4 layout = 4
	q7 layout = 7
)

// Q4Bytes returns the size of packed 4-bit weights of n columns and k inputs,
// n a multiple of 8 and k of 32: 5 bits a weight.
func Q4Bytes(n, k int) int { return q4.size(n, k) }

// Q7Bytes returns the size of packed 7-bit weights of n columns and k inputs, n a
// multiple of 8 and k of 32: 9 bits a weight.
func Q7Bytes(n, k int) int { return q7.size(n, k) }

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
func PackQ4(w []float32, n, k int) []byte { return q4.pack(w, n, k) }

// PackQ7 is PackQ4 for MatMulQ7: after the eight scales and minimums of a group
// come 8 steps of 32 bytes. Byte j of step s is the level, 0..127, of column j/4
// and input 4s + j%4.
func PackQ7(w []float32, n, k int) []byte { return q7.pack(w, n, k) }

// UnpackQ4 returns the weights [n, k] that packed bytes stand for; n a multiple
// of 8, k of 32.
func UnpackQ4(packed []byte, n, k int) []float32 { return q4.unpack(packed, n, k) }

// UnpackQ7 is UnpackQ4 for bytes of PackQ7.
func UnpackQ7(packed []byte, n, k int) []float32 { return q7.unpack(packed, n, k) }

// header is the bytes of the float16 scales and minimums of a group of a panel.
const header = 2*Panel + 2*Panel

// groupBytes is the size of one group of one panel.
func (l layout) groupBytes() int {
	if l == q4 {
		return header + Panel*Group/2
	}
	return header + Panel*Group
}

func (l layout) size(n, k int) int { return n / Panel * (k / Group) * l.groupBytes() }

// levels is the greatest level of a weight.
func (l layout) levels() int { return 1<<l - 1 }

// place returns the byte of a group that holds the level of a weight, and the
// shift of its lowest bit.
func (l layout) place(column, i int) (at, shift int) {
	if l == q4 {
		return header + i/8*32 + 4*column + i%4, i % 8 / 4 * 4
	}
	return header + i/4*32 + 4*column + i%4, 0
}

// at reads scale, minimum and level of one weight of a group.
func (l layout) at(block []byte, column, i int) (d, m float32, level int32) {
	d = Float16(binary.LittleEndian.Uint16(block[2*column:]))
	m = Float16(binary.LittleEndian.Uint16(block[2*Panel+2*column:]))
	at, shift := l.place(column, i)
	return d, m, int32(block[at]>>shift) & int32(l.levels())
}

func (l layout) pack(w []float32, n, k int) []byte {
	panels, groups := (n+Panel-1)/Panel, (k+Group-1)/Group
	out := make([]byte, panels*groups*l.groupBytes())
	var group [Group]float32
	for p := range panels {
		for g := range groups {
			block := out[(p*groups+g)*l.groupBytes():][:l.groupBytes()]
			for c := range Panel {
				column := p*Panel + c
				if column >= n {
					continue
				}
				count := copy(group[:], w[column*k+g*Group:(column+1)*k])
				d, m, levels := quantiseGroup(group[:count], l.levels())
				binary.LittleEndian.PutUint16(block[2*c:], d)
				binary.LittleEndian.PutUint16(block[2*Panel+2*c:], m)
				for i, q := range levels {
					at, shift := l.place(c, i)
					block[at] |= q << shift
				}
			}
		}
	}
	return out
}

func (l layout) unpack(packed []byte, n, k int) []float32 {
	w := make([]float32, n*k)
	groups := k / Group
	for c := range n {
		for i := range k {
			block := packed[(c/Panel*groups+i/Group)*l.groupBytes():]
			d, m, q := l.at(block, c%Panel, i%Group)
			w[c*k+i] = float32(d*float32(q)) + m
		}
	}
	return w
}

// quantiseGroup fits d*q + m to at most 32 weights: m is the least weight and d
// the range divided by the number of steps, both rounded to float16, q the nearest
// level. Levels past the end of a short group stay 0 with the group's minimum,
// which callers meet with zero activations.
func quantiseGroup(w []float32, steps int) (d, m uint16, q [Group]byte) {
	lo, hi := w[0], w[0]
	for _, x := range w {
		lo, hi = min(lo, x), max(hi, x)
	}
	d, m = ToFloat16((hi-lo)/float32(steps)), ToFloat16(lo)
	scale, base := float64(Float16(d)), float64(Float16(m))
	if scale == 0 {
		return d, m, q
	}
	for i, x := range w {
		q[i] = byte(min(max(math.RoundToEven((float64(x)-base)/scale), 0), float64(steps)))
	}
	return d, m, q
}
