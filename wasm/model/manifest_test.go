package model_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/model"
)

// manifest returns the text of a valid Llama manifest.
func manifest(t testing.TB) []byte { return manifestOf(t, tinymodel.Write(t)) }

func manifestOf(t testing.TB, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, model.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseReadsWhatExportWrites(t *testing.T) {
	m, err := model.Parse(manifest(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Llama.MLP; len(got) != 4 || got[1] != 0 || got[2] != 64 {
		t.Errorf("widths %v: want the second MLP gone and the third padded from 40 to 64", got)
	}
	for _, tensor := range m.Tensors {
		if strings.HasPrefix(tensor.Name, "layer.1.") && strings.Contains(tensor.Name, "gate") {
			t.Errorf("a layer without MLP has %s", tensor.Name)
		}
	}
}

// The reader and encoding/json, which writes manifests, agree on every field: all
// of them are set here.
func TestParseReadsEveryField(t *testing.T) {
	for _, dir := range []string{tinymodel.Write(t), tinymodel.WriteSlim(t), tinymodel.WriteBert(t)} {
		var want model.Manifest
		if err := json.Unmarshal(manifestOf(t, dir), &want); err != nil {
			t.Fatal(err)
		}
		want.Source, want.License, want.Name = "somewhere \"else\"", "MIT", "näme \u2028"
		want.Embedding = model.Embedding{
			Pooling: "mean", Skip: 1, Prefix: []int32{3}, Suffix: []int32{4, 5}, Query: "q: ", Passage: "p: ", Unit: true,
		}
		if want.Llama != nil {
			want.Llama.Causal, want.Llama.FinalNorm = true, true
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := model.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&want, got) {
			t.Errorf("Parse reads\n%+v, encoding/json\n%+v", got, &want)
		}
	}
}

// A manifest written before there were other families and types still opens.
func TestParseReadsFirstPackages(t *testing.T) {
	m, err := model.Parse(manifestOf(t, "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if l := m.Layers(); l.Count() != 4 || !l.HasAttention(3) || m.Hidden() != 64 || m.Vocab() != 256 {
		t.Errorf("%d layers, hidden %d, vocabulary %d", l.Count(), m.Hidden(), m.Vocab())
	}
}

// Sub-layers that a model lacks have no tensors, but for a BERT layer's norms.
func TestParseReadsDroppedSubLayers(t *testing.T) {
	for family, c := range map[string]struct {
		dir              string
		present, dropped []string
	}{
		"llama": {tinymodel.WriteSlim(t), []string{"layer.1.qkv", "layer.3.down"}, []string{"layer.1.down", "layer.3.qkv", "layer.3.attention_norm", "layer.1.mlp_norm"}},
		"bert": {
			tinymodel.WriteBert(t), []string{"layer.1.qkv_bias", "layer.2.up", "layer.2.attention_norm", "layer.1.mlp_norm_bias"},
			[]string{"layer.2.qkv", "layer.2.output_bias", "layer.1.up", "layer.1.down_bias"},
		},
	} {
		m, err := model.Parse(manifestOf(t, c.dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range c.present {
			if _, ok := m.Tensor(name); !ok {
				t.Errorf("%s: no %s", family, name)
			}
		}
		for _, name := range c.dropped {
			if _, ok := m.Tensor(name); ok {
				t.Errorf("%s: a %s", family, name)
			}
		}
		types := map[string]bool{}
		for _, tensor := range m.Tensors {
			types[tensor.Type] = true
		}
		if !types[model.Q4] || !types[model.Q7] {
			t.Errorf("%s: types %v, want 4- and 7-bit matrices mixed", family, types)
		}
	}
}

type object = map[string]any

// refuses changes one field at a time and wants an error that names it.
func refuses(t *testing.T, text []byte, changes map[string]func(m object)) {
	t.Helper()
	for field, change := range changes {
		var m object
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		changed, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = model.Parse(changed)
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s changed: error %v does not name it", field, err)
		}
	}
}

// Every field that a reader relies on is checked, and the error names it.
func TestParseRefuses(t *testing.T) {
	refuses(t, manifest(t), map[string]func(m object){
		"format":                func(m object) { m["format"] = "effir-model/99" },
		"family":                func(m object) { m["family"] = "gru" },
		"another's is given":    func(m object) { m["family"] = "bert" },
		"lacks its section":     func(m object) { delete(m, "llama") },
		"max_tokens":            func(m object) { m["max_tokens"] = 0 },
		"dims":                  func(m object) { m["dims"] = 48 },
		"llama.hidden":          func(m object) { m["llama"].(object)["hidden"] = -64 },
		"llama.heads":           func(m object) { m["llama"].(object)["heads"] = 1 << 40 },
		"llama.kv_heads":        func(m object) { m["llama"].(object)["kv_heads"] = 4 },
		"llama.head_dim":        func(m object) { m["llama"].(object)["head_dim"] = 17 },
		"llama.rms_norm_eps":    func(m object) { m["llama"].(object)["rms_norm_eps"] = 0 },
		"llama.mlp[2]":          func(m object) { m["llama"].(object)["mlp"].([]any)[2] = 33 },
		"llama.mlp (its length": func(m object) { m["llama"].(object)["mlp"] = []int{} },
		"llama.attention":       func(m object) { m["llama"].(object)["attention"] = []bool{true} },
		"embedding.pooling":     func(m object) { m["embedding"].(object)["pooling"] = "sum" },
		"embedding.skip":        func(m object) { m["embedding"].(object)["skip"] = 1 },
		"embedding.prefix":      func(m object) { m["embedding"].(object)["prefix"] = []int{tinymodel.Vocab} },
		"tokenizer.sha256":      func(m object) { m["tokenizer"].(object)["sha256"] = "../../etc/passwd" },
		"tokenizer.bytes":       func(m object) { m["tokenizer"].(object)["bytes"] = 1 << 50 },
		"weights.bytes":         func(m object) { m["weights"].(object)["bytes"] = 1 },
		"weights.chunks[0]": func(m object) {
			m["weights"].(object)["chunks"].([]any)[0].(object)["bytes"] = model.ChunkSize + 1
		},
		"tensors": func(m object) { m["tensors"] = m["tensors"].([]any)[1:] },
		`tensors["rope"].offset`: func(m object) {
			tensor(m, "rope")["offset"] = m["weights"].(object)["bytes"]
		},
		`tensors["rope"].bytes`:               func(m object) { tensor(m, "rope")["bytes"] = 4 },
		`tensors["rope"]`:                     func(m object) { tensor(m, "rope")["shape"] = []int{1, 16} },
		`tensors["embedding"]`:                func(m object) { tensor(m, "embedding")["type"] = "q4" },
		`tensors["layer.0.qkv"]`:              func(m object) { tensor(m, "layer.0.qkv")["type"] = "f32" },
		`tensors["layer.0.down"].bytes`:       func(m object) { tensor(m, "layer.0.down")["type"] = "q7" },
		`lists "embedding" twice`:             func(m object) { tensor(m, "rope")["name"] = "embedding" },
		`"layer.0.attention_norm" and "rope"`: func(m object) { tensor(m, "rope")["offset"] = 64 },
	})
}

func TestParseRefusesBert(t *testing.T) {
	refuses(t, manifestOf(t, tinymodel.WriteBert(t)), map[string]func(m object){
		"family":                           func(m object) { m["family"] = "llama" },
		"another's is given":               func(m object) { m["llama"] = object{"hidden": 64} },
		"bert.hidden":                      func(m object) { m["bert"].(object)["hidden"] = 63 },
		"bert.heads":                       func(m object) { m["bert"].(object)["heads"] = 3 },
		"bert.vocab":                       func(m object) { m["bert"].(object)["vocab"] = 0 },
		"bert.layer_norm_eps":              func(m object) { m["bert"].(object)["layer_norm_eps"] = -1 },
		"bert.mlp[0]":                      func(m object) { m["bert"].(object)["mlp"].([]any)[0] = 1 << 20 },
		"bert.attention":                   func(m object) { m["bert"].(object)["attention"] = []bool{true} },
		"tensors":                          func(m object) { m["bert"].(object)["attention"].([]any)[2] = true },
		"embedding.prefix":                 func(m object) { m["embedding"].(object)["suffix"] = []int{-1} },
		`tensors["positions"]`:             func(m object) { m["max_tokens"] = 95 },
		`tensors["layer.2.mlp_norm_bias"]`: func(m object) { tensor(m, "layer.2.mlp_norm_bias")["name"] = "x" },
	})
}

func tensor(m map[string]any, name string) map[string]any {
	for _, entry := range m["tensors"].([]any) {
		if entry := entry.(map[string]any); entry["name"] == name {
			return entry
		}
	}
	return nil
}

// FuzzParse: no bytes panic, and what is accepted keeps every tensor inside an
// image that fits into memory.
func FuzzParse(f *testing.F) {
	text := manifest(f)
	f.Add(text)
	f.Add(manifestOf(f, tinymodel.WriteBert(f)))
	f.Add(text[:len(text)/2])
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := model.Parse(b)
		if err != nil {
			return
		}
		for _, tensor := range m.Tensors {
			if tensor.Offset < 0 || tensor.Bytes < 0 || tensor.Offset+tensor.Bytes > m.Weights.Bytes {
				t.Fatalf("%+v lies outside the image of %d bytes", tensor, m.Weights.Bytes)
			}
		}
	})
}
