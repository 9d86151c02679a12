package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/analyze"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
)

// config opens a checkpoint and returns its configuration.
func config(t *testing.T, dir string) checkpoint.Config {
	t.Helper()
	c, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Config()
}

// From a checkpoint to a slim one: importance, effect, depth, width.
func TestAnalyzeCompress(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	model, dir := writeCheckpoint(t), t.TempDir()
	out := filepath.Join(dir, "analysis")
	measure := []string{"analyze", "--model", model, "--out", out, "--sequences", "3", "--length", "24"}
	text, err := run(t, measure...)
	if err != nil {
		t.Fatalf("analyze: %v\n%s", err, text)
	}
	found, err := analyze.Read(filepath.Join(out, "analysis.json"))
	if err != nil {
		t.Fatal(err)
	}
	if found.Tokens != 72 || found.Sequences != 3 || len(found.Order(analyze.MLP)) != 3 || len(found.Order(analyze.Attention)) != 4 {
		t.Errorf("the analysis is %+v", found)
	}
	if page, err := os.ReadFile(filepath.Join(out, "report.html")); err != nil || !strings.Contains(string(page), "Importance of the parts") {
		t.Errorf("report: %v", err)
	}

	// The effect is added to what is there, which is not measured again.
	// Results of other commands on the same set join it; the cut model stands for a trained one.
	cutModel, recovered, data := filepath.Join(dir, "cut"), filepath.Join(dir, "recovered.json"), writeDataset(t)
	for _, command := range [][]string{
		{"compress", "--model", model, "--analysis", filepath.Join(out, "analysis.json"), "--drop-mlp", "1", "--out", cutModel},
		{"evaluate", data, "--model", model, "--model", "mlp-1=" + cutModel, "--max-tokens", "128", "--no-cache", "--json", recovered},
	} {
		if text, err = run(t, command...); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, text)
		}
	}
	text, err = run(t, append(measure, "--effect", "--data", data, "--units", "mlp,block", "--recovered", recovered)...)
	if err != nil {
		t.Fatalf("analyze --effect: %v\n%s", err, text)
	}
	if strings.Contains(text, "measuring importance") || !strings.Contains(text, "1 of unit mlp dropped") || !strings.Contains(text, "true") {
		t.Errorf("the effect's output:\n%s", text)
	}
	again, err := analyze.Read(filepath.Join(out, "analysis.json"))
	if err != nil || !reflect.DeepEqual(again.Importance, found.Importance) || len(again.Effect.Curves) != 3 {
		t.Errorf("after the effect: %+v (%v)", again, err)
	}

	depth := filepath.Join(dir, "depth")
	text, err = run(t, "compress", "--model", model, "--analysis", filepath.Join(out, "analysis.json"), "--drop-mlp", "50%", "--out", depth)
	if err != nil {
		t.Fatalf("compress: %v\n%s", err, text)
	}
	if !strings.Contains(text, "multiply-adds per token") {
		t.Errorf("compress printed\n%s", text)
	}
	cut := config(t, depth)
	dropped := slices.Sorted(slices.Values(found.Order(analyze.MLP)[:2])) // 1.5 of 3 is 2
	if !slices.Equal(cut.Compression[0].DroppedMLP, dropped) {
		t.Errorf("dropped MLPs %v, want %v", cut.Compression[0].DroppedMLP, dropped)
	}

	gates := make(compress.Gates, cut.NumHiddenLayers)
	total := 0
	for layer := range gates {
		for i := range cut.MLPWidth(layer) {
			gates[layer] = append(gates[layer], float32(i))
			total++
		}
	}
	file := filepath.Join(dir, "gates.json")
	if err := compress.WriteGates(file, gates); err != nil {
		t.Fatal(err)
	}
	slim := filepath.Join(dir, "slim")
	if text, err = run(t, "compress", "--model", depth, "--gates", file, "--width", "50%", "--round", "1", "--out", slim); err != nil {
		t.Fatalf("compress --gates: %v\n%s", err, text)
	}
	left := 0
	for layer, c := 0, config(t, slim); layer < c.NumHiddenLayers; layer++ {
		left += c.MLPWidth(layer)
	}
	if left != total/2 {
		t.Errorf("%d of %d neurons are left, want half", left, total)
	}
}

func TestKeepLayers(t *testing.T) {
	model, out := writeCheckpoint(t), filepath.Join(t.TempDir(), "first")
	if text, err := run(t, "compress", "--model", model, "--keep-layers", "3", "--drop-mlp", "0,", "--drop-attention", "2,", "-o", out); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if c := config(t, out); c.NumHiddenLayers != 3 || !slices.Equal(c.IntermediateSizes, []int{0, 0, 40}) || !slices.Equal(c.DroppedAttention, []int{2}) {
		t.Errorf("%d layers with MLPs %v and no attention in %v are left", c.NumHiddenLayers, c.IntermediateSizes, c.DroppedAttention)
	}
}

func TestCompressRefuses(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	model, dir := writeCheckpoint(t), t.TempDir()
	other := filepath.Join(dir, "other.json")
	if err := (&analyze.Analysis{Layers: 9}).Write(other); err != nil {
		t.Fatal(err)
	}
	analysed := filepath.Join(dir, "analysed")
	if text, err := run(t, "analyze", "--model", model, "--out", analysed, "--sequences", "1", "--length", "8"); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for want, arguments := range map[string][]string{
		"neither a folder":                {"compress", "--model", filepath.Join(dir, "none"), "--drop-mlp", "1,"},
		"needs the importance":            {"compress", "--model", model, "--drop-mlp", "1"},
		"--drop-mlp: \"x\"":               {"compress", "--model", model, "--drop-mlp", "x"},
		"a model with 9 layers":           {"compress", "--model", model, "--drop-mlp", "1", "--analysis", other},
		"layer 1 has none":                {"compress", "--model", model, "--drop-mlp", "1,"},
		"--keep-layers: 5 layers":         {"compress", "--model", model, "--keep-layers", "5"},
		"--width: \"0.7\" is not a share": {"compress", "--model", model, "--gates", other, "--width", "0.7"},
		"gates: is missing or empty":      {"compress", "--model", model, "--gates", other, "--width", "70%"},
		"choose another --out":            {"analyze", "--model", model, "--sequences", "2", "--length", "8", "--out", analysed},
		"is no unit":                      {"analyze", "--model", model, "--sequences", "1", "--length", "8", "--effect", "--data", writeDataset(t), "--units", "neuron", "--out", analysed},
		"no such file":                    {"analyze", "--model", model, "--text", filepath.Join(dir, "none")},
	} {
		if !slices.Contains(arguments, "--out") {
			arguments = append(arguments, "--out", filepath.Join(t.TempDir(), "out"))
		}
		if text, err := run(t, arguments...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v does not say %q\n%s", arguments, err, want, text)
		}
	}
}
