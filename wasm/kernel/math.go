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
