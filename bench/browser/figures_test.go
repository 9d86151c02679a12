package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/wasm/model"
)

// names are the figures' keys in the results file, which others read.
var names = []string{
	"minilm_16_vs_transformersjs", "minilm_128_vs_transformersjs", "slim_bge_16_vs_transformersjs_minilm", "smol_16_vs_wllama",
	"slim_vs_full_16", "slim_vs_full_128", "matmul_of_limit", "forward_of_limit_64",
	"bytes_vs_transformersjs", "first_result_vs_transformersjs", "memory_vs_transformersjs",
	"documents_vs_transformersjs_1_threads", "documents_vs_transformersjs_2_threads",
}

func series(name string, values ...float64) measure.Series {
	return measure.Series{Name: name, Values: values}
}

func TestFigures(t *testing.T) {
	mini := &model.Manifest{Family: "bert", Bert: &model.Bert{Layers: model.Layers{MLP: []int{32, 32}}}, Embedding: model.Embedding{Pooling: "mean"}, Tensors: []model.Tensor{
		{Name: "layer.0.qkv", Type: "q7", Shape: []int{1000, 500}},
		{Name: "layer.0.output", Type: "q4", Shape: []int{500, 500}},
		{Name: "layer.0.output_bias", Type: "f32", Shape: []int{500}},
		{Name: "embedding", Type: "q8", Shape: []int{30000, 500}},
	}}
	b := &bench{systems: []system{{name: effirMiniLM, model: mini}}}
	f := &findings{series: []measure.Series{
		series(textCase(effirMiniLM, 16), 4), series(textCase(transformersQ8, 16), 20), series(textCase(transformersOld, 16), 9, 10, 11),
		series(textCase(effirMiniLM, 64), 2),
		series(textCase(effirSmol, 16), 50), series(textCase(wllamaF32, 16), 450), series(textCase(wllamaQ8, 16), 400), series(textCase(wllamaQ4, 16), 900),
		series(limitCase("mat_mul_q4"), 100), series(limitCase("mat_mul_q7"), 80),
		series(rateCase("mat_mul_q4", "MiniLM", 64), 95), series(rateCase("mat_mul_q7", "MiniLM", 64), 60),
		series(transferred(clientMiniLM), 10), series(transferred(transformersOld), 18), series(transferred(transformersQ8), 23),
	}}
	figures := b.figures(f)
	var got []string
	for _, figure := range figures {
		got = append(got, figure.Name)
	}
	if !slices.Equal(got, names) {
		t.Errorf("figures %q, want %q", got, names)
	}
	values, missing := measure.Values(figures)
	// Products of 64 tokens: 64 million operations by 7 bits at 80 GOP/s, 32 million by 4 at 100.
	least := 64.0/80 + 32.0/100
	for name, want := range map[string]float64{
		"minilm_16_vs_transformersjs": 2.5, // against the better of the two peers
		"smol_16_vs_wllama":           8,
		"matmul_of_limit":             0.75, // the lower share
		"forward_of_limit_64":         least / 2,
		"bytes_vs_transformersjs":     1.8,
	} {
		if math.Abs(values[name]-want) > 1e-12 {
			t.Errorf("%s is %g, want %g", name, values[name], want)
		}
	}
	for _, name := range []string{"minilm_128_vs_transformersjs", "slim_vs_full_16", "memory_vs_transformersjs"} {
		if !math.IsNaN(values[name]) || missing[name] == "" {
			t.Errorf("%s is %g with reason %q, want none and a reason", name, values[name], missing[name])
		}
	}
	table := measure.Plain(figures)
	for _, want := range []string{"2.50 ± 0.25", "not measured", "reached"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestLimitsWithoutRelaxedSIMD(t *testing.T) {
	b := &bench{systems: []system{{name: effirMiniLM, model: &model.Manifest{Family: "bert", Bert: &model.Bert{Layers: model.Layers{MLP: []int{32, 32}}}, Embedding: model.Embedding{Pooling: "mean"}, Tensors: []model.Tensor{{Name: "layer.0.qkv", Type: "q7", Shape: []int{8, 32}}}}}}}
	_, missing := measure.Values(b.limits(&findings{series: []measure.Series{series(textCase(effirMiniLM, 64), 2)}}))
	for _, name := range []string{"matmul_of_limit", "forward_of_limit_64"} {
		if !strings.Contains(missing[name], "relaxed SIMD") {
			t.Errorf("%s: reason %q", name, missing[name])
		}
	}
}
