package importer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantError checks that an error names file, field and remedy and mentions what is wrong.
func wantError(t *testing.T, err error, file, field, mentions string) {
	t.Helper()
	var input *checkpoint.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %T (%v), want *checkpoint.InputError", err, err)
	}
	if !strings.HasSuffix(input.File, file) || input.Field != field || input.Remedy == "" {
		t.Errorf("error names file %q, field %q, remedy %q; want %q, %q and a remedy", input.File, input.Field, input.Remedy, file, field)
	}
	if !strings.Contains(err.Error(), mentions) {
		t.Errorf("error %q does not mention %q", err, mentions)
	}
}

// wantEmpty checks that a folder has nothing in it, or does not exist.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was left behind", filepath.Join(dir, e.Name()))
	}
}

// wantFiles checks what files a folder has, at any depth.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s has the files %q, want %q", dir, got, want)
	}
}

// wantTinyModel checks that a checkpoint has the values of tiny.safetensors, which another program
// made from tiny.gguf.
func wantTinyModel(t *testing.T, dir string) {
	t.Helper()
	got, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()

	// Reading the expected values needs a configuration beside them.
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "model.safetensors"), readFile(t, "testdata/tiny.safetensors"))
	writeFile(t, filepath.Join(folder, "config.json"), readFile(t, filepath.Join(dir, "config.json")))
	want, err := checkpoint.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if len(got.Names()) != len(want.Names()) {
		t.Errorf("%d tensors, want %d", len(got.Names()), len(want.Names()))
	}
	for _, name := range want.Names() {
		a, errA := got.Tensor(name)
		b, errB := want.Tensor(name)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for i := range b.Data {
			if a.Data[i] != b.Data[i] {
				t.Fatalf("%s[%d] = %v, want %v", name, i, a.Data[i], b.Data[i])
			}
		}
	}
}
