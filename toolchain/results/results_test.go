package results

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.json")
	if err := Write(path, Figures{"tokens_per_second": 12.5}); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Figures["tokens_per_second"] != 12.5 || r.Machine == "" || r.Commit == "" {
		t.Errorf("read back %+v", r)
	}
	if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
		t.Error(err)
	}
}

// What was not measured is null, with the reason.
func TestMissingFigures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quality.json")
	if err := WriteWith(path, Figures{"share": 0.5}, map[string]string{"retention": "no GPU was there"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), `"retention": null`) {
		t.Errorf("file %s (%v)", text, err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Figures["share"] != 0.5 || !math.IsNaN(r.Figures["retention"]) || r.Missing["retention"] != "no GPU was there" {
		t.Errorf("read back %+v", r)
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("error %v does not name the file", err)
	}
}
