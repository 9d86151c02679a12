package limits_test

import (
	"testing"

	"github.com/effir/effir/wasm/kernel/avx2/limits"
	"github.com/effir/effir/wasm/kernel/native"
)

// Each limit runs, and belongs to kernels that this processor runs.
func TestAll(t *testing.T) {
	for _, l := range limits.All() {
		k, err := native.Named(l.Kernels)
		if err != nil || k.Name() != l.Kernels {
			t.Errorf("limit of %s: %v", l.Kernels, err)
		}
		if l.Operations <= 0 || l.Weights != 4 && l.Weights != 7 {
			t.Errorf("limit of %s: %+v", l.Kernels, l)
		}
		l.Run(10)
		for name, o := range limits.Operations(l.Kernels) {
			if o.Count <= 0 {
				t.Errorf("limit of %s of %s: %d a round", name, l.Kernels, o.Count)
			}
			o.Run(10)
		}
	}
	limits.Read(make([]byte, 1000))
}
