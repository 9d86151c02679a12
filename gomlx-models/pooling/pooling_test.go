package pooling_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"

	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/pooling"
)

var (
	nan    = float32(math.NaN())
	hidden = [][][]float32{
		{{1, 2}, {3, 4}, {5, 9}},
		{{6, 8}, {nan, nan}, {1e9, -1e9}}, // one token, then padding
		{{7, 7}, {7, 7}, {7, 7}},          // padding only
	}
	mask = [][]bool{{true, true, true}, {true, false, false}, {false, false, false}}
)

func TestPool(t *testing.T) {
	for _, c := range []struct {
		kind pooling.Kind
		want [][]float32
	}{
		{pooling.KindMean, [][]float32{{3, 5}, {6, 8}, {0, 0}}},
		{pooling.KindLast, [][]float32{{5, 9}, {6, 8}, {0, 0}}},
		{pooling.KindCLS, [][]float32{{1, 2}, {6, 8}, {0, 0}}},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				got, err := graph.ExecOnce(b, func(hidden, mask *graph.Node) *graph.Node {
					return pooling.Pool(c.kind, hidden, mask)
				}, hidden, mask)
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range got.Value().([][]float32) {
					for j := range row {
						if math.Abs(float64(row[j]-c.want[i][j])) > 1e-6 {
							t.Errorf("row %d is %v, want %v", i, row, c.want[i])
						}
					}
				}
			})
		})
	}
}

func TestNormalize(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		got, err := graph.ExecOnce(b, pooling.Normalize, [][]float32{{3, 4}, {0, 0}, {-1e-6, 0}, {1e15, 1e15}})
		if err != nil {
			t.Fatal(err)
		}
		half := float32(math.Sqrt(0.5))
		want := [][]float32{{0.6, 0.8}, {0, 0}, {-1, 0}, {half, half}}
		for i, row := range got.Value().([][]float32) {
			for j := range row {
				if !(math.Abs(float64(row[j]-want[i][j])) < 1e-6) {
					t.Errorf("row %d is %v, want %v", i, row, want[i])
				}
			}
		}
	})
}

// TestGradientOfPadding: padding has no part in the result, so none in the
// gradient, and a zero vector does no harm to the others.
func TestGradientOfPadding(t *testing.T) {
	only := map[pooling.Kind]int{pooling.KindLast: 2, pooling.KindCLS: 0} // of text 0
	for _, kind := range []pooling.Kind{pooling.KindMean, pooling.KindLast, pooling.KindCLS} {
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			got, err := graph.ExecOnce(b, func(hidden, mask *graph.Node) *graph.Node {
				pooled := pooling.Normalize(pooling.Pool(kind, hidden, mask))
				weighted := graph.Mul(pooled, graph.Const(pooled.Graph(), [][]float32{{2, 1}, {3, -4}, {5, 6}}))
				return graph.Gradient(graph.ReduceAllSum(weighted), hidden)[0]
			}, hidden, mask)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range got.Value().([][][]float32) {
				for j, g := range text {
					zero := g[0] == 0 && g[1] == 0
					counts := mask[i][j] && (kind == pooling.KindMean || i == 1 || j == only[kind])
					if zero == counts || math.IsNaN(float64(g[0]+g[1])) {
						t.Errorf("%s: gradient of text %d, position %d is %v; counts: %v", kind, i, j, g, counts)
					}
				}
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, kind := range []pooling.Kind{pooling.KindMean, pooling.KindLast, pooling.KindCLS} {
		if got, err := pooling.Parse(kind.String()); err != nil || got != kind {
			t.Errorf("Parse(%q) = %v, %v", kind, got, err)
		}
	}
	for _, name := range []string{"", "max", "Mean"} {
		if got, err := pooling.Parse(name); err == nil || !strings.Contains(err.Error(), `"mean"`) {
			t.Errorf("Parse(%q) = %v, %v; want an error that lists the names", name, got, err)
		}
	}
	if s := pooling.Kind(9).String(); s != "Kind(9)" {
		t.Errorf("unknown kind is called %q", s)
	}
}

func TestPoolErrors(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		for _, c := range []struct {
			kind         pooling.Kind
			hidden, mask any
			want         string
		}{
			{pooling.KindMean, hidden, [][]bool{{true}}, "want bool [3 3]"},
			{pooling.KindLast, hidden, [][]int32{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, "want bool"},
			{pooling.KindLast, hidden[0], mask, "want floats"},
			{pooling.Kind(9), hidden, mask, "Kind(9)"},
		} {
			_, err := graph.ExecOnce(b, func(hidden, mask *graph.Node) *graph.Node {
				return pooling.Pool(c.kind, hidden, mask)
			}, c.hidden, c.mask)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		}
	})
}
