package modeldir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/model/modeldir"
)

func TestReadFileVerifies(t *testing.T) {
	dir := tinymodel.Write(t)
	m, _, err := modeldir.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	chunk := m.Weights.Chunks[0]
	path := filepath.Join(dir, chunk.FileName())
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	for name, spoil := range map[string]func() error{
		"a changed bit": func() error { return os.WriteFile(path, content, 0o600) },
		"a cut":         func() error { return os.WriteFile(path, content[:100], 0o600) },
		"no file":       func() error { return os.Remove(path) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := modeldir.ReadFile(os.DirFS(dir), chunk)
		if err == nil || !strings.Contains(err.Error(), chunk.FileName()) {
			t.Errorf("%s: error %v does not name the file", name, err)
		}
	}
	if _, _, err := modeldir.Open(os.DirFS(t.TempDir())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty folder: %v", err)
	}
}
