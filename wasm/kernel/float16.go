package kernel

import "math"

// Float16 returns the value of the IEEE 754 binary16 number with bits h.
func Float16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	if h&0x7c00 == 0x7c00 { // infinity and NaN keep their class
		return math.Float32frombits(sign | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	// Shifted into place the exponent is 112 too small; the multiplication
	// mends that exactly, for subnormals too.
	magnitude := math.Float32frombits(uint32(h&0x7fff) << 13)
	return math.Float32frombits(math.Float32bits(float32(magnitude*0x1p112)) | sign)
}

// ToFloat16 returns the bits of the binary16 number nearest to x, ties to even.
// Values beyond its range become infinities.
func ToFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 | uint16(b>>13)&0x3ff // quiet, the rest of its payload kept
	case b >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: subnormal, in steps of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*0x1p24))
	}
	b += 0xfff + b>>13&1
	return sign | uint16((b-0x38000000)>>13)
}
