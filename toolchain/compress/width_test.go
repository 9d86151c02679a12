package compress

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestWidth holds the global ranking against a count by hand: 4 layers of 6 neurons, layer 2
// dropped.
func TestWidth(t *testing.T) {
	config := llamaConfig()
	config.NumHiddenLayers, config.IntermediateSize = 4, 6
	gates := Gates{
		{0.9, 0.1, 0.8, 0.2, 0.7, -5},
		{1.0, 1.1, 1.2, 1.3, 1.4, 1.5},
		{9, 9, 9, 9, 9, 9},
		{0, -1, 0.05, -2, -3, 0.15},
	}
	// The 18 neurons of layers 0, 1 and 3 by ReLU(gate): six of layer 1, then 0.9 0.8 0.7 0.2 of
	// layer 0, 0.15 of layer 3, 0.1 of layer 0, 0.05 of layer 3; then zeros, of which layer 0's stays
	// longest.
	for _, c := range []struct {
		keep     float64
		multiple int
		want     map[int][]int
	}{
		{1, 1, map[int][]int{0: {0, 1, 2, 3, 4, 5}, 1: {0, 1, 2, 3, 4, 5}, 3: {0, 1, 2, 3, 4, 5}}},
		{0.7, 1, map[int][]int{0: {0, 1, 2, 3, 4}, 1: {0, 1, 2, 3, 4, 5}, 3: {2, 5}}},          // 5 of 18 go: 5.4
		{0.5, 1, map[int][]int{0: {0, 2, 4}, 1: {0, 1, 2, 3, 4, 5}, 3: {5}}},                   // layer 3 keeps its best
		{0.7, 4, map[int][]int{0: {0, 1, 2, 3, 4, 5}, 1: {0, 1, 2, 3, 4, 5}, 3: {0, 1, 2, 5}}}, // 5 to 6, 2 to 4
		{0.1, 2, map[int][]int{0: {0, 2}, 1: {4, 5}, 3: {2, 5}}},
	} {
		plan, err := Plan{DropMLP: []int{2}}.Width(config, gates, c.keep, c.multiple)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plan.Neurons, c.want) {
			t.Errorf("keep %g in multiples of %d: %v, want %v", c.keep, c.multiple, plan.Neurons, c.want)
		}
	}
}

// TestWidthCount: exactly round(0.3·N) of N neurons go, the gates below all that stay.
func TestWidthCount(t *testing.T) {
	config := llamaConfig()
	gates := gatesOf(config)
	plan, err := Plan{DropMLP: []int{1}}.Width(config, gates, 0.7, 1)
	if err != nil {
		t.Fatal(err)
	}
	left, lowest, highest := 0, math.Inf(1), math.Inf(-1)
	for layer, neurons := range plan.Neurons {
		left += len(neurons)
		for i, gate := range gates[layer] {
			if slices.Contains(neurons, i) {
				lowest = min(lowest, float64(gate))
			} else {
				highest = max(highest, float64(gate))
			}
		}
	}
	if left != 4*24-29 { // 0.3·96 = 28.8
		t.Errorf("%d of 96 neurons stay, want 67", left)
	}
	if lowest <= highest {
		t.Errorf("a gate of %g stays, one of %g goes", lowest, highest)
	}
}

func TestWidthRefuses(t *testing.T) {
	config := llamaConfig()
	good := gatesOf(config)
	short, wrong := slices.Clone(good), slices.Clone(good)
	short[2] = short[2][:3]
	wrong[3] = slices.Clone(wrong[3])
	wrong[3][4] = float32(math.NaN())
	for want, c := range map[string]struct {
		gates    Gates
		keep     float64
		multiple int
	}{
		"share":             {good, 0, 1},
		"at most 1":         {good, 1.5, 1},
		"multiples of 0":    {good, 0.5, 0},
		"3 gates":           {short, 0.5, 1},
		"gate 4 of layer 3": {wrong, 0.5, 1},
		"gates of 4 layers": {good[:4], 0.5, 1},
	} {
		if _, err := (Plan{}).Width(config, c.gates, c.keep, c.multiple); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestGatesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gates.json")
	gates := Gates{{1, 0.25, -3}, {}, {1.5}}
	if err := WriteGates(path, gates); err != nil {
		t.Fatal(err)
	}
	got, err := ReadGates(path)
	if err != nil || !reflect.DeepEqual(got, gates) {
		t.Errorf("read %v (%v), want %v", got, err, gates)
	}
	if err := WriteGates(path, Gates{{float32(math.Inf(1))}}); err == nil {
		t.Error("an infinite gate is written")
	}
	for _, text := range []string{"", "[1]", `{"gates":[["x"]]}`, `{"gates":[[1e99]]}`, `{"other":1}`, `{"gates":[]}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadGates(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names the file", text, err)
		}
	}
	if _, err := ReadGates(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file is read")
	}
}

func FuzzReadGates(f *testing.F) {
	for _, seed := range []string{`{"gates":[[1,2],[]]}`, `{"gates":[[-0.5e-3]]}`, `{"gates":null}`, `{`} {
		f.Add([]byte(seed))
	}
	config := llamaConfig()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "gates.json")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		gates, err := ReadGates(path)
		if err != nil {
			return
		}
		if plan, err := (Plan{}).Width(config, gates, 0.5, 1); err == nil {
			if _, err := New(shape{config}, plan); err != nil {
				t.Errorf("a plan from gates is refused: %v", err)
			}
		}
	})
}
