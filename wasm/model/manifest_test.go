package model_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/model"
)

// manifest returns a valid manifest's text.
func manifest(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tinymodel.Write(t), model.FileName))
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

// Every field that a reader relies on is checked, and the error names it.
func TestParseRefuses(t *testing.T) {
	text := manifest(t)
	type object = map[string]any
	for field, change := range map[string]func(m object){
		"format":                func(m object) { m["format"] = "effir-model/99" },
		"family":                func(m object) { m["family"] = "gru" },
		"max_tokens":            func(m object) { m["max_tokens"] = 0 },
		"dims":                  func(m object) { m["dims"] = 48 },
		"llama.hidden":          func(m object) { m["llama"].(object)["hidden"] = -64 },
		"llama.heads":           func(m object) { m["llama"].(object)["heads"] = 1 << 40 },
		"llama.kv_heads":        func(m object) { m["llama"].(object)["kv_heads"] = 4 },
		"llama.head_dim":        func(m object) { m["llama"].(object)["head_dim"] = 17 },
		"llama.rms_norm_eps":    func(m object) { m["llama"].(object)["rms_norm_eps"] = 0 },
		"llama.mlp[2]":          func(m object) { m["llama"].(object)["mlp"].([]any)[2] = 33 },
		"llama.mlp (its length": func(m object) { m["llama"].(object)["mlp"] = []int{} },
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
		`lists "embedding" twice`:             func(m object) { tensor(m, "rope")["name"] = "embedding" },
		`"layer.0.attention_norm" and "rope"`: func(m object) { tensor(m, "rope")["offset"] = 64 },
	} {
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
