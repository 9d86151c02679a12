package checkpoint

import (
	"math"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// nearest finds the binary16 or bfloat16 pattern closest to x by search over all finite values, ties
// to the even pattern: the definition of rounding, without bit tricks. limit is the magnitude from
// which rounding overflows: half a step above the largest finite value.
func nearest(x float32, infinity uint16, limit float64, decode func(uint16) float32) uint16 {
	sign := uint16(math.Float32bits(x)>>16) & 0x8000
	magnitude := math.Abs(float64(x))
	if magnitude >= limit {
		return sign | infinity
	}
	low, high := uint16(0), infinity-1 // magnitudes grow with their patterns
	for low < high {
		middle := low + (high-low+1)/2
		if float64(decode(middle)) <= magnitude {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if low+1 < infinity {
		below, above := magnitude-float64(decode(low)), float64(decode(low+1))-magnitude
		if above < below || above == below && low%2 == 1 {
			low++
		}
	}
	return sign | low
}

// float16ByDefinition evaluates (-1)^s · 2^(e-15) · (1 + f/1024) and its special cases.
func float16ByDefinition(bits uint16) float64 {
	s := 1.0
	if bits&0x8000 != 0 {
		s = -1
	}
	e, f := int(bits>>10&31), float64(bits&1023)
	switch e {
	case 0:
		return s * f / 1024 * math.Pow(2, -14)
	case 31:
		if f != 0 {
			return math.NaN()
		}
		return s * math.Inf(1)
	}
	return s * (1 + f/1024) * math.Pow(2, float64(e-15))
}

func TestFloat16EveryPattern(t *testing.T) {
	for bits := range 1 << 16 {
		got, want := kernel.Float16(uint16(bits)), float16ByDefinition(uint16(bits))
		if math.IsNaN(want) {
			if got == got {
				t.Fatalf("%#04x: got %v, want NaN", bits, got)
			}
			if back := kernel.ToFloat16(got); back&0x7c00 != 0x7c00 || back&0x3ff == 0 {
				t.Fatalf("%#04x: NaN became %#04x", bits, back)
			}
			continue
		}
		if math.Float64bits(float64(got)) != math.Float64bits(want) {
			t.Fatalf("%#04x: got %v, want %v", bits, got, want)
		}
		if back := kernel.ToFloat16(got); back != uint16(bits) {
			t.Fatalf("%#04x: came back as %#04x", bits, back)
		}
	}
}

func TestBFloat16EveryPattern(t *testing.T) {
	for bits := range 1 << 16 {
		x := BFloat16(uint16(bits))
		if math.Float32bits(x) != uint32(bits)<<16 {
			t.Fatalf("%#04x: got %x", bits, math.Float32bits(x))
		}
		if back := ToBFloat16(x); back != uint16(bits) && x == x {
			t.Fatalf("%#04x: came back as %#04x", bits, back)
		} else if x != x && (back&0x7f80 != 0x7f80 || back&0x7f == 0) {
			t.Fatalf("%#04x: NaN became %#04x", bits, back)
		}
	}
}

func TestRoundingToNearest(t *testing.T) {
	// Around every halfway point between two neighbours, and a walk over all magnitudes.
	var values []float32
	for bits := range 0x7c00 {
		middle := (float64(kernel.Float16(uint16(bits))) + float64(kernel.Float16(uint16(bits+1)))) / 2
		if bits == 0x7bff {
			middle = 65520
		}
		m := float32(middle)
		values = append(values, m, -m, math.Nextafter32(m, 0), math.Nextafter32(m, math.MaxFloat32))
	}
	for bits := uint32(0); bits < 0x7f800000; bits += 99991 {
		values = append(values, math.Float32frombits(bits), math.Float32frombits(bits|0x80000000))
	}
	for _, x := range values {
		if got, want := kernel.ToFloat16(x), nearest(x, 0x7c00, 65520, kernel.Float16); got != want {
			t.Fatalf("kernel.ToFloat16(%v) = %#04x, want %#04x", x, got, want)
		}
		top := float64(BFloat16(0x7f7f)) + math.Pow(2, 127-8)
		if got, want := ToBFloat16(x), nearest(x, 0x7f80, top, BFloat16); got != want {
			t.Fatalf("ToBFloat16(%v) = %#04x, want %#04x", x, got, want)
		}
	}
}
