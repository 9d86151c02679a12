package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
)

var threePassages = []Passage{
	{ID: "1", Title: "apples", Text: "red apples", URL: "u1", Section: "fruit"},
	{ID: "2", Title: "boats", Text: "white boats", URL: "u2", Section: "vehicles"},
	{ID: "3", Title: "cars", Text: "fast cars", URL: "u3", Section: "vehicles"},
}

var someModel = strings.Repeat("ab", 32)

func someVectors(t *testing.T, rows ...[]float32) *index.Vectors {
	t.Helper()
	v, err := index.NewVectors(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := v.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// wantFiles checks that dir holds the bundle's files and nothing else.
func wantFiles(t *testing.T, dir string, bundle *index.Bundle) {
	t.Helper()
	want := []string{index.ManifestName}
	for _, file := range filesOf(bundle) {
		want = append(want, file.FileName())
	}
	slices.Sort(want)
	if got := fileNames(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestBundleGrowsByVectors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "bundle")
	bundle, err := WriteBundle(dir, threePassages, BundleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, bundle)
	_, search, err := OpenBundle(dir)
	if err != nil {
		t.Fatal(err)
	}
	if hits := search.Keyword("vehicles", 5); len(hits) != 2 || search.Covered() != 0 {
		t.Fatalf("hits %+v, covered %d", hits, search.Covered())
	}
	if got := search.Passage(1); got != (index.Passage{Title: "boats", Text: "white boats", URL: "u2", Section: "vehicles"}) {
		t.Errorf("passage %+v", got)
	}

	for _, rows := range [][][]float32{{{1, 0}}, {{1, 0}, {0, 1}}, {{1, 0}, {0, 1}}, {{1, 0}, {0, 1}, {1, 1}}} {
		if bundle, err = AddVectors(dir, someVectors(t, rows...), someModel); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, dir, bundle)
		opened, search, err := OpenBundle(dir)
		if err != nil {
			t.Fatal(err)
		}
		if search.Covered() != len(rows) || *opened.Vectors != *bundle.Vectors || opened.Vectors.Model != someModel {
			t.Errorf("covered %d of %d, vectors %+v", search.Covered(), len(rows), opened.Vectors)
		}
	}

	// The same passages keep their vectors, others lose them.
	options := BundleOptions{Fusion: index.Fusion{Keyword: 1, Semantic: 0.5}}
	if bundle, err = WriteBundle(dir, threePassages, options); err != nil || bundle.Vectors == nil || bundle.Fusion != options.Fusion {
		t.Errorf("bundle %+v, error %v", bundle, err)
	}
	wantFiles(t, dir, bundle)
	if bundle, err = WriteBundle(dir, threePassages[:2], options); err != nil || bundle.Vectors != nil {
		t.Errorf("bundle %+v, error %v", bundle, err)
	}
	wantFiles(t, dir, bundle)
}

func TestAddVectorsRefusesAndKeepsTheBundle(t *testing.T) {
	dir := t.TempDir()
	if _, err := AddVectors(dir, someVectors(t), someModel); err == nil {
		t.Error("vectors without a bundle were accepted")
	}
	bundle, err := WriteBundle(dir, threePassages, BundleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	four := someVectors(t, []float32{1, 0}, []float32{1, 0}, []float32{1, 0}, []float32{1, 0})
	if _, err := AddVectors(dir, four, someModel); err == nil {
		t.Error("more vectors than passages were accepted")
	}
	if _, err := AddVectors(dir, someVectors(t), "model"); err == nil {
		t.Error("a model that is not a hash was accepted")
	}
	wantFiles(t, dir, bundle)
	if _, _, err := OpenBundle(dir); err != nil {
		t.Error(err)
	}
}

func TestOpenBundleNamesWhatIsWrong(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"missing":   os.Remove,
		"truncated": func(path string) error { return os.Truncate(path, 5) },
		"changed": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			data[len(data)-1] ^= 1
			return os.WriteFile(path, data, 0o644)
		},
	} {
		for part := range 3 {
			dir := t.TempDir()
			if _, err := WriteBundle(dir, threePassages, BundleOptions{}); err != nil {
				t.Fatal(err)
			}
			bundle, err := AddVectors(dir, someVectors(t, []float32{1, 0}), someModel)
			if err != nil {
				t.Fatal(err)
			}
			file := filesOf(bundle)[part].FileName()
			if err := damage(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := OpenBundle(dir); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "again") {
				t.Errorf("file %d %s: error %v does not name file and remedy", part, name, err)
			}
			// Writing again repairs it.
			if _, err := WriteBundle(dir, threePassages, BundleOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, _, err := OpenBundle(dir); part < 2 && err != nil {
				t.Errorf("file %d %s: not repaired: %v", part, name, err)
			}
		}
	}
	if _, _, err := OpenBundle(t.TempDir()); err == nil || !strings.Contains(err.Error(), index.ManifestName) {
		t.Errorf("empty folder: error %v", err)
	}
}

func TestWriteBundleRefusesTextThatIsNotUTF8(t *testing.T) {
	dir := t.TempDir()
	if _, err := WriteBundle(dir, []Passage{{Title: "bad", Text: "\xff"}}, BundleOptions{}); err == nil {
		t.Error("accepted")
	}
	if names := fileNames(t, dir); len(names) != 0 {
		t.Errorf("left %q", names)
	}
}
