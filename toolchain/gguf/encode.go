package gguf

import (
	"encoding/binary"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// encoders append one block of finite values in a number format. They say false if a value is beyond
// what the format can hold.
//
// Rounding is that of the reference quantisers in ggml's ggml-quants.c, whose scales come from the
// value of the largest magnitude alone.
var encoders = map[Type]func(dst []byte, values []float32) ([]byte, bool){
	F32:  encodeF32,
	F16:  encodeF16,
	Q8_0: encodeQ8_0,
	Q4_0: encodeQ4_0,
}

func encodeF32(dst []byte, values []float32) ([]byte, bool) {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(values[0])), true
}

func encodeF16(dst []byte, values []float32) ([]byte, bool) { return appendHalf(dst, values[0]) }

// appendHalf appends a float16, which must not become infinite.
func appendHalf(dst []byte, x float32) ([]byte, bool) {
	bits := kernel.ToFloat16(x)
	return binary.LittleEndian.AppendUint16(dst, bits), bits&0x7fff != 0x7c00
}

// Q8_0: the scale maps the largest magnitude to 127; halves round away from zero.
func encodeQ8_0(dst []byte, values []float32) ([]byte, bool) {
	largest := largestMagnitude(values)
	scale := float32(math.Abs(float64(largest))) / 127
	dst, ok := appendHalf(dst, scale)
	inverse := reciprocal(scale)
	for _, x := range values {
		dst = append(dst, byte(int8(math.Round(float64(x*inverse)))))
	}
	return dst, ok
}

// Q4_0: the scale maps the value of the largest magnitude, with its sign, to -8, so that the values
// of the other sign reach 7 only. The low nibbles are values 0..15, the high ones 16..31.
func encodeQ4_0(dst []byte, values []float32) ([]byte, bool) {
	scale := largestMagnitude(values) / -8
	dst, ok := appendHalf(dst, scale)
	inverse := reciprocal(scale)
	level := func(x float32) byte { return byte(min(15, int8(float32(x*inverse)+8.5))) }
	for i := range values[:16] {
		dst = append(dst, level(values[i])|level(values[i+16])<<4)
	}
	return dst, ok
}

// largestMagnitude is the first of the values whose magnitude is largest, with its sign.
func largestMagnitude(values []float32) float32 {
	var largest float32
	for _, x := range values {
		if math.Abs(float64(x)) > math.Abs(float64(largest)) {
			largest = x
		}
	}
	return largest
}

// reciprocal is 1/x, or 0 if that is beyond float32: then all values round to the middle.
func reciprocal(x float32) float32 {
	if y := 1 / x; !math.IsInf(float64(y), 0) {
		return y
	}
	return 0
}
