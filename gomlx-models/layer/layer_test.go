package layer_test

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/internal/gradcheck"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/layer"
)

func TestActivations(t *testing.T) {
	var x []float32
	for v := -12.0; v <= 12; v += 1.0 / 64 {
		x = append(x, float32(v))
	}
	for name, c := range map[string]struct {
		layer           func(x *graph.Node) *graph.Node
		value, gradient func(x float64) float64
	}{
		"GELU": {layer.GELU,
			func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
			func(x float64) float64 {
				return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
			}},
		"SiLU": {layer.SiLU,
			func(x float64) float64 { return x / (1 + math.Exp(-x)) },
			func(x float64) float64 {
				s := 1 / (1 + math.Exp(-x))
				return s + x*s*(1-s)
			}},
	} {
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			out, err := graph.ExecOnceN(b, func(x *graph.Node) []*graph.Node {
				y := c.layer(x)
				return []*graph.Node{y, graph.Gradient(graph.ReduceAllSum(y), x)[0]}
			}, x)
			if err != nil {
				t.Fatal(err)
			}
			var value, gradient []float64
			for _, v := range x {
				value, gradient = append(value, c.value(float64(v))), append(gradient, c.gradient(float64(v)))
			}
			wantNear(t, name, out[0], value, 2e-6)
			wantNear(t, name+" gradient", out[1], gradient, 2e-6)
		})
	}
}

func TestNorms(t *testing.T) {
	const width, eps = 24, 1e-3
	var rms, norm []float64
	x, w, c := flat(random(1, 5, width)), flat(random(2, width)), flat(random(3, width))
	for r := range 5 {
		row := x[r*width : (r+1)*width]
		mean, square := 0.0, 0.0
		for _, v := range row {
			mean += float64(v) / width
			square += float64(v) * float64(v) / width
		}
		for i, v := range row {
			rms = append(rms, float64(v)/math.Sqrt(square+eps)*float64(w[i]))
			norm = append(norm, (float64(v)-mean)/math.Sqrt(square-mean*mean+eps)*float64(w[i])+float64(c[i]))
		}
	}
	for name, n := range map[string]struct {
		layer func(scope *context.Context, x *graph.Node, eps float64) *graph.Node
		want  []float64
	}{"RMSNorm": {layer.RMSNorm, rms}, "LayerNorm": {layer.LayerNorm, norm}} {
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			scope := context.New()
			scope.VariableWithValue(layer.VarWeight, w)
			scope.VariableWithValue(layer.VarBias, c)
			got, err := context.ExecOnce(b, scope, func(scope *context.Context, x *graph.Node) *graph.Node {
				return n.layer(scope, x, eps)
			}, random(1, 5, width))
			if err != nil {
				t.Fatal(err)
			}
			wantNear(t, name, got, n.want, 1e-5)
		})
	}
}

// TestLargeMean: LayerNorm's variance does not drown in the mean.
func TestLargeMean(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		scope := context.New()
		scope.VariableWithValue(layer.VarWeight, []float32{1, 1, 1, 1})
		scope.VariableWithValue(layer.VarBias, []float32{0, 0, 0, 0})
		got, err := context.ExecOnce(b, scope, func(scope *context.Context, x *graph.Node) *graph.Node {
			return layer.LayerNorm(scope, x, 1e-12)
		}, [][]float32{{4097, 4095, 4097, 4095}})
		if err != nil {
			t.Fatal(err)
		}
		wantNear(t, "LayerNorm", got, []float64{1, -1, 1, -1}, 1e-6)
	})
}

func TestGate(t *testing.T) {
	b := testmodel.Go(t)
	gated := context.New()
	gated.VariableWithValue(layer.VarGate, []float32{1, 0.5, 0, -2})
	for _, c := range []struct {
		scope *context.Context
		want  []float64
	}{{gated, []float64{1, 1, 0, 0}}, {context.New(), []float64{1, 2, 3, 4}}} {
		got, err := context.ExecOnce(b, c.scope, func(scope *context.Context, x *graph.Node) *graph.Node {
			return layer.Gate(scope, x)
		}, [][]float32{{1, 2, 3, 4}})
		if err != nil {
			t.Fatal(err)
		}
		wantNear(t, "gated", got, c.want, 0)
	}
}

