package checkpoint

import "math"

// BFloat16 converts a bfloat16 bit pattern, which is the upper half of a float32, to float32.
func BFloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// ToBFloat16 rounds x to the nearest bfloat16 value, ties to even; NaN stays NaN.
func ToBFloat16(x float32) uint16 {
	bits := math.Float32bits(x)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16(roundToEven(bits, 16))
}

// roundToEven drops the low bits of a float's pattern, rounding to nearest, ties to even. A carry
// into the exponent is right: the next power of two follows the largest fraction.
func roundToEven(bits uint32, drop uint) uint32 {
	half := uint32(1)<<(drop-1) - 1
	return (bits + half + bits>>drop&1) >> drop
}
