package export_test

import (
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/quantise"
)

// Every matrix that quantise rounds has a place in the package, and every matrix
// of the package's layers holds one of them.
func TestPackageTensor(t *testing.T) {
	for _, src := range []*tinymodel.Source{tinymodel.New(2), tinymodel.NewBert(2)} {
		m, err := export.Export(t.Context(), src, t.TempDir()+"/package", export.Options{Name: "tiny"})
		if err != nil {
			t.Fatal(err)
		}
		want := make(map[string]bool)
		for _, tensor := range m.Tensors {
			if len(tensor.Shape) == 2 && strings.HasPrefix(tensor.Name, "layer.") {
				want[tensor.Name] = true
			}
		}
		found := make(map[string]bool)
		config := src.Config()
		for _, spec := range config.Tensors() {
			name := export.PackageTensor(spec.Name)
			if (name != "") != quantise.IsLayerMatrix(spec.Name, spec.Shape) && len(spec.Shape) == 2 {
				t.Errorf("%s is in %q", spec.Name, name)
			}
			if name != "" && len(spec.Shape) == 2 {
				found[name] = true
			}
		}
		if len(found) != len(want) || len(found) == 0 {
			t.Errorf("%s: matrices in %v, the package has %v", config.ModelType, found, want)
		}
	}
}
