package ggufexport

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/tokenizer"
)

// TestImportGivesTheModelBack exports a uniform model and imports the file again: same
// configuration, same bits, same tokens.
func TestImportGivesTheModelBack(t *testing.T) {
	for name, tied := range map[string]bool{"tied": true, "untied": false} {
		t.Run(name, func(t *testing.T) {
			m := tiny(t, func(c *checkpoint.Config) { c.TieWordEmbeddings = tied })
			f, sum := written(t, m, gguf.F32)
			if sum.Architecture != "llama" || sum.Blocks != 3 {
				t.Errorf("summary %+v", sum)
			}
			dir := filepath.Join(t.TempDir(), "back")
			if _, err := importer.Import(t.Context(), f.Name(), dir, importer.Options{CacheDir: t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			back, err := checkpoint.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer back.Close()
			got, want := back.Config(), m.config
			want.IntermediateSize, want.IntermediateSizes = 96, nil
			got.Provenance, want.Provenance = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the configuration is %+v, want %+v", got, want)
			}
			for _, spec := range m.config.Tensors() {
				tensor, err := back.Tensor(spec.Name)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(tensor.Data, m.Tensors[spec.Name].Data) {
					t.Errorf("%s has changed", spec.Name)
				}
			}
			text, err := back.TokenizerJSON()
			if err != nil {
				t.Fatal(err)
			}
			sameTokens(t, text, m.tokenizer)
		})
	}
}

func sameTokens(t *testing.T, got, want []byte) {
	t.Helper()
	a, err := tokenizer.ParseJSON(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := tokenizer.ParseJSON(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"def byte_level(split): return 2026", "<|im_start|>user\nGrüße 🙂<|im_end|>", "  tabs\tand 1234"} {
		if x, y := a.Encode(nil, text), b.Encode(nil, text); !slices.Equal(x, y) {
			t.Errorf("%q became %v, want %v", text, x, y)
		}
	}
}

// TestRefusals: what the file cannot say is an error of the field, and nothing is written.
func TestRefusals(t *testing.T) {
	embedding := func(change func(e *checkpoint.Embedding)) *memory {
		return tiny(t, func(c *checkpoint.Config) {
			c.Embedding = &checkpoint.Embedding{Pooling: checkpoint.PoolMean, Normalize: true, MaxTokens: 128}
			change(c.Embedding)
		})
	}
	template := func(m *memory, before, after int) *memory {
		return m.changed(t, func(file map[string]any) {
			token := map[string]any{"SpecialToken": map[string]any{"id": "<|im_end|>", "type_id": 0}}
			single := slices.Repeat([]any{token}, before)
			single = append(single, map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}})
			single = append(single, slices.Repeat([]any{token}, after)...)
			file["post_processor"] = map[string]any{"type": "TemplateProcessing", "single": single, "special_tokens": map[string]any{
				"<|im_end|>": map[string]any{"id": "<|im_end|>", "ids": []int{2}, "tokens": []string{"<|im_end|>"}},
			}}
		})
	}
	nan := tiny(t, nil)
	nan.Tensors["model.layers.1.mlp.up_proj.weight"].Data[5] = float32(math.NaN())
	large := tiny(t, nil)
	large.Tensors["model.norm.weight"].Data[0] = 1e9 // norms are F32 whatever is asked for
	large.Tensors["model.layers.2.self_attn.v_proj.weight"].Data[0] = 1e9
	bert := tiny(t, nil)
	bert.config.ModelType = checkpoint.Bert
	for name, c := range map[string]struct {
		model *memory
		field string
	}{
		"BERT":             {bert, "model_type"},
		"configuration":    {&memory{config: checkpoint.Config{ModelType: checkpoint.Llama}}, "hidden_size"},
		"dense head":       {embedding(func(e *checkpoint.Embedding) { e.HeadDims = 8 }), "effir_embedding.head_dims"},
		"skipped tokens":   {embedding(func(e *checkpoint.Embedding) { e.Skip = 1 }), "effir_embedding.skip"},
		"too many layers":  {tiny(t, func(c *checkpoint.Config) { c.NumHiddenLayers, c.IntermediateSizes = 513, slices.Repeat([]int{1}, 513) }), "num_hidden_layers"},
		"too many tokens":  {tiny(t, func(c *checkpoint.Config) { c.VocabSize = 319 }), "model.vocab"},
		"two before":       {template(tiny(t, nil), 2, 0), "post_processor"},
		"two behind":       {template(tiny(t, nil), 0, 2), "post_processor"},
		"whole words":      {tiny(t, nil).changed(t, func(f map[string]any) { f["model"].(map[string]any)["ignore_merges"] = true }), "model.ignore_merges"},
		"normalizer":       {tiny(t, nil).changed(t, func(f map[string]any) { f["normalizer"] = map[string]any{"type": "NFC"} }), ""},
		"not a tokenizer":  {tiny(t, nil).changed(t, func(f map[string]any) { clear(f) }), ""},
		"NaN":              {nan, "weights"},
		"beyond the range": {large, "weights"},
	} {
		dir := t.TempDir()
		_, err := Write(t.Context(), filepath.Join(dir, "x.gguf"), c.model, Options{Type: gguf.F16})
		var input *checkpoint.InputError
		if !errors.As(err, &input) || input.File == "" || input.Field != c.field || input.Remedy == "" {
			t.Errorf("%s: error %v, want one of field %q with a remedy", name, err, c.field)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
	if _, err := Write(t.Context(), filepath.Join(t.TempDir(), "x.gguf"), tiny(t, nil), Options{Type: gguf.Q6_K}); err == nil {
		t.Error("Q6_K is no error")
	}
}

// TestTarget: a GGUF file is replaced, anything else is not.
func TestTarget(t *testing.T) {
	m, path := tiny(t, nil), filepath.Join(t.TempDir(), "thesis.txt")
	for content, ok := range map[string]bool{"GGUF and more": true, "GGU": false, "My thesis": false, "": false} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(t.Context(), path, m, Options{}); (err == nil) != ok {
			t.Errorf("over %q: %v", content, err)
		}
		if !ok && string(readFile(t, path)) != content {
			t.Errorf("%q was replaced", content)
		}
	}
	if _, err := Write(t.Context(), t.TempDir(), m, Options{}); err == nil {
		t.Error("a folder as the file is no error")
	}
}
