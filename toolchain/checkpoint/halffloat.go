package checkpoint

import "math"

// Float16 converts an IEEE 754 binary16 bit pattern to float32. The conversion is exact; NaN
// payloads are kept.
func Float16(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	exponent := uint32(bits>>10) & 0x1f
	fraction := uint32(bits & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction · 2^-24
		return math.Float32frombits(math.Float32bits(float32(fraction)*0x1p-24) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	// The exponent bias is 15 in binary16 and 127 in binary32.
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// BFloat16 converts a bfloat16 bit pattern, which is the upper half of a float32, to float32.
func BFloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// ToFloat16 rounds x to the nearest binary16 value, ties to even; what is too large becomes
// infinity, NaN stays NaN.
func ToFloat16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits>>16) & 0x8000
	magnitude := bits & 0x7fffffff
	switch {
	case magnitude > 0x7f800000: // NaN, made quiet
		return sign | 0x7e00 | uint16(magnitude>>13)&0x3ff
	case magnitude >= 0x477ff000: // 65520 and more round to 2^16, which is out of range
		return sign | 0x7c00
	case magnitude < 0x38800000: // below 2^-14: a multiple of 2^-24, rounded by the addition
		// 0.5 has the unit in the last place 2^-24, so adding it rounds to that multiple.
		rounded := math.Float32bits(math.Float32frombits(magnitude) + 0.5)
		return sign | uint16(rounded-math.Float32bits(0.5))
	}
	rounded := roundToEven(magnitude, 13)
	return sign | uint16(rounded-(127-15)<<10)
}

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
