package ggufexport

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/backend"
	gomlx "github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/toolchain/verify"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/tokenizer"
)

// row is what llama.cpp makes of a text.
type row struct {
	Tokens []int32   `json:"tokens"`
	Vector []float64 `json:"vector"`
}

// needLlama skips the test where llama.cpp is not installed.
func needLlama(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("llamacpp/node_modules/node-llama-cpp")
	}
	if err == nil {
		return
	}
	const missing = "no llama.cpp: run `npm ci --prefix toolchain/ggufexport/llamacpp --ignore-scripts --omit=optional` (Linux on x64)"
	if os.Getenv("EFFIR_REQUIRE_LLAMACPP") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// llama embeds texts with each of the models.
func llama(t *testing.T, models, texts []string) [][]row {
	t.Helper()
	input, err := json.Marshal(map[string][]string{"models": models, "texts": texts})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "embed.mjs")
	cmd.Dir = "llamacpp"
	cmd.Stdin = bytes.NewReader(input)
	var logged strings.Builder
	cmd.Stderr = &logged
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("llama.cpp: %v\n%s", err, logged.String())
	}
	var results [][]row
	if err := json.Unmarshal(output, &results); err != nil {
		t.Fatalf("llama.cpp: %v\n%s", err, output)
	}
	return results
}

// float embeds texts, which have fewer than the given tokens, with the GoMLX graph of a model.
func float(t *testing.T, b backends.Backend, src Source, texts []string, longest int) [][]float32 {
	t.Helper()
	r, err := reader.New(src, longest)
	if err != nil {
		t.Fatal(err)
	}
	kind, err := pooling.Parse(r.Embedding().Pooling)
	if err != nil {
		t.Fatal(err)
	}
	model, err := floatmodel.Of(src.Config())
	if err != nil {
		t.Fatal(err)
	}
	e, err := gomlx.New(b, model, family{src}, gomlx.WithBuckets(longest), gomlx.WithBatchTokens(longest*len(texts)))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ids := make([][]int32, len(texts))
	for i, text := range texts {
		if ids[i], err = r.Read(text, encoder.Passage); err != nil {
			t.Fatal(err)
		}
		if len(ids[i]) == longest {
			t.Fatalf("the text %q may have been cut to %d tokens", text, longest)
		}
	}
	vectors, err := e.Embed(t.Context(), ids, kind)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

// family shows a model to the graph.
type family struct{ Source }

func (f family) Tensor(name string) ([]int, []float32, error) {
	t, err := f.Source.Tensor(name)
	return t.Shape, t.Data, err
}

func cosine(a []float64, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		y := float64(b[i])
		dot, aa, bb = dot+a[i]*y, aa+a[i]*a[i], bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}

var tinyTexts = []string{
	"x", "def byte_level(split): return 2026", "Grüße aus Köln, 1234 mal!", "  tabs\tand\nnewlines  ",
	"🙂 emoji 👩‍👩‍👧", "import json; json.loads(trained.to_str())", "<b>if x < 3 && y > 4</b>", "como está?",
}

// tokenised is the tiny model with another tokenizer.
func tokenised(t *testing.T, name string) *memory {
	m := tiny(t, nil)
	m.tokenizer = readFile(t, filepath.Join(importData, "tiny."+name+".json"))
	return m
}

// TestLlamaCppAgrees: llama.cpp makes the same vectors of exported tiny models as the float graph of
// the checkpoint, in every form of layers, pooling and attention.
func TestLlamaCppAgrees(t *testing.T) {
	needLlama(t)
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	how := func(c *checkpoint.Config, pooling string, bidirectional bool) {
		c.Embedding = &checkpoint.Embedding{Pooling: pooling, Normalize: true, Bidirectional: bidirectional, MaxTokens: 128}
	}
	cases := []struct {
		name  string
		kind  gguf.Type
		least float64 // cosine
		model *memory
	}{
		{"whole", gguf.F32, 0.99999, tiny(t, nil)},
		{"untied", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { c.TieWordEmbeddings = false })},
		{"whole, last token", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { how(c, checkpoint.PoolLast, false) })},
		{"whole, both ways", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { how(c, checkpoint.PoolMean, true) })},
		{"last token closes the text", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { how(c, checkpoint.PoolLast, false) }).changed(t, closedBy(2, "<|im_end|>"))},
		{"slim, both ways, last token", gguf.F32, 0.99999, tiny(t, slim)},
		{"slim, first token", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { slim(c); how(c, checkpoint.PoolCLS, true) })},
		{"no MLP in the first and last", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { c.IntermediateSizes = []int{0, 70, 0} })},
		{"no attention in the last", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { c.DroppedAttention = []int{2} })},
		{"no attention", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) { c.DroppedAttention = []int{0, 1, 2} })},
		{"nothing left", gguf.F32, 0.99999, tiny(t, func(c *checkpoint.Config) {
			c.IntermediateSizes, c.DroppedAttention = []int{0, 0, 0}, []int{0, 1, 2}
		})},
		{"split as GPT-2", gguf.F32, 0.99999, tokenised(t, "gpt-2")},
		{"split as Llama 3, a token before", gguf.F32, 0.99999, tokenised(t, "llama-bpe")},
		{"slim, F16", gguf.F16, 0.9999, tiny(t, slim)},
		{"slim, Q8_0", gguf.Q8_0, 0.995, tiny(t, slim)},
		{"slim, Q4_0", gguf.Q4_0, 0.8, tiny(t, slim)},
	}
	var paths []string
	for i, c := range cases {
		path := filepath.Join(t.TempDir(), "model.gguf")
		if _, err := Write(t.Context(), path, c.model, Options{Name: c.name, Type: c.kind}); err != nil {
			t.Fatalf("%s (%d): %v", c.name, i, err)
		}
		paths = append(paths, path)
	}
	for i, rows := range llama(t, paths, tinyTexts) {
		c := cases[i]
		vectors := float(t, b, c.model, tinyTexts, 96)
		worst := 1.0
		for j, row := range rows {
			worst = min(worst, cosine(row.Vector, vectors[j]))
		}
		t.Logf("%s: least cosine %.7f", c.name, worst)
		if !(worst >= c.least) {
			t.Errorf("%s: least cosine %.7f, want %.6f", c.name, worst, c.least)
		}
		tokens, err := tokenizer.ParseJSON(c.model.tokenizer)
		if err != nil {
			t.Fatal(err)
		}
		for j, row := range rows {
			if want := tokens.Encode(nil, tinyTexts[j]); !slices.Equal(row.Tokens, want) {
				t.Errorf("%s: tokens of %q are %v, want %v", c.name, tinyTexts[j], row.Tokens, want)
			}
		}
	}
}

