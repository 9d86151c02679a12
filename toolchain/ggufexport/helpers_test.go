package ggufexport

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// importData is where the importer's tests keep tokenizers and a GGUF file that other programs made.
const importData = "../importer/testdata"

// memory is a model in memory.
type memory struct {
	checkpoint.Tensors
	config    checkpoint.Config
	tokenizer []byte
}

func (m *memory) Config() checkpoint.Config      { return m.config }
func (m *memory) TokenizerJSON() ([]byte, error) { return m.tokenizer, nil }

// tiny draws a model of three layers, whose heads do not divide the hidden size, after change has
// adapted its configuration.
func tiny(t testing.TB, change func(c *checkpoint.Config)) *memory {
	t.Helper()
	bos, eos := 1, 2
	c := checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: checkpoint.Llama, HiddenAct: "silu",
		HiddenSize: 64, IntermediateSizes: []int{96, 96, 96}, NumHiddenLayers: 3,
		NumAttentionHeads: 4, NumKeyValueHeads: 2, HeadDim: 24,
		RMSNormEps: 1e-5, RopeTheta: 50000, VocabSize: 320, MaxPositionEmbeddings: 128,
		TieWordEmbeddings: true, TorchDtype: "float32", BOSTokenID: &bos, EOSTokenID: &eos,
		Provenance: &checkpoint.Provenance{Source: "random", License: "apache-2.0"},
	}
	if change != nil {
		change(&c)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	m := &memory{Tensors: checkpoint.Tensors{}, config: c, tokenizer: readFile(t, filepath.Join(importData, "tiny.smollm.json"))}
	random := rand.New(rand.NewPCG(7, 0))
	for _, spec := range c.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(random.NormFloat64()) / 8
			if len(spec.Shape) == 1 { // a norm's weight
				data[i]++
			}
		}
		m.Tensors[spec.Name] = checkpoint.Tensor{Name: spec.Name, Shape: spec.Shape, Data: data}
	}
	return m
}

// changed is the model with another tokenizer.json: what edit makes of the parsed one.
func (m *memory) changed(t *testing.T, edit func(file map[string]any)) *memory {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(m.tokenizer, &file); err != nil {
		t.Fatal(err)
	}
	edit(file)
	other := *m
	var err error
	if other.tokenizer, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	return &other
}

// written exports a model and opens the file.
func written(t *testing.T, m *memory, kind gguf.Type) (*gguf.File, Summary) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "new", "model.gguf")
	sum, err := Write(t.Context(), path, m, Options{Name: "tiny", Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, sum
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// metadata compares entries of a file.
type metadata struct {
	t *testing.T
	f *gguf.File
}

func (m metadata) texts(want map[string]string) {
	m.t.Helper()
	for key, value := range want {
		if got, err := m.f.Text(key); err != nil || got != value {
			m.t.Errorf("%s is %q (%v), want %q", key, got, err, value)
		}
	}
}

func (m metadata) numbers(want map[string]int) {
	m.t.Helper()
	for key, value := range want {
		if got, err := m.f.Uint(key); err != nil || got != value {
			m.t.Errorf("%s is %d (%v), want %d", key, got, err, value)
		}
	}
}

func (m metadata) lists(want map[string][]int) {
	m.t.Helper()
	for key, value := range want {
		if got, err := m.f.Ints(key); err != nil || !slices.Equal(got, value) {
			m.t.Errorf("%s is %v (%v), want %v", key, got, err, value)
		}
	}
}
