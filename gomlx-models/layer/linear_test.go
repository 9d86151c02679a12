package layer_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/internal/gradcheck"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/layer"
)

// random draws normally distributed values.
func random(seed uint64, dims ...int) *tensors.Tensor {
	r := rand.New(rand.NewPCG(seed, 5))
	n := 1
	for _, d := range dims {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(data, dims...)
}

func flat(t *tensors.Tensor) (x []float32) {
	tensors.MustConstFlatData(t, func(data []float32) { x = slices.Clone(data) })
	return x
}

// wantNear fails unless got equals want to within an absolute tolerance.
func wantNear(t *testing.T, name string, got *tensors.Tensor, want []float64, tolerance float64) {
	t.Helper()
	values := flat(got)
	if len(values) != len(want) {
		t.Fatalf("%s: %d values, want %d", name, len(values), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(values[i])-w) <= tolerance) {
			t.Fatalf("%s: value %d is %g, want %g", name, i, values[i], w)
		}
	}
}

// linear is what Linear should compute, in float64: x [rows, in], weight [out,
// in].
func linear(x, weight, bias []float32, in int) (y []float64) {
	for row := range slices.Chunk(x, in) {
		for o := range len(weight) / in {
			sum := 0.0
			if bias != nil {
				sum = float64(bias[o])
			}
			for i := range in {
				sum += float64(row[i]) * float64(weight[o*in+i])
			}
			y = append(y, sum)
		}
	}
	return y
}

const rows, in, out, rank = 6, 40, 7, 3

// linearScope has a weight, and what else is asked for.
func linearScope(bias, adapter bool) *context.Context {
	scope := context.New()
	scope.VariableWithValue(layer.VarWeight, random(1, out, in))
	if bias {
		scope.VariableWithValue(layer.VarBias, random(2, out))
	}
	if adapter {
		scope.VariableWithValue(layer.VarLoRAA, random(3, rank, in))
		scope.VariableWithValue(layer.VarLoRAB, random(4, out, rank))
		scope.SetParam(layer.ParamLoRAScale, 0.5)
	}
	return scope
}

// merged is the weight of linearScope with its adapter.
func merged() []float32 {
	w, a, b := flat(random(1, out, in)), flat(random(3, rank, in)), flat(random(4, out, rank))
	for o := range out {
		for i := range in {
			for k := range rank {
				w[o*in+i] += 0.5 * b[o*rank+k] * a[k*in+i]
			}
		}
	}
	return w
}

func TestLinear(t *testing.T) {
	x, w, bias := flat(random(9, 2, rows/2, in)), flat(random(1, out, in)), flat(random(2, out))
	for _, c := range []struct {
		name          string
		bias, adapter bool
		bits          int
		half          bool
		want          []float64
		tolerance     float64
	}{
		{"plain", false, false, 0, false, linear(x, w, nil, in), 1e-5},
		{"bias", true, false, 0, false, linear(x, w, bias, in), 1e-5},
		{"adapter", true, true, 0, false, linear(x, merged(), bias, in), 1e-4},
		{"quantised", true, false, 4, false, linear(x, quantised(w, in, 4), bias, in), 1e-5},
		{"adapter, then quantised", false, true, 7, false, linear(x, quantised(merged(), in, 7), nil, in), 1e-4},
		{"bfloat16", true, false, 0, true, linear(rounded(x), rounded(w), bias, in), 1e-4},
		{"bfloat16, adapter", false, true, 0, true, linear(x, merged(), nil, in), 0.5}, // of sums around 8
	} {
		t.Run(c.name, func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				scope := linearScope(c.bias, c.adapter)
				scope.SetParam(layer.ParamWeightBits, c.bits)
				scope.SetParam(layer.ParamHalf, c.half)
				got, err := context.ExecOnce(b, scope, func(scope *context.Context, x *graph.Node) *graph.Node {
					return layer.Linear(scope, x, out)
				}, random(9, 2, rows/2, in))
				if err != nil {
					t.Fatal(err)
				}
				if d := got.Shape().Dimensions; !slices.Equal(d, []int{2, rows / 2, out}) {
					t.Errorf("shape is %v", d)
				}
				tolerance := c.tolerance
				if c.half && b.String() == "go" { // which sums in bfloat16
					tolerance = max(tolerance, 0.3)
				}
				wantNear(t, c.name, got, c.want, tolerance)
			})
		})
	}
}

// rounded rounds to bfloat16, ties to even.
func rounded(x []float32) []float32 {
	result := make([]float32, len(x))
	for i, v := range x {
		bits := math.Float32bits(v)
		bits += 0x7fff + bits>>16&1
		result[i] = math.Float32frombits(bits &^ 0xffff)
	}
	return result
}

// TestLinearGradients covers an odd number of rows too, whose gradient takes
// another way.
func TestLinearGradients(t *testing.T) {
	for _, dims := range [][]int{{2, 3, in}, {5, in}} {
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			scope := linearScope(true, true)
			scope.VariableWithValue("x", random(9, dims...))
			n := gradcheck.Check(t, b, scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
				x := scope.GetVariable("x").ValueGraph(in[0].Graph())
				return graph.ReduceAllMean(graph.Sin(layer.Linear(scope, graph.Mul(x, in[0]), out)))
			}, float32(0.1))
			if n != 5 {
				t.Errorf("%d variables, want 5", n)
			}
		})
	}
}

// TestHalfGradients compares gradients of rounded products with exact ones.
func TestHalfGradients(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		gradients := func(half bool) []*tensors.Tensor {
			scope := linearScope(true, true)
			scope.SetParam(layer.ParamHalf, half)
			got, err := context.ExecOnceN(b, scope, func(scope *context.Context, x *graph.Node) []*graph.Node {
				v := []*graph.Node{x}
				for _, name := range []string{layer.VarWeight, layer.VarBias, layer.VarLoRAA, layer.VarLoRAB} {
					v = append(v, scope.GetVariable(name).ValueGraph(x.Graph()))
				}
				return graph.Gradient(graph.ReduceAllSum(graph.Sin(graph.MulScalar(layer.Linear(scope, x, out), 0.05))), v...)
			}, random(9, rows, in))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		exact, half := gradients(false), gradients(true)
		for i := range exact {
			a, b := flat(exact[i]), flat(half[i])
			difference, size := 0.0, 0.0
			for j := range a {
				difference += math.Pow(float64(a[j]-b[j]), 2)
				size += math.Pow(float64(a[j]), 2)
			}
			if share := math.Sqrt(difference / size); !(share < 0.03) || share == 0 {
				t.Errorf("gradient %d differs by %g of its norm, want more than 0 and less than 0.03", i, share)
			}
		}
	})
}

func TestLinearErrors(t *testing.T) {
	b := testmodel.Go(t)
	noScale := linearScope(false, true)
	noScale.SetParam(layer.ParamLoRAScale, 0.0)
	bits := linearScope(false, false)
	bits.SetParam(layer.ParamWeightBits, 9)
	for _, c := range []struct {
		want  string
		scope *context.Context
		out   int
	}{
		{"load the weights first", context.New(), out},
		{"want [8 40]", linearScope(false, false), 8},
		{layer.ParamLoRAScale, noScale, out},
		{"9 bits", bits, out},
	} {
		_, err := context.ExecOnce(b, c.scope, func(scope *context.Context, x *graph.Node) *graph.Node {
			return layer.Linear(scope, x, c.out)
		}, random(9, rows, in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
