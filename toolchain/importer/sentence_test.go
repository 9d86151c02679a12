package importer

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// modules writes modules.json with the given modules in the library's naming.
func modules(kinds ...string) string {
	var list []map[string]any
	for i, kind := range kinds {
		path := fmt.Sprintf("%d_%s", i, kind)
		if kind == "Transformer" {
			path = ""
		}
		list = append(list, map[string]any{"idx": i, "name": fmt.Sprint(i), "path": path, "type": "sentence_transformers.models." + kind})
	}
	out, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// poolingConfig writes a 1_Pooling/config.json with the given modes switched on.
func poolingConfig(modes ...string) string {
	config := map[string]any{"word_embedding_dimension": 12, "include_prompt": true}
	for _, mode := range []string{"cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"} {
		config["pooling_mode_"+mode] = slices.Contains(modes, mode)
	}
	out, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// linearWeights writes a safetensors file with linear.weight [rows, columns] = 1, 2, 3, … and, if
// asked for, linear.bias = -1, -2, ….
func linearWeights(rows, columns int, bias bool) string {
	header := fmt.Sprintf(`{"linear.weight":{"dtype":"F32","shape":[%d,%d],"data_offsets":[0,%d]}`, rows, columns, 4*rows*columns)
	values := make([]float32, rows*columns)
	for i := range values {
		values[i] = float32(i + 1)
	}
	if bias {
		header += fmt.Sprintf(`,"linear.bias":{"dtype":"F32","shape":[%d],"data_offsets":[%d,%d]}`, rows, 4*rows*columns, 4*rows*(columns+1))
		for i := range rows {
			values = append(values, -float32(i+1))
		}
	}
	header += "}"
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(out, header...)
	for _, x := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return string(out)
}

const identityHead = `{"in_features":12,"out_features":5,"bias":true,"activation_function":"torch.nn.modules.linear.Identity"}`

// TestSentenceTransformers imports folders in the layouts of published retrievers.
func TestSentenceTransformers(t *testing.T) {
	type files map[string]string
	const bge = "Represent this sentence for searching relevant passages: "
	for name, c := range map[string]struct {
		folder string
		files  files
		want   checkpoint.Embedding
	}{
		"arctic": {"snowflake-arctic-embed-xs", files{
			"modules.json": modules("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": poolingConfig("cls_token"),
			"sentence_bert_config.json":         `{"max_seq_length":7,"do_lower_case":false}`,
			"config_sentence_transformers.json": `{"prompts":{"query":"` + bge + `"},"default_prompt_name":null}`,
		}, checkpoint.Embedding{Pooling: "cls", Normalize: true, MaxTokens: 7, QueryPrefix: bge}},
		"gte": {"gte-small", files{
			"modules.json": modules("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": poolingConfig("mean_tokens"),
			"sentence_bert_config.json": `{"max_seq_length":512}`,
		}, checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 9}}, // the model has 9 positions
		"e5, whose prefixes only its name tells": {"e5-small-v2", files{
			"modules.json": modules("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": poolingConfig("mean_tokens"),
		}, checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 9, QueryPrefix: "query: ", PassagePrefix: "passage: "}},
		"bge, likewise": {"bge-small-en-v1.5", files{
			"modules.json": modules("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": poolingConfig("cls_token"),
			"sentence_bert_config.json": `{"max_seq_length":9,"do_lower_case":true}`, // the tokenizer does that
		}, checkpoint.Embedding{Pooling: "cls", Normalize: true, MaxTokens: 9, QueryPrefix: bge}},
		"leaf, with a head": {"mdbr-leaf-ir", files{
			"modules.json": modules("Transformer", "Pooling", "Dense", "Normalize"), "1_Pooling/config.json": poolingConfig("mean_tokens"),
			"2_Dense/config.json": identityHead, "2_Dense/model.safetensors": linearWeights(5, 12, true),
			"config_sentence_transformers.json": `{"prompts":{"query":"` + bge + `","document":"d: "}}`,
		}, checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 9, QueryPrefix: bge, PassagePrefix: "d: ", HeadDims: 5}},
		"head without bias, no normalisation, one prompt for all, newer spelling": {"x", files{
			"modules.json": modules("Transformer", "Pooling", "Dense"), "1_Pooling/config.json": `{"pooling_mode":"lasttoken"}`,
			"2_Dense/config.json":               strings.Replace(identityHead, `"bias":true`, `"bias":false`, 1),
			"2_Dense/model.safetensors":         linearWeights(5, 12, false),
			"config_sentence_transformers.json": `{"prompts":{"all":"text: "},"default_prompt_name":"all"}`,
		}, checkpoint.Embedding{Pooling: "last", MaxTokens: 9, QueryPrefix: "text: ", PassagePrefix: "text: ", HeadDims: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(filepath.Dir(bertFolder(t)), c.folder)
			if err := os.Rename(filepath.Join(filepath.Dir(dir), "tiny-bert"), dir); err != nil {
				t.Fatal(err)
			}
			for file, content := range c.files {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), []byte(content))
			}
			writeFile(t, filepath.Join(dir, "README.md"), []byte("---\ntags: [a]\nlicense: apache-2.0\n---\n# A model\n"))
			dest := filepath.Join(t.TempDir(), "m")
			opts := Options{CacheDir: t.TempDir()}
			if _, err := Import(t.Context(), dir, dest, opts); err != nil {
				t.Fatal(err)
			}
			config := wantTinyBERT(t, dest)
			if config.Embedding == nil || *config.Embedding != c.want {
				t.Errorf("embedding is %+v, want %+v", config.Embedding, c.want)
			}
			if config.Provenance.License != "apache-2.0" {
				t.Errorf("provenance is %+v", config.Provenance)
			}
			if c.want.HeadDims > 0 {
				wantHead(t, dest, c.want)
			}
			// A checkpoint is a source again, and keeps all of it.
			again := filepath.Join(t.TempDir(), "again")
			r, err := Import(t.Context(), dest, again, opts)
			if err != nil || *r.Config.Embedding != c.want || r.Config.Provenance.License != "apache-2.0" {
				t.Errorf("imported again: %+v, %+v, %v", r.Config.Embedding, r.Config.Provenance, err)
			}
			// A change of how a text becomes a vector is a change of the source.
			writeFile(t, filepath.Join(dir, "1_Pooling", "config.json"), []byte(poolingConfig("lasttoken")+" "))
			if r, err := Import(t.Context(), dir, dest, opts); err != nil || r.Unchanged || r.Config.Embedding.Pooling != "last" {
				t.Errorf("after a change: %+v, %v", r, err)
			}
		})
	}
}

func wantHead(t *testing.T, dir string, how checkpoint.Embedding) {
	t.Helper()
	c, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	weight, errW := c.Tensor("head.weight")
	bias, errB := c.Tensor("head.bias")
	if errW != nil || errB != nil {
		t.Fatal(errW, errB)
	}
	wantBias := []float32{-1, -2, -3, -4, -5}
	if how.Pooling == "last" {
		wantBias = make([]float32, 5)
	}
	if !slices.Equal(weight.Shape, []int{5, 12}) || weight.Data[59] != 60 || !slices.Equal(bias.Data, wantBias) {
		t.Errorf("head is %v %v, %v", weight.Shape, weight.Data, bias.Data)
	}
	config := c.Config()
	if config.Dims() != 5 {
		t.Errorf("%d dimensions", config.Dims())
	}
}

func TestSentenceTransformersErrors(t *testing.T) {
	type files map[string]string
	plain := modules("Transformer", "Pooling", "Normalize")
	headed := modules("Transformer", "Pooling", "Dense", "Normalize")
	for name, c := range map[string]struct {
		files                 files
		file, field, mentions string
	}{
		"not JSON":          {files{"modules.json": "{"}, "modules.json", "", "not valid JSON"},
		"other module":      {files{"modules.json": modules("Transformer", "Pooling", "LSTM")}, "modules.json", "", "lists Transformer, Pooling, LSTM"},
		"two heads":         {files{"modules.json": modules("Transformer", "Pooling", "Dense", "Dense")}, "modules.json", "", "Dense, Dense"},
		"normalised before": {files{"modules.json": modules("Transformer", "Pooling", "Normalize", "Dense")}, "modules.json", "", "Normalize, Dense"},
		"nothing":           {files{"modules.json": "[]"}, "modules.json", "", "lists"},
		"model elsewhere":   {files{"modules.json": `[{"path":"0_BERT","type":"a.Transformer"}]`}, "modules.json", "[0].path", "0_BERT"},
		"escaping path":     {files{"modules.json": `[{"path":"","type":"a.Transformer"},{"path":"../x","type":"a.Pooling"}]`}, "modules.json", "[1].path", "../x"},
		"no pooling config": {files{"modules.json": plain, "1_Pooling/config.json": ""}, "config.json", "", "does not exist"},
		"two poolings":      {files{"modules.json": plain, "1_Pooling/config.json": poolingConfig("cls_token", "mean_tokens")}, "config.json", "pooling_mode", "exactly one"},
		"no pooling":        {files{"modules.json": plain, "1_Pooling/config.json": poolingConfig()}, "config.json", "pooling_mode", "exactly one"},
		"max pooling":       {files{"modules.json": plain, "1_Pooling/config.json": poolingConfig("max_tokens")}, "config.json", "pooling_mode", "max_tokens"},
		"without prompt":    {files{"modules.json": plain, "1_Pooling/config.json": `{"pooling_mode_mean_tokens":true,"include_prompt":false}`}, "config.json", "include_prompt", "is false"},
		"curved head":       {files{"modules.json": headed, "2_Dense/config.json": strings.Replace(identityHead, "linear.Identity", "activation.Tanh", 1)}, "config.json", "activation_function", "Tanh"},
		"default head":      {files{"modules.json": headed, "2_Dense/config.json": `{"in_features":12,"out_features":5}`}, "config.json", "activation_function", "Tanh"},
		"narrow head":       {files{"modules.json": headed, "2_Dense/config.json": strings.Replace(identityHead, "12", "13", 1)}, "config.json", "in_features", "13"},
		"endless head":      {files{"modules.json": headed, "2_Dense/config.json": strings.Replace(identityHead, "5", "500000000", 1)}, "config.json", "out_features", "500000000"},
		"pickled head":      {files{"modules.json": headed, "2_Dense/config.json": identityHead}, "model.safetensors", "", "does not exist"},
		"misshapen head":    {files{"modules.json": headed, "2_Dense/config.json": identityHead, "2_Dense/model.safetensors": linearWeights(4, 12, true)}, "model.safetensors", "linear.weight", "[4 12]"},
		"headless bias":     {files{"modules.json": headed, "2_Dense/config.json": identityHead, "2_Dense/model.safetensors": linearWeights(5, 12, false)}, "model.safetensors", "linear.bias", "is missing"},
		"no length":         {files{"modules.json": plain, "sentence_bert_config.json": `{"max_seq_length":0}`}, "sentence_bert_config.json", "max_seq_length", "is 0"},
		"upper case":        {files{"modules.json": plain, "sentence_bert_config.json": `{"do_lower_case":true}`, "tokenizer.json": `{"normalizer":{"type":"NFC"}}`}, "sentence_bert_config.json", "do_lower_case", "keeps upper case"},
		"no such prompt":    {files{"modules.json": plain, "config_sentence_transformers.json": `{"default_prompt_name":"x"}`}, "config_sentence_transformers.json", "default_prompt_name", "is \"x\""},
		"long prompt":       {files{"modules.json": plain, "config_sentence_transformers.json": `{"prompts":{"query":"` + strings.Repeat("x", 5000) + `"}}`}, "", "effir_embedding.query_prefix", "5000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := bertFolder(t)
			writeFile(t, filepath.Join(dir, "1_Pooling", "config.json"), []byte(poolingConfig("mean_tokens")))
			for file, content := range c.files {
				path := filepath.Join(dir, filepath.FromSlash(file))
				if content == "" {
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
					continue
				}
				writeFile(t, path, []byte(content))
			}
			dest := filepath.Join(t.TempDir(), "m")
			_, err := Import(t.Context(), dir, dest, Options{CacheDir: t.TempDir()})
			wantError(t, err, c.file, c.field, c.mentions)
			wantEmpty(t, filepath.Dir(dest))
		})
	}
}

