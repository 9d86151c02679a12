package quantise

import (
	"context"
	"math"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/floatmodel"
)

// source shows the tiny model as the graph wants to see it.
type source struct{ *tinymodel.Source }

func (s source) Tensor(name string) ([]int, []float32, error) {
	t, err := s.Source.Tensor(name)
	return t.Shape, t.Data, err
}

func collect(t *testing.T, texts [][]int32) Moments {
	t.Helper()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	tiny := tinymodel.New(1)
	m, err := floatmodel.Of(tiny.Config())
	if err != nil {
		t.Fatal(err)
	}
	moments, err := Collect(context.Background(), b, m, source{tiny}, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return moments
}

// The input of the first layer's projections is the normed embedding, whose
// moments are easy to compute.
func TestCollect(t *testing.T) {
	texts := [][]int32{{5, 9, 2, 7}, {1}, {3, 3, 8}, {4}, {6}, {7}, {8}, {9}, {2, 3}} // two batches
	moments := collect(t, texts)
	tiny := tinymodel.New(1)
	c := tiny.Config()
	for _, spec := range c.Tensors() {
		h := moments[spec.Name]
		if IsLayerMatrix(spec.Name, spec.Shape) != (h != nil) || h != nil && len(h) != spec.Shape[1]*spec.Shape[1] {
			t.Errorf("%s: moments of %d numbers", spec.Name, len(h))
		}
	}
	table, err := tiny.Tensor("model.embed_tokens.weight")
	if err != nil {
		t.Fatal(err)
	}
	norm, err := tiny.Tensor("model.layers.0.input_layernorm.weight")
	if err != nil {
		t.Fatal(err)
	}
	n, tokens := c.HiddenSize, 0
	want := make([]float64, n*n)
	for _, text := range texts {
		for _, id := range text {
			tokens++
			x := make([]float64, n)
			var square float64
			for i := range x {
				x[i] = float64(table.Data[int(id)*n+i])
				square += x[i] * x[i]
			}
			scale := 1 / math.Sqrt(square/float64(n)+c.RMSNormEps)
			for i := range x {
				x[i] *= scale * float64(norm.Data[i])
			}
			for i := range n {
				for j := range n {
					want[i*n+j] += x[i] * x[j]
				}
			}
		}
	}
	got := moments["model.layers.0.self_attn.q_proj.weight"]
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]/float64(tokens)); d > 1e-4 {
			t.Fatalf("moment %d is %g, want %g", i, got[i], want[i]/float64(tokens))
		}
	}
	if other := moments["model.layers.0.self_attn.k_proj.weight"]; &other[0] != &got[0] {
		t.Error("matrices with the same input do not share moments")
	}
}

func TestCollectNeedsTexts(t *testing.T) {
	if _, err := Collect(context.Background(), nil, nil, nil, nil, nil); err == nil {
		t.Error("no texts were accepted")
	}
}

// Rounding with the moments of a real graph lowers what the layers' outputs lose.
func TestCalibratedModel(t *testing.T) {
	var texts [][]int32
	for i := range int32(24) {
		texts = append(texts, []int32{i, 2*i + 1, 3 * i, i + 7, 40 - i})
	}
	moments := collect(t, texts)
	tiny := tinymodel.New(1)
	c := tiny.Config()
	g := Grid{4}
	plain, calibrated := Weights(source{tiny}, Plain(g)), Weights(source{tiny}, Calibrated(g, moments))
	var before, after float64
	for _, spec := range c.Tensors() {
		_, w, err := source{tiny}.Tensor(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, p, err := plain.Tensor(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, v, err := calibrated.Tensor(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !IsLayerMatrix(spec.Name, spec.Shape) {
			if len(p) != len(w) || p[0] != w[0] {
				t.Errorf("%s was rounded", spec.Name)
			}
			continue
		}
		h := moments[spec.Name]
		before += Error(w, p, h, spec.Shape[0], spec.Shape[1])
		after += Error(w, v, h, spec.Shape[0], spec.Shape[1])
	}
	if !(after < 0.7*before) {
		t.Errorf("error %.3g, by plain rounding %.3g", after, before)
	}
}
