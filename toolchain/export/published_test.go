package export

import (
	"math"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/importer"
)

// Weights that were published as Q4_1 survive our 4-bit form unchanged but for
// the rounding of float16 numbers, so that activations alone separate runtime
// and float model.
func TestQ4KeepsPublishedQ4(t *testing.T) {
	dir, err := importer.DefaultDir(importer.DefaultModel, "")
	if err != nil {
		t.Fatal(err)
	}
	src, err := checkpoint.Open(dir)
	if err != nil {
		t.Skip("the base model is not in the cache: run `effir import smollm2-135m-instruct`")
	}
	defer src.Close()
	for _, name := range []string{"model.layers.0.self_attn.q_proj", "model.layers.7.mlp.down_proj", "model.layers.29.mlp.up_proj"} {
		w, err := src.Tensor(name + ".weight")
		if err != nil {
			t.Fatal(err)
		}
		n, k := w.Shape[0], w.Shape[1]
		var worst, peak float64
		for i, stored := range unpacked(quantise(w.Data, n, k, 4), n, k, 4) {
			worst = max(worst, math.Abs(float64(stored-w.Data[i])))
			peak = max(peak, math.Abs(float64(stored)))
		}
		if worst > 1e-6*peak {
			t.Errorf("%s: a weight moved by %g, the largest is %g", name, worst, peak)
		}
	}
}
