package export_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Every tensor is stored in the bits that were asked for, of several patterns by
// the longest.
func TestPrecisionOfEachTensor(t *testing.T) {
	precision := export.Precision{Weights: 7, Embedding: 4, Overrides: map[string]int{
		"layer.*": 7, "layer.0.*": 4, "layer.0.down": 7, "positions": 4,
	}}
	m, err := export.Export(t.Context(), tinymodel.NewBert(2), filepath.Join(t.TempDir(), "p"), export.Options{Name: "p", Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"layer.0.qkv": model.Q4, "layer.0.up": model.Q4, "layer.0.down": model.Q7, "layer.1.qkv": model.Q7,
		"embedding": model.Q4Rows, "positions": model.Q4Rows, "layer.0.qkv_bias": model.F32, "embedding_norm": model.F32,
	} {
		if got, ok := m.Tensor(name); !ok || got.Type != want {
			t.Errorf("%s has type %q, want %s", name, got.Type, want)
		}
	}
	m, err = export.Export(t.Context(), tinymodel.NewBert(2), filepath.Join(t.TempDir(), "p"), export.Options{Name: "p"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"layer.0.qkv": model.Q4, "embedding": model.Q8Rows, "positions": model.Q8Rows} {
		if got, _ := m.Tensor(name); got.Type != want {
			t.Errorf("by default %s has type %q, want %s", name, got.Type, want)
		}
	}
}

func TestPrecisionRefuses(t *testing.T) {
	for problem, precision := range map[string]export.Precision{
		"5-bit weights":                          {Weights: 5},
		"7-bit embedding":                        {Embedding: 7},
		`"layer.9.*" names no`:                   {Overrides: map[string]int{"layer.9.*": 7}},
		"layer.0.qkv cannot have 8 bits":         {Overrides: map[string]int{"layer.0.qkv": 8}},
		"embedding cannot have 7 bits":           {Overrides: map[string]int{"embedding": 7}},
		`"final_norm" names no quantised tensor`: {Overrides: map[string]int{"final_norm": 4}},
		`precision "["`:                          {Overrides: map[string]int{"[": 4}},
	} {
		_, err := export.Export(t.Context(), tinymodel.New(2), filepath.Join(t.TempDir(), "p"), export.Options{Name: "p", Precision: precision})
		if err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%+v: error %v does not say %s", precision, err, problem)
		}
	}
}

// A rounder sees every matrix of the layers once, by the checkpoint's name, and
// what it returns is packed.
func TestRounderSeesEveryMatrix(t *testing.T) {
	src := tinymodel.New(2)
	config := src.Config()
	want := map[string]bool{}
	for _, spec := range config.Tensors() {
		if strings.Contains(spec.Name, "_proj") {
			want[spec.Name] = true
		}
	}
	seen := map[string]bool{}
	zeros := func(name string, w []float32, out, in int) ([]float32, error) {
		if seen[name] || len(w) != out*in {
			t.Errorf("%s comes twice or has %d values for %d x %d", name, len(w), out, in)
		}
		seen[name] = true
		return make([]float32, len(w)), nil
	}
	dir := filepath.Join(t.TempDir(), "p")
	m, err := export.Export(t.Context(), src, dir, export.Options{Name: "p", Rounder: zeros})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(seen, want) {
		t.Errorf("the rounder saw %v, want %v", slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(want)))
	}
	image := make([]byte, m.Weights.Bytes)
	if err := modeldir.ReadImage(os.DirFS(dir), m, func(at int, b []byte) error { copy(image[at:], b); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range m.Tensors {
		zero := !slices.ContainsFunc(image[tensor.Offset:][:tensor.Bytes], func(b byte) bool { return b != 0 })
		if matrix := tensor.Type == model.Q4; zero != matrix {
			t.Errorf("%s: all zero %v, rounded to zero %v", tensor.Name, zero, matrix)
		}
	}
	short := func(_ string, w []float32, _, _ int) ([]float32, error) { return w[1:], nil }
	if _, err := export.Export(t.Context(), src, filepath.Join(t.TempDir(), "p"), export.Options{Name: "p", Rounder: short}); err == nil || !strings.Contains(err.Error(), "q_proj") {
		t.Errorf("a rounder that loses weights: error %v", err)
	}
}
