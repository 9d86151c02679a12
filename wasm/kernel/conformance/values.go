package conformance

import "math"

// A fill draws one float.
type fill func(s *suite) float32

// normal is what activations look like.
func normal(s *suite) float32 { return float32(s.NormFloat64()) }

// wide has exponents from 2^-60 to 2^60, so that every rounding and every order
// of summation shows.
func wide(s *suite) float32 {
	return float32(math.Ldexp(s.Float64()*2-1, s.IntN(121)-60))
}

// special mixes signed zeros, subnormals and the least normal numbers with
// ordinary ones.
func special(s *suite) float32 {
	values := [...]float32{
		0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1p-149, 0x1p-127, -0x1.8p-130,
		0x1p-126, -0x1p-126, 1, -1, 0.5, -2.5, 0x1.fffffep0, normal(s),
	}
	return values[s.IntN(len(values))]
}

// fills are the kinds of values that all operations on floats run on.
var fills = map[string]fill{"normal": normal, "wide": wide, "special": special}

// floats returns n values drawn from f.
func (s *suite) floats(n int, f fill) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = f(s)
	}
	return values
}

// fillNames lists fills in a fixed order.
var fillNames = []string{"normal", "wide", "special"}

// float16 returns the bits of a finite binary16 number, subnormals and zeros of
// both signs among them.
func (s *suite) float16() uint16 {
	for {
		if h := uint16(s.Uint32()); h&0x7c00 != 0x7c00 {
			if s.IntN(8) == 0 {
				h &= 0x83ff
			}
			return h
		}
	}
}
