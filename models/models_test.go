package models_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Every released package is whole, says where it comes from, brings its licence
// and holds nothing else.
func TestReleasedPackages(t *testing.T) {
	for _, name := range models.Names() {
		dir, err := models.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := modeldir.Check(dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, _, err := modeldir.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if m.License == "" || m.Source == "" {
			t.Errorf("%s: licence %q, source %q; both must be known", name, m.License, m.Source)
		}
		if text, err := fs.ReadFile(dir, "LICENSE"); err != nil || !strings.Contains(string(text), "Copyright") {
			t.Errorf("%s: no licence with a copyright notice: %v", name, err)
		}
		want := []string{"LICENSE", "model.json", m.Tokenizer.FileName()}
		for _, chunk := range m.Weights.Chunks {
			want = append(want, chunk.FileName())
		}
		slices.Sort(want)
		var got []string
		entries, err := fs.ReadDir(dir, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			got = append(got, entry.Name())
		}
		if !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s holds %v, want %v", name, got, want)
		}
	}
	if !slices.Contains(models.Names(), models.DefaultName) {
		t.Errorf("%s is not among %v", models.DefaultName, models.Names())
	}
}

// Every folder of a package beside this file is released, and the other way round.
func TestNames(t *testing.T) {
	manifests, err := filepath.Glob("*/model.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, path := range manifests {
		want = append(want, filepath.Dir(path))
	}
	if got := models.Names(); !slices.Equal(got, want) {
		t.Errorf("released are %v, in the folder are %v", got, want)
	}
	for _, name := range []string{"", ".", "..", "missing", models.DefaultName + "/"} {
		if _, err := models.Open(name); err == nil || !strings.Contains(err.Error(), models.DefaultName) {
			t.Errorf("Open(%q): error %v does not say what there is", name, err)
		}
	}
}

// What runs in a browser or at the edge does not carry the weights.
func TestWebAssemblyProgramsLeaveModelsOut(t *testing.T) {
	for program, system := range map[string]string{"wasm/cmd/guest": "wasip1", "edge": "js"} {
		cmd := exec.Command("go", "list", "-deps", "github.com/effir/effir/"+program)
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=wasm")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		list := strings.Fields(string(out))
		if !slices.Contains(list, "github.com/effir/effir/wasm/engine") || slices.Contains(list, "github.com/effir/effir/models") {
			t.Errorf("%s imports\n%s", program, out)
		}
	}
}
