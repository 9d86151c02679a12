package export

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// normal draws weights as trained matrices have them: normal, some rows wider.
func normal(rows, columns int) []float32 {
	random := rand.New(rand.NewPCG(5, 0))
	w := make([]float32, rows*columns)
	for i := range w {
		w[i] = float32(random.NormFloat64() * 0.04 * (1 + float64(i/columns%3)))
	}
	return w
}

// unpacked returns the weights that a grid's packed bytes stand for, columns
// padded to whole groups.
func unpacked(g *grid, rows, columns, bits int) []float32 {
	packed, padded := g.pack(rows, columns, bits), groups(columns)*kernel.Group
	if bits == 7 {
		return kernel.UnpackQ7(packed, rows, padded)
	}
	return kernel.UnpackQ4(packed, rows, padded)
}

// The layout is the kernels': what they unpack are the grid's weights, and with
// the same rounding the bytes are those that the kernels' own packing makes.
func TestPackIsTheKernelsLayout(t *testing.T) {
	const rows = 24
	for _, columns := range []int{32, 40, 96} {
		w := normal(rows, columns)
		for _, bits := range []int{4, 7} {
			g := quantiseRange(w, rows, columns, bits)
			padded := groups(columns) * kernel.Group
			got := unpacked(g, rows, columns, bits)
			for i := range w {
				r, c := i/columns, i%columns
				at := r*groups(columns) + c/kernel.Group
				if want := float32(g.scale[at]*float32(g.level[i])) + g.low[at]; got[r*padded+c] != want {
					t.Fatalf("%d bits, %d columns: weight %d is %v, the grid says %v", bits, columns, i, got[r*padded+c], want)
				}
			}
			want := kernel.PackQ4(w, rows, columns)
			if bits == 7 {
				want = kernel.PackQ7(w, rows, columns)
			}
			if !slices.Equal(g.pack(rows, columns, bits), want) {
				t.Errorf("%d bits, %d columns: other bytes than the kernels' packing", bits, columns)
			}
		}
	}
}

// quantiseRange spreads each group's levels from its least weight to its greatest,
// as the kernels' packing does.
func quantiseRange(w []float32, rows, columns, bits int) *grid {
	return eachGroup(w, rows, columns, func(levels []byte, group []float32) (scale, low float32) {
		scale, low = rangeOf(group, bits)
		nearest(levels, group, scale, low, bits, math.Inf(1))
		return scale, low
	})
}

// squared returns a grid's squared error in each group.
func squared(g *grid, w []float32, rows, columns, bits int) []float64 {
	perRow := groups(columns)
	padded := perRow * kernel.Group
	back := unpacked(g, rows, columns, bits)
	errors := make([]float64, rows*perRow)
	for i, x := range w {
		r, c := i/columns, i%columns
		e := float64(x) - float64(back[r*padded+c])
		errors[r*perRow+c/kernel.Group] += e * e
	}
	return errors
}

// quantise leaves at most the error of plain rounding in every group, and on normal
// weights of four bits a tenth less in all.
func TestQuantiseLosesLessThanRange(t *testing.T) {
	const rows = 64
	for _, columns := range []int{64, 72} {
		w := normal(rows, columns)
		for bits, gain := range map[int]float64{4: 0.10, 7: 0.02} {
			fitted := squared(quantise(w, rows, columns, bits), w, rows, columns, bits)
			plain := squared(quantiseRange(w, rows, columns, bits), w, rows, columns, bits)
			var sumFitted, sumPlain float64
			for i := range fitted {
				if fitted[i] > plain[i]*(1+1e-6) {
					t.Errorf("%d bits, group %d: squared error %g, plain rounding %g", bits, i, fitted[i], plain[i])
				}
				sumFitted, sumPlain = sumFitted+fitted[i], sumPlain+plain[i]
			}
			t.Logf("%d bits, %d columns: squared error %.3f of plain rounding's", bits, columns, sumFitted/sumPlain)
			if sumFitted > (1-gain)*sumPlain {
				t.Errorf("%d bits: squared error %g, want %g less than %g", bits, sumFitted, gain, sumPlain)
			}
		}
	}
}

// Weights that lie on a grid stay where they are, and so do constant, zero and
// tiny groups.
func TestFitGroupKeepsGrids(t *testing.T) {
	w := make([]float32, 5*kernel.Group)
	for i := range kernel.Group {
		w[i] = float32(i%16)*0.25 - 1.5
		w[kernel.Group+i] = 0.125
		w[3*kernel.Group+i] = 1e-9 * float32(i)
		w[4*kernel.Group+i] = float32(i%2) * 50000
	}
	var levels [kernel.Group]byte
	for g := range 5 {
		group := w[g*kernel.Group:][:kernel.Group]
		scale, low := fitGroup(levels[:], group, 4)
		for i, x := range group {
			back := float64(scale)*float64(levels[i]) + float64(low)
			if math.Abs(back-float64(x)) > 1e-7+1e-3*math.Abs(float64(x)) {
				t.Errorf("group %d: %v became %v", g, x, back)
			}
		}
	}
}

// What a calibrated rounder chose stays: values on a grid whose ends are used come
// back from the package's bytes.
func TestQuantiseKeepsRoundedWeights(t *testing.T) {
	const rows, columns = 16, 96
	for _, bits := range []int{4, 7} {
		g := quantiseRange(normal(rows, columns), rows, columns, bits)
		random := rand.New(rand.NewPCG(8, 0))
		for i := range g.level {
			if i%kernel.Group > 1 {
				g.level[i] = byte(random.IntN(1 << bits))
			} else {
				g.level[i] = byte(i % 2 * (1<<bits - 1))
			}
		}
		w := unpacked(g, rows, columns, bits)
		again := unpacked(quantise(w, rows, columns, bits), rows, columns, bits)
		for i := range w {
			if math.Abs(float64(w[i]-again[i])) > 1e-6 {
				t.Fatalf("%d bits: weight %d was %v, became %v", bits, i, w[i], again[i])
			}
		}
	}
}

func BenchmarkQuantise(b *testing.B) {
	const rows, columns = 64, 1536
	w := normal(rows, columns)
	b.SetBytes(4 * rows * columns)
	for b.Loop() {
		quantise(w, rows, columns, 4)
	}
}
