package main

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/kernel/avx2/limits"
	"github.com/effir/effir/wasm/kernel/native"
)

func TestTexts(t *testing.T) {
	e, err := openOurs(os.DirFS(tinymodel.Write(t)), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func(before []int) { queryTokens = before }(queryTokens)
	queryTokens = []int{9, 21} // the tiny model reads no long texts
	var passages []string
	for i := range 40 {
		passages = append(passages, strings.Repeat("a ", 30+i))
	}
	list, err := newTexts(passages, e)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range queryTokens {
		for _, row := range list.queries[n] {
			if len(list.ids[row]) != n {
				t.Errorf("the query %.30q has %d tokens, want %d", list.list[row], len(list.ids[row]), n)
			}
		}
	}
	rows, tokens := list.spread(4)
	if !slices.Equal(rows, []int{0, 10, 20, 30}) || tokens == 0 {
		t.Errorf("4 of 40 documents are %v with %d tokens", rows, tokens)
	}
	if rows, _ := list.spread(1000); len(rows) != 40 {
		t.Errorf("%d of 40 documents", len(rows))
	}
}

// Batches hold texts of similar length, the longest first, and each text once.
func TestBatches(t *testing.T) {
	r := running{setting: setting{batch: 2}, texts: &texts{ids: [][]int32{{1}, {1, 2, 3}, {1, 2}, {1, 2, 3, 4}, {}}}}
	if got, want := r.batches([]int{0, 1, 2, 3, 4}), [][]int{{3, 1}, {2, 0}, {4}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("batches %v, want %v", got, want)
	}
}

func TestSettings(t *testing.T) {
	w := weights{"int8", "model.onnx"}
	for cores, want := range map[int]int{1: 3, 2: 6, 64: 6} {
		list := onnxSettings(w, cores)
		if len(list) != want {
			t.Errorf("%d cores: %d settings, want %d", cores, len(list), want)
		}
		for _, s := range append(list, llamaSettings(w, cores)...) {
			if s.threads*s.copies != cores {
				t.Errorf("%d cores: %v uses %d", cores, s, s.threads*s.copies)
			}
		}
	}
}

// The kernels are measured on sizes that they take, and the limits exist for what is measured.
func TestKernels(t *testing.T) {
	k, err := native.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, bits := range []int{4, 7} {
		p, err := newProduct(k, limits.Limit{Kernels: k.Name(), Weights: bits})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.shapes {
			p.prepare(s)
			p.multiply(s)
		}
	}
	list, err := newOperations(k)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range list {
		if o.name != operationNames[i] || o.count <= 0 {
			t.Errorf("operation %d is %q of %g, want %q", i, o.name, o.count, operationNames[i])
		}
		o.call()
	}
	if got, want := (shape{16, 384, 1536}).operations(), 2.0*16*384*1536; got != want {
		t.Errorf("%g operations, want %g", got, want)
	}
}

// The share of the limit that is stated is the least of all products of the kernels in use.
func TestMatmulOfLimit(t *testing.T) {
	b := &bench{kernel: "mine"}
	if least, median := b.matmulOfLimit(); !math.IsNaN(least) || !math.IsNaN(median) {
		t.Errorf("without products %g and %g", least, median)
	}
	rate := func(name string, value float64) {
		b.series = append(b.series, measure.Series{Name: name, Values: []float64{value}})
	}
	for i, p := range []product{{kernels: "mine", weights: 4}, {kernels: "mine", weights: 7}, {kernels: "other", weights: 4}} {
		p.shapes = productShapes[:2]
		b.products = append(b.products, p)
		rate(p.limitSeries(), 200)
		for j, s := range p.shapes {
			rate(p.series(s), [][]float64{{180, 190}, {150, 170}, {20, 20}}[i][j])
		}
	}
	if least, median := b.matmulOfLimit(); least != 0.75 || median != 0.875 {
		t.Errorf("the least is %g and the median %g, want 0.75 and 0.875", least, median)
	}
}

func TestCosine(t *testing.T) {
	if got := cosine([]float32{3, 4}, []float32{6, 8}); got < 0.999999 {
		t.Errorf("cosine of parallel vectors is %g", got)
	}
	if got := cosine([]float32{1, 0}, []float32{0, 2}); got != 0 {
		t.Errorf("cosine of orthogonal vectors is %g", got)
	}
}

func TestErrorsNameTheFlag(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"--rounds", "0"}, &out); err == nil || !strings.Contains(err.Error(), "--rounds") {
		t.Errorf("error %v does not name the flag", err)
	}
	var missing *os.PathError
	if err := run(t.Context(), []string{"--dir", t.TempDir()}, &out); !errors.As(err, &missing) {
		t.Errorf("error %v does not name the missing file", err)
	}
}
