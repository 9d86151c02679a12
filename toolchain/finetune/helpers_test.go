package finetune

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/pairs"
)

// words are the tiny BERT's vocabulary beside special tokens and letters.
var words = strings.Fields("red green blue stone river cloud bread honey winter summer doctor engine music paper silver garden")

// bertTokenizer is a WordPiece tokenizer.json of these words.
func bertTokenizer(t testing.TB) []byte {
	t.Helper()
	vocab := map[string]int{}
	for _, w := range append([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, words...) {
		vocab[w] = len(vocab)
	}
	for c := 'a'; c <= 'z'; c++ {
		vocab[string(c)] = len(vocab)
		vocab["##"+string(c)] = len(vocab)
	}
	vocab["."] = len(vocab)
	var added []map[string]any
	for id, w := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		added = append(added, map[string]any{"id": id, "content": w, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
	}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": added,
		"normalizer":     map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer":  map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{"type": "BertProcessing", "sep": []any{"[SEP]", 3}, "cls": []any{"[CLS]", 2}},
		"decoder":        map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
			"max_input_chars_per_word": 100, "vocab": vocab},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bertVocab is the number of its tokens.
var bertVocab = 5 + len(words) + 2*26 + 1

// bertConfig is a tiny BERT with an MLP of the given width per layer.
func bertConfig(widths ...int) checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"BertModel"}, ModelType: checkpoint.Bert, HiddenAct: "gelu",
		HiddenSize: 16, IntermediateSizes: widths, NumHiddenLayers: len(widths),
		NumAttentionHeads: 2, NumKeyValueHeads: 2, HeadDim: 8, LayerNormEps: 1e-12, TypeVocabSize: 2,
		VocabSize: bertVocab, MaxPositionEmbeddings: 32, TorchDtype: "float32",
		Embedding: &checkpoint.Embedding{Pooling: checkpoint.PoolCLS, Normalize: true, QueryPrefix: "red ", MaxTokens: 32},
	}
}

// random draws the tensors of a configuration: norms near 1, the rest near 0.
func random(c checkpoint.Config, seed uint64) checkpoint.Tensors {
	r := rand.New(rand.NewPCG(seed, 0))
	all := checkpoint.Tensors{}
	for _, spec := range c.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(r.NormFloat64()) / 3
			if len(spec.Shape) == 1 && strings.HasSuffix(spec.Name, ".weight") {
				data[i] = 1 + data[i]/10
			}
		}
		all[spec.Name] = checkpoint.Tensor{Name: spec.Name, Shape: spec.Shape, Data: data}
	}
	return all
}

func write(t testing.TB, name string, c checkpoint.Config, tensors checkpoint.Source, tokenizer []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := checkpoint.Write(context.Background(), dir, c, tensors, tokenizer, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bertPair writes a tiny BERT and a copy of it that lacks an MLP.
func bertPair(t testing.TB) (student, teacher string) {
	full := bertConfig(24, 24, 24)
	tensors := random(full, 1)
	cut := bertConfig(24, 0, 24)
	return write(t, "cut", cut, tensors, bertTokenizer(t)), write(t, "full", full, tensors, bertTokenizer(t))
}

// llama writes the tiny Llama model, whose tokens are bytes.
func llama(t testing.TB) string {
	source := tinymodel.New(1)
	tokenizer, err := source.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "llama", source.Config(), source, tokenizer)
}

// somePairs writes n pairs whose positive repeats the query's words, each with
// two negatives that do not.
func somePairs(t testing.TB, n int) pairs.Source {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(n), 7))
	draw := func(count int) string {
		var text []string
		for range count {
			text = append(text, words[r.IntN(len(words))])
		}
		return strings.Join(text, " ")
	}
	var lines strings.Builder
	for range n {
		query := draw(3)
		line, err := json.Marshal(pairs.Pair{Query: query, Positive: query + " " + draw(1+r.IntN(15)) + ". " + draw(4) + ".", Negatives: []string{draw(6), draw(9)}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s\n", line)
	}
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return pairs.Source{Path: path, Weight: 1}
}

// options are those of a short run on the Go backend that aligns the cut BERT.
func options(t testing.TB) Options {
	o := Defaults()
	o.Model, o.Teacher = bertPair(t)
	o.Out = filepath.Join(t.TempDir(), "run")
	o.Data = []pairs.Source{somePairs(t, 40)}
	o.Loss = Loss{Align: 1, Hidden: 0.5}
	o.Buckets, o.BatchTokens = []int{16, 32}, 128
	o.Steps, o.LearningRate = 12, 1e-2
	o.Backend = "go"
	o.Seed = 3
	return o
}

func run(t testing.TB, o Options) Result {
	t.Helper()
	result, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// tensorsOf reads all tensors of a checkpoint.
func tensorsOf(t testing.TB, dir string) (checkpoint.Config, map[string][]float32) {
	t.Helper()
	c, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all := map[string][]float32{}
	for _, name := range c.Names() {
		tensor, err := c.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = tensor.Data
	}
	return c.Config(), all
}

// records reads the metrics of a run.
func records(t testing.TB, out string) []record {
	t.Helper()
	m, err := openMetrics(out, sizeOf(t, filepath.Join(out, metricsFile)))
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	return m.records
}

func sizeOf(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