// attention is what Attention should compute for one query, in float64.
func attention(q, k, v []float32, visible []bool, width int) []float64 {
	total, result := 0.0, make([]float64, width)
	for j := range visible {
		if !visible[j] {
			continue
		}
		score := 0.0
		for i := range width {
			score += float64(q[i]) * float64(k[j*width+i])
		}
		weight := math.Exp(score / math.Sqrt(float64(width)))
		total += weight
		for i := range width {
			result[i] += weight * float64(v[j*width+i])
		}
	}
	for i := range result {
		result[i] /= total
	}
	return result
}

func TestAttention(t *testing.T) {
	const batch, length, heads, shared, width = 2, 5, 6, 2, 4
	inputs := func() (q, k, v *tensors.Tensor) {
		return random(1, batch, length, heads, width), random(2, batch, length, shared, width), random(3, batch, length, shared, width)
	}
	mask := [][]bool{{true, true, true, true, true}, {true, true, true, false, false}}
	// head returns the rows of one head of one text.
	head := func(x *tensors.Tensor, text, h, heads int) (rows []float32) {
		data := flat(x)
		for p := range length {
			start := ((text*length+p)*heads + h) * width
			rows = append(rows, data[start:start+width]...)
		}
		return rows
	}
	for _, causal := range []bool{false, true} {
		q, k, v := inputs()
		want := make([]float64, batch*length*heads*width)
		for text := range batch {
			for h := range heads {
				qs, group := head(q, text, h, heads), h/(heads/shared)
				for p := range length {
					visible := make([]bool, length)
					for j := range visible {
						visible[j] = mask[text][j] && (!causal || j <= p)
					}
					row := attention(qs[p*width:(p+1)*width], head(k, text, group, shared), head(v, text, group, shared), visible, width)
					copy(want[((text*length+p)*heads+h)*width:], row)
				}
			}
		}
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			q, k, v := inputs()
			got, err := graph.ExecOnce(b, func(q, k, v, mask *graph.Node) *graph.Node {
				return layer.Attention(q, k, v, layer.AttentionBias(mask, causal))
			}, q, k, v, mask)
			if err != nil {
				t.Fatal(err)
			}
			wantNear(t, "attention", got, want, 1e-5)
		})
	}
}

func TestAttentionGradients(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		scope := context.New()
		scope.VariableWithValue("q", random(1, 2, 5, 6, 4))
		scope.VariableWithValue("k", random(2, 2, 5, 2, 4))
		scope.VariableWithValue("v", random(3, 2, 5, 2, 4))
		gradcheck.Check(t, b, scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
			at := func(name string) *graph.Node { return scope.GetVariable(name).ValueGraph(in[0].Graph()) }
			return graph.ReduceAllMean(graph.Sin(layer.Attention(at("q"), at("k"), at("v"), layer.AttentionBias(in[0], true))))
		}, [][]bool{{true, true, true, true, true}, {true, true, true, false, false}})
	})
}

func TestEmbedding(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		scope := context.New()
		scope.VariableWithValue(layer.VarWeight, [][]float32{{1, 2}, {3, 4}, {5, 6}})
		out, err := context.ExecOnceN(b, scope, func(scope *context.Context, ids *graph.Node) []*graph.Node {
			x := layer.Embedding(scope, ids, 3, 2)
			table := scope.GetVariable(layer.VarWeight).ValueGraph(ids.Graph())
			return []*graph.Node{x, graph.Gradient(graph.ReduceAllSum(graph.Square(x)), table)[0]}
		}, [][]int32{{2, 0}, {2, 2}})
		if err != nil {
			t.Fatal(err)
		}
		wantNear(t, "rows", out[0], []float64{5, 6, 1, 2, 5, 6, 5, 6}, 0)
		wantNear(t, "gradient", out[1], []float64{2, 4, 0, 0, 30, 36}, 0)
	})
}
