package verify

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// golden is a text's vector by an independent implementation, see
// testdata/bert_goldens.py.
type golden struct {
	Text   string    `json:"text"`
	Kind   string    `json:"kind"`
	IDs    []int32   `json:"ids"`
	Vector []float32 `json:"vector"`
}

func readGoldens(t *testing.T, name string) []golden {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []golden
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var g golden
		if err := d.Decode(&g); err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	if len(list) == 0 {
		t.Fatalf("no goldens of %s", name)
	}
	return list
}

// published opens a published model's checkpoint if it was imported. Fetching it is
// left to the commands, and to CI, which must not skip.
func published(t *testing.T, name string) *checkpoint.Checkpoint {
	t.Helper()
	dir, err := importer.DefaultDir(name, "")
	if err != nil {
		t.Fatal(err)
	}
	src, err := checkpoint.Open(dir)
	if err != nil && os.Getenv("EFFIR_REQUIRE_MODEL") == "1" {
		t.Fatalf("%v: run `effir import %s`", err, name)
	}
	if err != nil {
		t.Skipf("%s is not in the cache: run `effir import %s`", name, name)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// precisions are ways to store a model and the cosine to the float model that
// each must reach.
var precisions = []struct {
	name      string
	precision export.Precision
	least     float64
}{
	{"7-bit weights, 8-bit table", export.Precision{Weights: 7, Embedding: 8}, 0.998},
	{"7-bit weights, 4-bit table", export.Precision{Weights: 7, Embedding: 4}, 0.99},
	{"4-bit weights, 8-bit table", export.Precision{Weights: 4, Embedding: 8}, 0.96},
}

// Published BERT encoders give the vectors that PyTorch or onnxruntime gives them:
// exactly the same tokens, and directions as near as the bits of their weights allow.
// In float32, on GoMLX, they are the same but for rounding.
func TestPublishedBertModels(t *testing.T) {
	for _, name := range []string{"all-minilm-l6-v2", "bge-small-en-v1.5", "e5-small-v2"} {
		t.Run(name, func(t *testing.T) {
			src, goldens := published(t, name), readGoldens(t, name)
			for i, p := range precisions {
				dir := filepath.Join(t.TempDir(), name)
				m, err := export.Export(t.Context(), src, dir, export.Options{Name: name, Precision: p.precision})
				if err != nil {
					t.Fatal(err)
				}
				minimum, mean := goldenCosines(t, openNative(t, dir), goldens)
				t.Logf("%s: %.1f MB, cosine to the goldens: least %.5f, mean %.5f", p.name, float64(m.Weights.Bytes)/1e6, minimum, mean)
				if minimum < p.least {
					t.Errorf("%s: least cosine %.5f, want %v", p.name, minimum, p.least)
				}
				if i == 0 { // the float model is the same for all
					t.Run("float32", func(t *testing.T) { floatIsGolden(t, src, dir, goldens) })
				}
			}
		})
	}
}

// floatIsGolden compares a checkpoint, computed in float32, with the goldens.
func floatIsGolden(t *testing.T, src *checkpoint.Checkpoint, dir string, goldens []golden) {
	ids := make([][]int32, len(goldens))
	for i, g := range goldens {
		ids[i] = g.IDs
	}
	vectors, err := Reference(t.Context(), xla(t), src, os.DirFS(dir), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range goldens {
		if x := Cosine(vectors[i], g.Vector); x < 0.99999 {
			t.Errorf("%.30q: cosine %.6f", g.Text, x)
		}
	}
}

func goldenCosines(t *testing.T, e *native.Encoder, goldens []golden) (minimum, mean float64) {
	t.Helper()
	minimum = 1
	for _, g := range goldens {
		kind := encoder.Query
		if g.Kind == "passage" {
			kind = encoder.Passage
		}
		ids, err := e.Tokens(g.Text, kind)
		if err != nil || !slices.Equal(ids, g.IDs) {
			t.Errorf("%.30q: tokens %v, error %v, want %v", g.Text, ids, err, g.IDs)
			continue
		}
		vector, err := e.EmbedOne(g.Text, kind)
		if err != nil {
			t.Fatal(err)
		}
		x := Cosine(vector, g.Vector)
		minimum, mean = min(minimum, x), mean+x/float64(len(goldens))
	}
	return minimum, mean
}

// MiniLM, stored as it is meant to be, gives the same bytes in every host, and
// vectors near the float model's over texts of all kinds and lengths.
func TestParityMiniLM(t *testing.T) {
	src := published(t, "all-minilm-l6-v2")
	dir := filepath.Join(t.TempDir(), "minilm")
	_, err := export.Export(t.Context(), src, dir, export.Options{Name: "minilm", Precision: export.Precision{Weights: 7}})
	if err != nil {
		t.Fatal(err)
	}
	texts := withTokens(t, dir, Texts(60))
	want := embedNative(t, dir, texts)
	for _, h := range hosts[1:] {
		t.Run(h.name, func(t *testing.T) { compare(t, want, h.embed(t, dir, texts), texts) })
	}
	minimum, mean := cosines(t, src, dir, texts, want)
	t.Logf("cosine to the float reference: least %.5f, mean %.5f", minimum, mean)
	if minimum < 0.996 {
		t.Errorf("least cosine to the float reference is %.5f, want 0.996", minimum)
	}
}
