package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/quantise"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// measured opens the models that effir evaluate measures. Close it when all is
// done.
type measured struct {
	maxTokens int
	cacheDir  string // of embeddings; empty for none
	backend   backends.Backend
	floats    []*evaluate.Float
}

func (m *measured) Close() {
	for _, f := range m.floats {
		f.Close()
	}
	if m.backend != nil {
		m.backend.Finalize()
	}
}

// modelSpec is what --model says: NAME=PATH@BITS, name and bits optional.
type modelSpec struct {
	name, path string
	bits       int // 0 for weights as they are
}

func parseModelSpec(text string) (modelSpec, error) {
	name, path, named := strings.Cut(text, "=")
	if !named {
		name, path = "", text
	}
	s := modelSpec{name: name, path: path}
	if at := strings.LastIndexByte(path, '@'); at >= 0 {
		bits, err := strconv.Atoi(path[at+1:])
		if err != nil || bits < 2 || bits > 8 {
			return s, fmt.Errorf("--model %s: after @ stands the number of bits to round weights to, 2 to 8", text)
		}
		s.path, s.bits = path[:at], bits
	}
	if s.path == "" {
		return s, fmt.Errorf("--model %q: give the folder of a package or checkpoint", text)
	}
	if s.name == "" {
		s.name = filepath.Base(s.path)
		if s.bits > 0 {
			s.name += "@" + strconv.Itoa(s.bits)
		}
	}
	return s, nil
}

// errMissing says that a model's folder is not there.
var errMissing = errors.New("no such model")

// locate finds the folder of a model: a path, or the name of a checkpoint in the
// cache.
func (m *measured) locate(path string) (string, error) {
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cache, err := importer.CacheDir("")
	if err != nil {
		return "", err
	}
	cached := filepath.Join(cache, "checkpoints", path)
	if _, err := os.Stat(cached); err == nil && filepath.Base(path) == path {
		return cached, nil
	}
	return "", fmt.Errorf("%w: %s is neither a folder nor a checkpoint in %s: give the folder of a package or checkpoint, or import one by effir import", errMissing, path, filepath.Dir(cached))
}

// open opens the model of a spec.
func (m *measured) open(s modelSpec) (evaluate.Model, error) {
	if isReleased(s.path) {
		files, err := openModel(s.path)
		if err != nil {
			return evaluate.Model{}, err
		}
		return m.openPackage(s, files)
	}
	dir, err := m.locate(s.path)
	if err != nil {
		return evaluate.Model{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, model.FileName)); err == nil {
		return m.openPackage(s, os.DirFS(dir))
	}
	return m.openCheckpoint(s, dir)
}

func (m *measured) openPackage(s modelSpec, files fs.FS) (evaluate.Model, error) {
	if s.bits > 0 {
		return evaluate.Model{}, fmt.Errorf("--model %s: a package's weights are rounded already: leave out @%d", s.path, s.bits)
	}
	manifest, raw, err := modeldir.Open(files)
	if err != nil {
		return evaluate.Model{}, err
	}
	opened := evaluate.Lazy(func() (evaluate.Embedder, error) { return evaluate.OpenPackage(files, m.maxTokens) })
	embedder, err := m.cached(opened, "package", modeldir.Identity(raw))
	return evaluate.Model{Name: s.name, Queries: embedder, Cost: packageCost(manifest, len(raw))}, err
}

func (m *measured) openCheckpoint(s modelSpec, dir string) (evaluate.Model, error) {
	src, err := checkpoint.Open(dir)
	if err != nil {
		return evaluate.Model{}, err
	}
	defer src.Close()
	hash, err := hashFiles(src.Files())
	if err != nil {
		return evaluate.Model{}, err
	}
	opened := evaluate.Lazy(func() (evaluate.Embedder, error) { return m.openFloat(dir, s.bits) })
	embedder, err := m.cached(opened, "float", hash, strconv.Itoa(s.bits))
	cost := compress.CostOf(src.Config())
	return evaluate.Model{
		Name: s.name, Queries: embedder, Float: true,
		Cost: evaluate.Cost{Bytes: cost.Bytes, LayerParameters: cost.Layers(), MACs: cost.MultiplyAdds},
	}, err
}

// openFloat loads a checkpoint onto the backend.
func (m *measured) openFloat(dir string, bits int) (_ evaluate.Embedder, err error) {
	src, err := checkpoint.Open(dir)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if m.backend == nil {
		if m.backend, err = backend.Open(""); err != nil {
			return nil, err
		}
	}
	options := evaluate.FloatOptions{MaxTokens: m.maxTokens}
	if bits > 0 {
		options.Weights = quantise.Weights(floatmodel.Weights(src), quantise.Plain(quantise.Grid{Bits: bits}))
	}
	f, err := evaluate.OpenFloat(m.backend, src, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	m.floats = append(m.floats, f)
	return f, nil
}

// cached puts a cache before an embedder. identity tells apart what gives other
// vectors.
func (m *measured) cached(e evaluate.Embedder, identity ...string) (evaluate.Embedder, error) {
	if m.cacheDir == "" {
		return e, nil
	}
	sum := sha256.Sum256([]byte(strings.Join(append(identity, strconv.Itoa(m.maxTokens)), "\n")))
	return evaluate.NewCache(e, filepath.Join(m.cacheDir, hex.EncodeToString(sum[:16])))
}

// hashFiles returns the SHA-256 of files one after the other.
func hashFiles(paths []string) (string, error) {
	hash := sha256.New()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// packageCost counts what a browser loads of a package and what a token costs.
func packageCost(m *model.Manifest, manifestBytes int) evaluate.Cost {
	cost := evaluate.Cost{Bytes: int64(manifestBytes + m.Tokenizer.Bytes + m.Weights.Bytes)}
	for _, t := range m.Tensors {
		if !strings.HasPrefix(t.Name, "layer.") {
			continue
		}
		elements := int64(1)
		for _, n := range t.Shape {
			elements *= int64(n)
		}
		cost.LayerParameters += elements
		if len(t.Shape) == 2 {
			cost.MACs += elements
		}
	}
	return cost
}
