package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A retriever without any prefixes is imported, with a warning beside the result, not in it.
func TestImportWarnsOfMissingPrefixes(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	dir := filepath.Join(t.TempDir(), "retriever")
	const from = "../../importer/testdata/bert"
	for to, text := range map[string]string{
		"config.json": "", "tokenizer.json": "", "model.safetensors": "",
		"modules.json":          `[{"path":"","type":"sentence_transformers.models.Transformer"},{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]`,
		"1_Pooling/config.json": `{"pooling_mode":"mean"}`,
	} {
		data := []byte(text)
		if text == "" {
			var err error
			if data, err = os.ReadFile(filepath.Join(from, strings.Replace(to, "model.", "tiny.", 1))); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, to)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errors bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&errors)
	root.SetArgs([]string{"import", dir})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errors.String(), "warning: the model's files name no prefixes") || strings.Contains(out.String(), "warning") {
		t.Errorf("printed %q, and %q on standard error", &out, &errors)
	}
}
