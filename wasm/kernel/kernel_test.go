package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every binary16 number survives the way to float32 and back.
func TestFloat16RoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		x := Float16(uint16(h))
		if h&0x7c00 == 0x7c00 && h&0x3ff != 0 {
			if x == x {
				t.Fatalf("%#04x is a NaN, got %v", h, x)
			}
			continue
		}
		if back := ToFloat16(x); back != uint16(h) {
			t.Fatalf("%#04x became %v and %#04x", h, x, back)
		}
	}
}

// ToFloat16 picks the nearest of the two neighbours, the even one half-way.
func TestToFloat16Rounds(t *testing.T) {
	for h := range uint16(0x7bff) {
		low, high := Float16(h), Float16(h+1)
		middle := (low + high) / 2 // exact: float32 has more bits
		even := h + h&1
		for x, want := range map[float32]uint16{
			middle: even, math.Nextafter32(middle, 0): h, math.Nextafter32(middle, high): h + 1,
		} {
			if got := ToFloat16(x); got != want {
				t.Fatalf("%v became %#04x, want %#04x", x, got, want)
			}
		}
	}
	for x, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, -1e30: 0xfc00} {
		if got := ToFloat16(x); got != want {
			t.Errorf("%v became %#04x, want %#04x", x, got, want)
		}
	}
}

// Exp stays within three units in the last place of the true exponential.
func TestExpIsAccurate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 {
		x := float32(random.Float64()*float64(ExpMax-ExpMin)) + ExpMin
		want := math.Exp(float64(x))
		ulp := float64(math.Nextafter32(float32(want), math.MaxFloat32)) - float64(float32(want))
		if off := math.Abs(float64(Exp(x))-want) / ulp; off > 3 {
			t.Fatalf("Exp(%v) is %.2f units in the last place off", x, off)
		}
	}
	if Exp(0) != 1 || Exp(-1e30) != Exp(ExpMin) || Exp(1e30) != Exp(ExpMax) {
		t.Error("Exp at 0 or beyond its range")
	}
}

// A weight is off by at most half a level of its group plus what float16 loses.
func TestPackQ4Error(t *testing.T) {
	const n, k = 19, 70 // padded to 24 and 96
	random := rand.New(rand.NewPCG(5, 6))
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(random.NormFloat64())
	}
	got := UnpackQ4(PackQ4(w, n, k), 24, 96)
	for c := range n {
		for g := 0; g < k; g += Group {
			group := w[c*k+g : c*k+min(g+Group, k)]
			lo, hi := group[0], group[0]
			for _, x := range group {
				lo, hi = min(lo, x), max(hi, x)
			}
			for i, x := range group {
				if off := math.Abs(float64(got[c*96+g+i] - x)); off > float64(hi-lo)/30+0.01 {
					t.Fatalf("column %d input %d: %v became %v", c, g+i, x, got[c*96+g+i])
				}
			}
		}
	}
}

// Published 4-bit weights are d*q + m already: packing them again changes nothing.
func TestPackQ4KeepsItsOwnValues(t *testing.T) {
	const n, k = 8, 64
	random := rand.New(rand.NewPCG(7, 8))
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(random.NormFloat64())
	}
	once := UnpackQ4(PackQ4(w, n, k), n, k)
	twice := UnpackQ4(PackQ4(once, n, k), n, k)
	for i := range once {
		if math.Abs(float64(once[i]-twice[i])) > 1e-6 {
			t.Fatalf("weight %d: %v, packed again %v", i, once[i], twice[i])
		}
	}
}
