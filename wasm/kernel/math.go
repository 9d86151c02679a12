package kernel

import "math"

// Coefficients of Exp. The polynomial is the Taylor series to the sixth power;
// on |r| <= ln(2)/2 its error is below 2 units in the last place. ln2Hi has its
// low 12 bits clear, so that n*ln2Hi is exact for every n that occurs.
const (
	ExpMin   float32 = -87 // below, Exp returns Exp(ExpMin), about 1.6e-38
	ExpMax   float32 = 88  // above, Exp returns Exp(ExpMax), about 1.7e38
	ExpLog2E float32 = 1.44269504
	ExpLn2Hi float32 = 0.693359375
	ExpLn2Lo float32 = -2.12194440e-4
	ExpC2    float32 = 1.0 / 2
	ExpC3    float32 = 1.0 / 6
	ExpC4    float32 = 1.0 / 24
	ExpC5    float32 = 1.0 / 120
	ExpC6    float32 = 1.0 / 720
)

// Exp is the exponential function that every implementation computes alike:
//
//	x = min(max(x, ExpMin), ExpMax)
//	n = nearest-even(x * log2(e))
//	r = (x - n*Ln2Hi) - n*Ln2Lo
//	p = ((((C6*r + C5)*r + C4)*r + C3)*r + C2)*r + 1)*r + 1, every product rounded
//	result = p * 2^n
//
// with the range reduction of Cody and Waite (1980).
func Exp(x float32) float32 {
	x = min(max(x, ExpMin), ExpMax)
	n := float32(math.RoundToEven(float64(float32(x * ExpLog2E))))
	r := x - float32(n*ExpLn2Hi)
	r = r - float32(n*ExpLn2Lo)
	p := ExpC6
	for _, c := range [...]float32{ExpC5, ExpC4, ExpC3, ExpC2, 1, 1} {
		p = float32(p*r) + c
	}
	return float32(p * math.Float32frombits(uint32(int32(n)+127)<<23))
}

// Constants of GELU. From GELUMax on it is the identity or zero.
const (
	GELUMax    float32 = 5.5
	GELUCentre float32 = GELUMax / 2
	GELUSquare float32 = GELUCentre * GELUCentre
)

// GELUEven and GELUOdd are the coefficients of the even and of the odd powers of
// GELU's polynomial, lowest first. testdata/gelu.py fits them.
var (
	GELUEven = [...]float32{
		0.00108362129, 0.00348639861, 0.000877957966, -7.93683648e-05, -2.64503774e-06, 6.23370852e-07, -2.48615173e-08,
	}
	GELUOdd = [...]float32{
		-0.00291289715, -0.00234759017, -9.17979123e-05, 3.91478279e-05, -2.89056243e-06, 7.72724817e-08,
	}
)

// GELU is the Gaussian error linear unit x*Phi(x) with the exact normal
// distribution Phi (Hendrycks and Gimpel 2016, without their approximations), as
// every implementation computes it: max(x, 0) less |x|*Phi(-|x|), an even bump
// that a polynomial of degree 14 follows. Even(u) and Odd(u) are by Horner's rule,
// highest coefficient first, every product rounded:
//
//	t = min(|x|, GELUMax) - GELUCentre
//	u = t*t
//	p = Even(u) + t*Odd(u)
//	result = max(x, 0) - (GELUSquare - u)*p
//
// with every product rounded here too, and max(-0, 0) = +0. The absolute error is
// below 1e-6, plus the rounding of results above 8.
func GELU(x float32) float32 {
	t := min(max(x, -x), GELUMax) - GELUCentre
	u := float32(t * t)
	p := horner(GELUEven[:], u) + float32(t*horner(GELUOdd[:], u))
	return max(x, 0) - float32((GELUSquare-u)*p)
}

// horner evaluates a polynomial whose coefficients stand lowest first.
func horner(coefficients []float32, x float32) float32 {
	last := len(coefficients) - 1
	p := coefficients[last]
	for i := last - 1; i >= 0; i-- {
		p = float32(p*x) + coefficients[i]
	}
	return p
}

// Sqrt is the correctly rounded square root.
func Sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// sumLanes is the eight-lane sum of f(0..n); n need not be a multiple of eight.
func sumLanes(n int, f func(i int) float32) float32 {
	var s [8]float32
	for i := range n {
		s[i%8] += f(i)
	}
	return (s[0] + s[4] + (s[2] + s[6])) + (s[1] + s[5] + (s[3] + s[7]))
}
