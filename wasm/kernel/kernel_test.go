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

// layouts are the ways to pack weights, with the greatest level of each.
var layouts = []struct {
	name   string
	pack   func(w []float32, n, k int) []byte
	unpack func(packed []byte, n, k int) []float32
	levels float64
}{{"q4", PackQ4, UnpackQ4, 15}, {"q7", PackQ7, UnpackQ7, 127}}

// A weight is off by at most half a level of its group plus what float16 loses.
func TestPackError(t *testing.T) {
	const n, k = 19, 70 // padded to 24 and 96
	random := rand.New(rand.NewPCG(5, 6))
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(random.NormFloat64())
	}
	for _, l := range layouts {
		got := l.unpack(l.pack(w, n, k), 24, 96)
		for c := range n {
			for g := 0; g < k; g += Group {
				group := w[c*k+g : c*k+min(g+Group, k)]
				lo, hi := group[0], group[0]
				for _, x := range group {
					lo, hi = min(lo, x), max(hi, x)
				}
				for i, x := range group {
					off := math.Abs(float64(got[c*96+g+i] - x))
					if off > float64(hi-lo)*(0.5/l.levels+0x1p-11)+0x1p-10 {
						t.Fatalf("%s: column %d input %d: %v became %v", l.name, c, g+i, x, got[c*96+g+i])
					}
				}
			}
		}
	}
}

// Published weights of few bits are d*q + m already: packing them again changes
// nothing.
func TestPackKeepsItsOwnValues(t *testing.T) {
	const n, k = 8, 64
	random := rand.New(rand.NewPCG(7, 8))
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(random.NormFloat64())
	}
	for _, l := range layouts {
		once := l.unpack(l.pack(w, n, k), n, k)
		twice := l.unpack(l.pack(once, n, k), n, k)
		for i := range once {
			if math.Abs(float64(once[i]-twice[i])) > 1e-6 {
				t.Fatalf("%s: weight %d: %v, packed again %v", l.name, i, once[i], twice[i])
			}
		}
	}
}

// GELU stays within 1e-6 of the exact function, for large values within half a
// unit in the last place.
func TestGELUIsAccurate(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	check := func(x float32) {
		v := float64(x)
		want := v * 0.5 * math.Erfc(-v/math.Sqrt2)
		if off := math.Abs(float64(GELU(x)) - want); off > 1e-6+math.Abs(v)*0x1p-24 {
			t.Fatalf("GELU(%v) = %v, want %v: %.1e off", x, GELU(x), want, off)
		}
	}
	for range 1_000_000 {
		check(float32(random.Float64()*24 - 12))
		check(float32(random.NormFloat64()))
	}
	for _, x := range []float32{5.5, 5.499, -5.5, -5.499, 2.75, 0, 1e-30, 1e30, -1e30} {
		check(x)
	}
	if y := GELU(float32(math.Copysign(0, -1))); math.Float32bits(y) != 0 {
		t.Errorf("GELU(-0) has bits %08x, want +0", math.Float32bits(y))
	}
}

// 4-bit rows lose no more than a level, less than the same group with the largest
// magnitude on level 7 would, and nothing on their own values.
func TestPackQ4Rows(t *testing.T) {
	const rows, dim = 7, 96
	random := rand.New(rand.NewPCG(11, 12))
	w := make([]float32, rows*dim)
	for i := range w[dim:] { // the first row stays 0
		w[dim+i] = float32(random.NormFloat64())
	}
	packed := PackQ4Rows(w, rows, dim)
	if len(packed) != rows*Q4RowBytes(dim) {
		t.Fatalf("%d bytes, want %d", len(packed), rows*Q4RowBytes(dim))
	}
	got := UnpackQ4Rows(packed, rows, dim)
	var loss, simple float64
	for g := 0; g < len(w); g += Group {
		var peak float64
		for _, x := range w[g : g+Group] {
			peak = max(peak, math.Abs(float64(x)))
		}
		for i := g; i < g+Group; i++ {
			off := math.Abs(float64(got[i] - w[i]))
			if off > peak/7+1e-3 {
				t.Fatalf("value %d: %v became %v", i, w[i], got[i])
			}
			loss += off * off
			if peak > 0 {
				nearest := math.Abs(float64(w[i]) - math.RoundToEven(float64(w[i])*7/peak)*peak/7)
				simple += nearest * nearest
			}
		}
	}
	if loss > 0.9*simple {
		t.Errorf("squared error %.3f, with the largest magnitude on level 7 %.3f", loss, simple)
	}
	again := UnpackQ4Rows(PackQ4Rows(got, rows, dim), rows, dim)
	for i := range got {
		if math.Abs(float64(again[i]-got[i])) > 1e-6 {
			t.Fatalf("value %d: %v, packed again %v", i, got[i], again[i])
		}
	}
}