// What the files of a retriever do not say is known by its name, wherever that stands; where nothing
// tells, there is a warning.
func TestPrefixesByName(t *testing.T) {
	plain := map[string]string{"modules.json": modules("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": poolingConfig("mean_tokens")}
	with := func(more ...string) map[string]string {
		files := maps.Clone(plain)
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	named := func(name string) string {
		config := string(readFile(t, "testdata/bert/config.json"))
		return strings.Replace(config, "{", `{"_name_or_path": "`+name+`",`, 1)
	}
	const commit = "ffb93f3bd4047442299a41ebb6fa998a38507c52"
	for name, c := range map[string]struct {
		folder string
		files  map[string]string
		query  string
		pooled string
		warns  bool
	}{
		"hub cache":                        {"models--intfloat--e5-small-v2/snapshots/" + commit, plain, "query: ", "mean", false},
		"hub cache without modules.json":   {"models--BAAI--bge-small-en-v1.5/snapshots/" + commit, nil, bgePrefix, "cls", false},
		"hub cache of another model":       {"models--some--retriever/snapshots/" + commit, plain, "", "mean", true},
		"snapshots that are no hub cache":  {"snapshots/e5-small-v2", plain, "query: ", "mean", false},
		"older cache":                      {"intfloat_e5-small-v2", plain, "query: ", "mean", false},
		"configuration":                    {"model", with("config.json", named("intfloat/e5-small-v2")), "query: ", "mean", false},
		"configuration, a path":            {"model", with("config.json", named("/cache/BAAI_bge-small-en/")), bgePrefix, "mean", false},
		"configuration of another":         {"model", with("config.json", named("bert-base-uncased")), "", "mean", true},
		"configuration, but empty prompts": {"model", with("config.json", named("intfloat/e5-small-v2"), "config_sentence_transformers.json", `{"prompts":{"query":"","document":""}}`), "", "mean", false},
		"own prompts":                      {"e5-small-v2", with("config_sentence_transformers.json", `{"prompts":{"query":"q: "}}`), "q: ", "mean", false},
		"model that wants none":            {"all-MiniLM-L6-v2", plain, "", "mean", false},
		"nothing":                          {"model", plain, "", "mean", true},
		"nothing, not even pooling":        {"model", nil, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), filepath.FromSlash(c.folder))
			if err := os.CopyFS(dir, os.DirFS(bertFolder(t))); err != nil {
				t.Fatal(err)
			}
			for file, content := range c.files {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), []byte(content))
			}
			// The folder and its weights are the same source.
			for _, source := range []string{dir, filepath.Join(dir, "model.safetensors")} {
				var warnings []string
				opts := Options{CacheDir: t.TempDir(), Warn: func(text string) { warnings = append(warnings, text) }}
				r, err := Import(t.Context(), source, filepath.Join(t.TempDir(), "m"), opts)
				if err != nil {
					t.Fatal(err)
				}
				var how checkpoint.Embedding
				if r.Config.Embedding != nil {
					how = *r.Config.Embedding
				}
				if how.QueryPrefix != c.query || how.Pooling != c.pooled {
					t.Errorf("%s: query prefix %q, pooling %q; want %q, %q", filepath.Base(source), how.QueryPrefix, how.Pooling, c.query, c.pooled)
				}
				if warned := len(warnings) > 0; warned != c.warns || warned && !strings.Contains(warnings[0], "config_sentence_transformers.json") {
					t.Errorf("%s: warnings %q, want some: %t", filepath.Base(source), warnings, c.warns)
				}
			}
		})
	}
}
