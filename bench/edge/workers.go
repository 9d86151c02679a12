package main

import (
	"bytes"
	"context"
	"embed"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/weights"
	"github.com/effir/effir/edge/edgebuild"
	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
)

//go:embed worker
var peerFiles embed.FS

// prepare makes the folder of every worker and returns the systems.
func (b *bench) prepare(ctx context.Context) ([]system, error) {
	if err := fetch.NPM(ctx, "bench"); err != nil {
		return nil, err
	}
	from := weights.Dir(filepath.Join(b.work, "models"))
	minilm, err := from.MiniLM(ctx)
	if err != nil {
		return nil, err
	}
	onnx, err := from.ONNX(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := tokensOf(minilm)
	if err != nil {
		return nil, err
	}
	files, err := edgebuild.Files(ctx)
	if err != nil {
		return nil, err
	}
	var all []system
	for _, w := range []struct {
		name, folder string
		files        fs.FS
	}{{effirMiniLM, "effir-minilm", minilm}, {effirSlimBGE, "effir-slim", models.Default()}} {
		dir := filepath.Join(b.work, "edge", w.folder)
		if err := edgebuild.Write(dir, files); err != nil {
			return nil, err
		}
		if err := edgebuild.Assets(ctx, filepath.Join(dir, "assets"), w.files, nil); err != nil {
			return nil, err
		}
		all = append(all, system{w.name, func(ctx context.Context) (instance, error) {
			p, err := startWorkerd(ctx, b.workerd, dir)
			if err != nil {
				return nil, err
			}
			return ours(p), nil
		}})
	}
	for _, w := range []struct{ name, folder string }{{ortMiniLM, weights.MiniLM}, {ortOlder, weights.MiniLMOlder}} {
		dir := filepath.Join(b.work, "edge", "ort-"+w.folder)
		if err := peer(dir, filepath.Join(onnx, w.folder, "onnx", "model_quantized.onnx"), true); err != nil {
			return nil, err
		}
		all = append(all, system{w.name, func(ctx context.Context) (instance, error) {
			p, err := startWorkerd(ctx, b.workerd, dir)
			if err != nil {
				return nil, err
			}
			return theirs(p, tokens), nil
		}})
	}
	b.unpatched = filepath.Join(b.work, "edge", "ort-unpatched")
	if err := peer(b.unpatched, filepath.Join(onnx, weights.MiniLM, "onnx", "model_quantized.onnx"), false); err != nil {
		return nil, err
	}
	b.tokens, b.minilm = tokens, minilm
	return append(all, system{wazeroMiniLM, func(ctx context.Context) (instance, error) {
		return startWazero(ctx, b.guest, minilm)
	}}), nil
}

// peer makes the folder of a worker with onnxruntime-web.
func peer(dir, model string, patched bool) error {
	dist := filepath.Join("bench", "node_modules", "onnxruntime-web", "dist")
	runtime := filepath.Join(dist, "ort-wasm-simd-threaded.wasm")
	for name, path := range map[string]string{
		"ort.mjs":           filepath.Join(dist, "ort.wasm.bundle.min.mjs"),
		"ort.wasm":          runtime,
		"assets/ort.wasm":   runtime,
		"assets/model.onnx": model,
	} {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	for _, name := range []string{"worker.mjs", "workerd.capnp"} {
		content, err := peerFiles.ReadFile("worker/" + name)
		if err != nil {
			return err
		}
		if !patched {
			content = bytes.Replace(content, []byte(`json = "true"`), []byte(`json = "false"`), 1)
		}
		if err := write(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return nil
}

// tokensOf returns what a package's tokenizer makes of passages, special tokens included.
func tokensOf(files fs.FS) (func(text string) []int32, error) {
	m, _, err := modeldir.Open(files)
	if err != nil {
		return nil, err
	}
	t, err := modeldir.Tokenizer(files, m)
	if err != nil {
		return nil, err
	}
	return func(text string) []int32 {
		ids := t.Encode(append([]int32(nil), m.Embedding.Prefix...), m.Embedding.Passage+text)
		return append(ids, m.Embedding.Suffix...)
	}, nil
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, content)
}
