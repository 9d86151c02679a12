package export

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// writer fills a package folder; the folder takes its name only at the end.
type writer struct {
	dir     *atomicfile.Dir
	image   model.Image
	tensors []model.Tensor
	pending []byte // the image's tail that fills no chunk yet
}

func newWriter(path string) (*writer, error) {
	foreign, err := atomicfile.Foreign(path, ofPackage)
	if err != nil {
		return nil, err
	}
	if foreign != "" {
		return nil, fmt.Errorf("export: %s holds %s, which is not part of a model package: choose another folder", path, foreign)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	dir, err := atomicfile.CreateDir(path)
	if err != nil {
		return nil, err
	}
	return &writer{dir: dir}, nil
}

// ofPackage says whether a file of this name may lie in a package.
func ofPackage(name string) bool {
	hash, chunk := strings.CutSuffix(name, ".bin")
	return name == model.FileName || chunk && len(hash) == 64
}

func (w *writer) abort() { _ = w.dir.Abort() }

// file stores content under its hash.
func (w *writer) file(b []byte) (model.File, error) {
	f := modeldir.NewFile(b)
	return f, os.WriteFile(filepath.Join(w.dir.Path(), f.FileName()), b, 0o644)
}

// tensor appends a tensor to the image, aligned to 64 bytes.
func (w *writer) tensor(t model.Tensor, data []byte) error {
	t.Offset, t.Bytes = roundUp(w.image.Bytes, 64), len(data)
	w.pending = append(w.pending, make([]byte, t.Offset-w.image.Bytes)...)
	w.pending = append(w.pending, data...)
	w.image.Bytes = t.Offset + t.Bytes
	w.tensors = append(w.tensors, t)
	return w.flush(model.ChunkSize)
}

// endChunk has the next tensor begin a chunk.
func (w *writer) endChunk() error {
	padding := roundUp(w.image.Bytes, 64) - w.image.Bytes
	w.pending = append(w.pending, make([]byte, padding)...)
	w.image.Bytes += padding
	return w.flush(1)
}

// flush stores the pending bytes while there are at least `least` of them.
func (w *writer) flush(least int) error {
	for len(w.pending) >= least && len(w.pending) > 0 {
		size := min(len(w.pending), model.ChunkSize)
		f, err := w.file(w.pending[:size])
		if err != nil {
			return err
		}
		w.image.Chunks = append(w.image.Chunks, f)
		w.pending = append([]byte(nil), w.pending[size:]...)
	}
	return nil
}

// finish writes the manifest, checks it as a reader will, and names the folder.
func (w *writer) finish(m *model.Manifest) error {
	if err := w.flush(1); err != nil {
		return err
	}
	m.Weights, m.Tensors = w.image, w.tensors
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if _, err := model.Parse(text); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.dir.Path(), model.FileName), text, 0o644); err != nil {
		return err
	}
	return w.dir.Commit()
}

func floatBytes(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
