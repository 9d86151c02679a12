package gguf

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/kernel"
)

// Conversions of one block to float32, by the definitions in ggml's ggml-quants.c. In all formats
// except those with a minimum (…_1, Q4_K, Q5_K) the products are exact in float32; there the sum is
// rounded once, whether or not a compiler fuses it with the product. So the results do not depend
// on who computes them.

func half(b []byte) float32 { return kernel.Float16(binary.LittleEndian.Uint16(b)) }

func convertF32(dst []float32, b []byte) {
	dst[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func convertF16(dst []float32, b []byte) { dst[0] = half(b) }

func convertBF16(dst []float32, b []byte) {
	dst[0] = checkpoint.BFloat16(binary.LittleEndian.Uint16(b))
}

// Q4_0: scale, 16 bytes; the low nibbles are values 0..15, the high ones 16..31; x = d·(q-8).
func convertQ4_0(dst []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:18] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// Q4_1: scale, minimum, nibbles as in Q4_0; x = d·q + m.
func convertQ4_1(dst []float32, b []byte) {
	d, m := half(b), half(b[2:])
	for i, q := range b[4:20] {
		dst[i] = float32(d*float32(q&15)) + m
		dst[i+16] = float32(d*float32(q>>4)) + m
	}
}

// Q5_0: scale, fifth bits (bit j belongs to value j), nibbles as in Q4_0; x = d·(q-16).
func convertQ5_0(dst []float32, b []byte) {
	d, high := half(b), binary.LittleEndian.Uint32(b[2:])
	for i, q := range b[6:22] {
		dst[i] = d * float32(int(q&15)|int(high>>i&1)<<4-16)
		dst[i+16] = d * float32(int(q>>4)|int(high>>(i+16)&1)<<4-16)
	}
}

// Q5_1: scale, minimum, fifth bits, nibbles; x = d·q + m.
func convertQ5_1(dst []float32, b []byte) {
	d, m, high := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:])
	for i, q := range b[8:24] {
		dst[i] = float32(d*float32(uint32(q&15)|high>>i&1<<4)) + m
		dst[i+16] = float32(d*float32(uint32(q>>4)|high>>(i+16)&1<<4)) + m
	}
}

// Q8_0: scale, 32 signed bytes; x = d·q.
func convertQ8_0(dst []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:34] {
		dst[i] = d * float32(int8(q))
	}
}

// Q4_K: scale d and minimum scale m of the super-block of 256, eight 6-bit pairs (s, n) for its
// sub-blocks of 32, nibbles; x = (d·s)·q - m·n. 32 bytes hold two sub-blocks: the low nibbles the
// first, the high ones the second.
func convertQ4_K(dst []float32, b []byte) {
	d, m, pairs := half(b), half(b[2:]), b[4:16]
	for sub := range 8 {
		s, n := subScale(pairs, sub)
		scale, least := d*float32(s), m*float32(n)
		for i, q := range b[16+sub/2*32:][:32] {
			dst[sub*32+i] = float32(scale*float32(q>>(sub%2*4)&15)) - least
		}
	}
}

// Q5_K: as Q4_K with a fifth bit: bit s of byte i belongs to value i of sub-block s.
func convertQ5_K(dst []float32, b []byte) {
	d, m, pairs, high := half(b), half(b[2:]), b[4:16], b[16:48]
	for sub := range 8 {
		s, n := subScale(pairs, sub)
		scale, least := d*float32(s), m*float32(n)
		for i, q := range b[48+sub/2*32:][:32] {
			q = q>>(sub%2*4)&15 | high[i]>>sub&1<<4
			dst[sub*32+i] = float32(scale*float32(q)) - least
		}
	}
}

// subScale unpacks the scale and the minimum of a sub-block: the first four of each are the low six
// bits of bytes 0..3 and 4..7; the last four have their low four bits in the nibbles of bytes 8..11
// and their high two bits in the top of bytes 0..3 and 4..7.
func subScale(pairs []byte, sub int) (scale, least byte) {
	if sub < 4 {
		return pairs[sub] & 63, pairs[sub+4] & 63
	}
	return pairs[sub+4]&15 | pairs[sub-4]>>6<<4, pairs[sub+4]>>4 | pairs[sub]>>6<<4
}

// Q6_K: low nibbles (128 bytes), high bit pairs (64), sixteen signed scales for sub-blocks of 16,
// scale d; x = (d·s)·(q-32). Either half of 128 values has 64 bytes of nibbles and 32 of pairs; its
// four runs of 32 values take, for value i, the low nibbles of bytes i and 32+i, then the high ones,
// and the bit pairs of byte i from the low end.
func convertQ6_K(dst []float32, b []byte) {
	d := half(b[208:])
	for part := range 2 {
		low, high, scales := b[part*64:][:64], b[128+part*32:][:32], b[192+part*8:][:8]
		for run := range 4 {
			for i := range 32 {
				q := low[run%2*32+i]>>(run/2*4)&15 | high[i]>>(run*2)&3<<4
				s := d * float32(int8(scales[run*2+i/16]))
				dst[part*128+run*32+i] = s * float32(int(q)-32)
			}
		}
	}
}

// shortest is the float64 that the shortest decimal form of x stands for.
func shortest(x float32) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	if err != nil {
		return float64(x)
	}
	return y
}