// TestLlamaCppAgreesOnSmolLM2 does the same for the real model, whole and with half of its MLPs
// dropped and the others narrowed, most to widths that are no multiples of 32.
func TestLlamaCppAgreesOnSmolLM2(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a gigabyte; runs without -short")
	}
	needLlama(t)
	dir, err := importer.DefaultDir(importer.DefaultModel, "")
	if err != nil {
		t.Fatal(err)
	}
	base, err := checkpoint.Open(dir)
	if err != nil {
		t.Skip("SmolLM2 is not in the cache: run `effir import smollm2-135m-instruct`")
	}
	defer base.Close()
	b, err := backend.Open("xla")
	if errors.Is(err, backend.ErrNoPlugin) {
		t.Skip("no XLA plugin: run `effir plugin install`")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	plan := compress.Plan{DropMLP: []int{17, 16, 15, 13, 14, 12, 25, 3, 19, 21, 26, 18, 11, 2, 4}, Neurons: map[int][]int{}}
	for layer := range 30 {
		if !slices.Contains(plan.DropMLP, layer) {
			for neuron := range 1536 - 17*layer {
				plan.Neurons[layer] = append(plan.Neurons[layer], neuron)
			}
		}
	}
	cut, err := compress.New(base, plan)
	if err != nil {
		t.Fatal(err)
	}
	texts := verify.Texts(20)
	for architecture, model := range map[string]Source{"llama": base, "deci": cut} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		sum, err := Write(t.Context(), path, model, Options{Name: architecture, Type: gguf.F32})
		if err != nil || sum.Architecture != architecture {
			t.Fatalf("%+v (%v), want architecture %s", sum, err, architecture)
		}
		rows := llama(t, []string{path}, texts)[0]
		worst := 1.0
		for i, vector := range float(t, b, model, texts, 64) {
			worst = min(worst, cosine(rows[i].Vector, vector))
		}
		t.Logf("%s: least cosine %.7f", architecture, worst)
		if !(worst >= 0.9999) {
			t.Errorf("%s: least cosine %.7f, want 0.9999", architecture, worst)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLockNamesNoHost keeps package-lock.json free of the addresses of whichever registry it was
// made with.
func TestLockNamesNoHost(t *testing.T) {
	if strings.Contains(string(readFile(t, "llamacpp/package-lock.json")), `"resolved"`) {
		t.Error("package-lock.json holds addresses: make it again with npm's omit-lockfile-registry-resolved")
	}
}
