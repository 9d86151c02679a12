package figures

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/results"
)

// Each task replaces its own figures and what is said of them, and nothing else.
func TestMerge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "web.json")
	merge := func(part string, figures results.Figures, missing map[string]string) *Record {
		t.Helper()
		if err := Merge(path, part, figures, missing); err != nil {
			t.Fatal(err)
		}
		r, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := merge("", results.Figures{"a": 1}, map[string]string{"b": "no site"})
	if r.Figures["a"] != 1 || !math.IsNaN(r.Figures["b"]) || r.Missing["b"] != "no site" || r.Machine == "" || len(r.Parts) > 0 {
		t.Errorf("begun with %+v", r)
	}
	// Another machine measured that.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), r.Machine, "a calculator")), 0o600); err != nil {
		t.Fatal(err)
	}
	here := r.Machine
	r = merge("tests", results.Figures{"engines": 3, "axe": 0}, nil)
	if r.Machine != "a calculator" || r.Parts["tests"].Machine != here || !slices.Equal(r.Parts["tests"].Figures, []string{"axe", "engines"}) || r.Figures["a"] != 1 || r.Missing["b"] == "" {
		t.Errorf("with tests %+v", r)
	}
	r = merge("", results.Figures{"b": 2, "axe": 1}, nil)
	if r.Machine != here || len(r.Missing) > 0 || r.Figures["b"] != 2 || r.Figures["engines"] != 3 || !slices.Equal(r.Parts["tests"].Figures, []string{"engines"}) {
		t.Errorf("with another benchmark %+v", r)
	}
	// What reads the figures of other tasks reads these, too.
	if other, err := results.Read(path); err != nil || other.Figures["engines"] != 3 || other.Machine != here {
		t.Errorf("%+v, %v", other, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Merge(path, "", results.Figures{"a": 1}, nil); err == nil || !strings.Contains(err.Error(), "web.json") {
		t.Errorf("a broken file: %v", err)
	}
}
