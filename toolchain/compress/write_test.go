package compress

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
)

// TestWriteTwice cuts a model on disk in two steps, depth and then width, as the recipe does.
func TestWriteTwice(t *testing.T) {
	for _, config := range []checkpoint.Config{llamaConfig(), bertConfig()} {
		t.Run(config.ModelType, func(t *testing.T) {
			base := newTiny(t, config)
			dir := t.TempDir()
			depth := write(t, base, Plan{DropMLP: []int{3, 0}, DropAttention: []int{1}, DropBlocks: []int{2}}, filepath.Join(dir, "a", "depth"))
			if got := depth.Config(); got.NumHiddenLayers != 4 || !slices.Equal(got.IntermediateSizes, []int{0, 24, 0, 24}) || got.IntermediateSize != 0 || !slices.Equal(got.DroppedAttention, []int{1}) {
				t.Errorf("after depth: %d layers, widths %v or %d, no attention in %v", got.NumHiddenLayers, got.IntermediateSizes, got.IntermediateSize, got.DroppedAttention)
			}
			for _, name := range depth.Names() {
				for _, gone := range []string{"layers.0.mlp", "layers.2.mlp", "layers.1.self_attn", "layer.0.intermediate", "layer.2.output.dense", "layer.1.attention.self", "layers.4."} {
					if strings.Contains(name, gone) {
						t.Errorf("tensor %s is left", name)
					}
				}
			}
			widthPlan, err := Plan{}.Width(depth.Config(), gatesOf(depth.Config()), 0.5, 8)
			if err != nil {
				t.Fatal(err)
			}
			both := write(t, depth, widthPlan, filepath.Join(dir, "both"))
			steps := both.Config().Compression
			if len(steps) != 2 || !slices.Equal(steps[0].DroppedMLP, []int{0, 3}) || !slices.Equal(steps[0].DroppedAttention, []int{1}) || !slices.Equal(steps[0].DroppedBlocks, []int{2}) {
				t.Fatalf("the record is %+v", steps)
			}
			if !slices.Equal(steps[1].WidthsBefore, []int{24, 24}) || steps[1].ParametersBefore != steps[0].ParametersAfter || steps[1].ParametersAfter >= steps[1].ParametersBefore {
				t.Errorf("the record of the second step is %+v", steps[1])
			}
			if total := steps[1].WidthsAfter[0] + steps[1].WidthsAfter[1]; total < 24 || total > 24+2*7 || steps[1].WidthsAfter[0]%8 != 0 {
				t.Errorf("widths are %v, want multiples of 8 that sum up to 24 and a little", steps[1].WidthsAfter)
			}
			// A neuron of the base that stayed, followed through both steps: layer 1 is layer 1 still.
			up, kept := "model.layers.1.mlp.up_proj.weight", widthPlan.Neurons[1]
			if config.ModelType == checkpoint.Bert {
				up = "encoder.layer.1.intermediate.dense.weight"
			}
			got, err := both.Tensor(up)
			if err != nil {
				t.Fatal(err)
			}
			for i, neuron := range kept {
				if !slices.Equal(got.Data[16*i:16*(i+1)], base.tensors[up].Data[16*neuron:16*(neuron+1)]) {
					t.Fatalf("row %d of %s is not the base's row %d", i, up, neuron)
				}
			}
		})
	}
}

func write(t *testing.T, m Model, plan Plan, dir string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := New(m, plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), dir, c, nil); err != nil {
		t.Fatal(err)
	}
	opened, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	if !reflect.DeepEqual(opened.Config().Compression, c.Config().Compression) {
		t.Errorf("the record on disk is %+v, want %+v", opened.Config().Compression, c.Config().Compression)
	}
	return opened
}

func TestWriteKeepsOthers(t *testing.T) {
	c, err := New(newTiny(t, llamaConfig()), Plan{DropMLP: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), dir, c, nil); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("a folder with other files: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out")
	err = Write(ctx, out, c, func(done, total int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
		t.Errorf("%s is left after cancelling", left[0].Name())
	}
}

// TestExportLacksDropped: a package of a cut model has no tensor of a dropped MLP, and the width of
// the others.
func TestExportLacksDropped(t *testing.T) {
	c, err := New(tinymodel.New(1), Plan{DropMLP: []int{2}, Neurons: map[int][]int{0: span(32)}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "package")
	if _, err := export.Export(t.Context(), c, dir, export.Options{Name: "cut", MaxTokens: 32}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "model.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Llama   struct{ MLP []int }
		Tensors []struct{ Name string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if want := []int{32, 0, 0, 128}; !slices.Equal(manifest.Llama.MLP, want) {
		t.Errorf("the package's widths are %v, want %v", manifest.Llama.MLP, want)
	}
	seen := 0
	for _, tensor := range manifest.Tensors {
		layer, part, _ := strings.Cut(strings.TrimPrefix(tensor.Name, "layer."), ".")
		if !slices.Contains([]string{"mlp_norm", "gate_up", "down"}, part) {
			continue
		}
		seen++
		if layer == "1" || layer == "2" {
			t.Errorf("tensor %s of a layer without MLP", tensor.Name)
		}
	}
	if seen != 6 {
		t.Errorf("%d tensors of MLPs, want 6", seen)
	}
}

func span(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestNewRefuses(t *testing.T) {
	config := llamaConfig()
	config.IntermediateSize, config.IntermediateSizes = 0, []int{24, 24, 0, 24, 24}
	config.DroppedAttention = []int{4}
	base := newTiny(t, config)
	for want, plan := range map[string]Plan{
		"layer 5 does not exist":  {DropMLP: []int{5}},
		"layer -1 does not exist": {DropBlocks: []int{-1}},
		"layer 1 is named twice":  {DropAttention: []int{1, 0, 1}},
		"layer 2 has none":        {DropMLP: []int{2}},
		"layer 4 has none":        {DropAttention: []int{4}},
		"no layer would be left":  {DropBlocks: span(5)},
		"drop its MLP instead":    {Neurons: map[int][]int{0: {}}},
		"entry 1 is 3":            {Neurons: map[int][]int{0: {3, 3}}},
		"entry 0 is 24":           {Neurons: map[int][]int{0: {24}}},
		"layer 9 does not exist":  {Neurons: map[int][]int{9: {1}}},
		"layer 2 has no MLP":      {Neurons: map[int][]int{2: {1}}},
	} {
		if _, err := New(base, plan); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	c, err := New(base, Plan{DropMLP: []int{0}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"model.layers.0.mlp.up_proj.weight", "model.layers.9.mlp.up_proj.weight", "nonsense"} {
		if _, err := c.Tensor(name); err == nil {
			t.Errorf("tensor %s is found", name)
		}
	}
}
