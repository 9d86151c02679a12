package export_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/model"
)

func options() export.Options {
	return export.Options{Name: "tiny", MaxTokens: 32, Embedding: model.Embedding{Pooling: "last"}}
}

// The same checkpoint gives the same package, byte for byte.
func TestExportIsDeterministic(t *testing.T) {
	deterministic(t, func() export.Source { return tinymodel.New(7) }, options())
	deterministic(t, func() export.Source { return tinymodel.NewBert(7) }, export.Options{Name: "tiny", Precision: export.Precision{Weights: 7, Embedding: 4}})
}

func deterministic(t *testing.T, src func() export.Source, o export.Options) {
	t.Helper()
	var packages [2]map[string]string
	for i := range packages {
		dir := filepath.Join(t.TempDir(), "p")
		if _, err := export.Export(t.Context(), src(), dir, o); err != nil {
			t.Fatal(err)
		}
		packages[i] = map[string]string{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			packages[i][entry.Name()] = string(content)
		}
	}
	if len(packages[0]) < 3 {
		t.Fatalf("the package has %d files, want manifest, tokenizer and a chunk", len(packages[0]))
	}
	for name, content := range packages[0] {
		if packages[1][name] != content {
			t.Errorf("%s differs", name)
		}
	}
}

// A folder that holds something else is never replaced; an older package is.
func TestExportKeepsForeignFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p")
	for range 2 {
		if _, err := export.Export(t.Context(), tinymodel.New(7), dir, options()); err != nil {
			t.Fatal(err)
		}
	}
	thesis := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(thesis, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := export.Export(t.Context(), tinymodel.New(7), dir, options())
	if err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("error %v does not name the foreign file", err)
	}
	if _, err := os.Stat(thesis); err != nil {
		t.Error(err)
	}
}

// broken is a source with one bad tensor.
type broken struct {
	*tinymodel.Source
	name   string
	change func(*checkpoint.Tensor)
}

func (b broken) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := b.Source.Tensor(name)
	if name == b.name {
		t.Data = append([]float32(nil), t.Data...)
		b.change(&t)
	}
	return t, err
}

// What cannot be exported is named, and nothing is left behind.
func TestExportRefuses(t *testing.T) {
	const name = "model.layers.2.mlp.up_proj.weight"
	for what, change := range map[string]func(*checkpoint.Tensor){
		"a NaN":        func(t *checkpoint.Tensor) { t.Data[3] = float32(math.NaN()) },
		"an infinity":  func(t *checkpoint.Tensor) { t.Data[3] = float32(math.Inf(-1)) },
		"a huge value": func(t *checkpoint.Tensor) { t.Data[3] = 1e6 },
		"a wrong shape": func(t *checkpoint.Tensor) {
			t.Shape = []int{t.Shape[1], t.Shape[0]}
		},
	} {
		parent := t.TempDir()
		_, err := export.Export(t.Context(), broken{tinymodel.New(7), name, change}, filepath.Join(parent, "p"), options())
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name %s", what, err, name)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: left %v behind", what, left)
		}
	}
	for what, change := range map[string]func(*export.Options){
		"no name":             func(o *export.Options) { o.Name = "" },
		"too many layers":     func(o *export.Options) { o.Layers = 5 },
		"fewer than 0 tokens": func(o *export.Options) { o.MaxTokens = -5 },
		"too many tokens":     func(o *export.Options) { o.MaxTokens = 1 << 20 },
		"a crooked head":      func(o *export.Options) { o.Head = &export.Head{Weight: make([]float32, 5), Bias: make([]float32, 16)} },
		"an unknown pool":     func(o *export.Options) { o.Embedding.Pooling = "median" },
		"a skip of no lead":   func(o *export.Options) { o.Embedding.Skip = 3 },
	} {
		parent, o := t.TempDir(), options()
		change(&o)
		if _, err := export.Export(t.Context(), tinymodel.New(7), filepath.Join(parent, "p"), o); err == nil {
			t.Errorf("%s: no error", what)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: left %v behind", what, left)
		}
	}
}

// The token table begins a chunk and no other tensor lies behind it, so that all
// else is in whole files.
func TestTokenTableHasItsOwnChunks(t *testing.T) {
	for name, src := range map[string]export.Source{"llama": tinymodel.New(7), "bert": tinymodel.NewBert(7)} {
		m, err := export.Export(t.Context(), src, filepath.Join(t.TempDir(), "p"), export.Options{Name: "tiny"})
		if err != nil {
			t.Fatal(err)
		}
		table, _ := m.Tensor("embedding")
		if table.Offset+table.Bytes != m.Weights.Bytes {
			t.Errorf("%s: the table ends at %d, the image at %d", name, table.Offset+table.Bytes, m.Weights.Bytes)
		}
		starts := map[int]bool{}
		at := 0
		for _, chunk := range m.Weights.Chunks {
			starts[at] = true
			at += chunk.Bytes
		}
		if !starts[table.Offset] || table.Offset == 0 {
			t.Errorf("%s: the table begins at %d, chunks at %v", name, table.Offset, starts)
		}
	}
}
