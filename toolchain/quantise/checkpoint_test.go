package quantise

import (
	"context"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
)

func TestWidths(t *testing.T) {
	matrices := []Matrix{{Name: "a", Weights: 50, Error: 0.1}, {Name: "b", Weights: 40, Error: 0.5}, {Name: "c", Weights: 10, Error: 0.2}}
	for share, want := range map[float64]map[string]int{
		0: {"a": 4, "b": 4, "c": 4}, 0.45: {"a": 4, "b": 7, "c": 4}, 0.2: {"a": 4, "b": 4, "c": 7}, 1: {"a": 7, "b": 7, "c": 7},
	} {
		got := Widths(matrices, 4, 7, share)
		for name, bits := range want {
			if got[name] != bits {
				t.Errorf("share %g: %v, want %v", share, got, want)
				break
			}
		}
	}
}

func openTiny(t *testing.T) *checkpoint.Checkpoint {
	t.Helper()
	src, dir := tinymodel.New(1), t.TempDir()
	tokens, err := src.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Write(t.Context(), dir, src.Config(), src, tokens, nil); err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCheckpoint(t *testing.T) {
	src := openTiny(t)
	moments := collect(t, [][]int32{{1, 2, 3, 4, 5}, {9, 8, 7, 6}, {11, 12, 13}, {20, 21, 22, 23}, {30, 31, 5}})
	whole := 0.0
	for _, share := range []float64{0, 0.5} {
		tensors, matrices, err := Checkpoint(context.Background(), src, Options{Bits: 4, WideBits: 7, WideShare: share, Moments: moments})
		if err != nil {
			t.Fatal(err)
		}
		var lost float64
		wide, weights := 0, 0
		for _, m := range matrices {
			lost += m.Error
			weights += m.Weights
			if m.Bits == 7 {
				wide += m.Weights
			}
		}
		if got := float64(wide) / float64(weights); got > share || share > 0 && got < share-0.2 {
			t.Errorf("share %g: %g of the weights are wide", share, got)
		}
		if share == 0 {
			whole = lost
		} else if !(lost < 0.7*whole) {
			t.Errorf("error %g with wide weights, %g without", lost, whole)
		}
		cfg := src.Config()
		for _, spec := range cfg.Tensors() {
			got := tensors[spec.Name]
			old, err := src.Tensor(spec.Name)
			if err != nil {
				t.Fatal(err)
			}
			same := true
			for i := range old.Data {
				same = same && old.Data[i] == got.Data[i]
			}
			if same == IsLayerMatrix(spec.Name, spec.Shape) {
				t.Errorf("%s: unchanged %v", spec.Name, same)
			}
		}
	}
}

func TestCheckpointRefuses(t *testing.T) {
	src := openTiny(t)
	for want, o := range map[string]Options{
		"9 bits": {Bits: 9}, "share": {Bits: 4, WideShare: 2}, "beside": {Bits: 4, WideBits: 3, WideShare: 0.1}, "calibration": {Bits: 4, WideBits: 7, WideShare: 0.1},
	} {
		if _, _, err := Checkpoint(context.Background(), src, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Checkpoint(ctx, src, Options{Bits: 4}); err == nil {
		t.Error("a cancelled context was ignored")
	}
}
