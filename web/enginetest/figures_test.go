package enginetest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	measured "github.com/effir/effir/toolchain/results"
)

// resultsVariable names the folder of web.json; without it nothing is recorded.
const resultsVariable = "EFFIR_RESULTS"

// figures are what the tests measured.
var figures = measured.Figures{}

// record adds the figures to those that others have put into web.json, if there is
// a folder for results.
func record(t *testing.T) {
	t.Helper()
	dir := os.Getenv(resultsVariable)
	t.Logf("%v", figures)
	if dir == "" {
		return
	}
	path := filepath.Join(dir, "web.json")
	all, missing := measured.Figures{}, map[string]string(nil)
	switch old, err := measured.Read(path); {
	case err == nil:
		all, missing = old.Figures, old.Missing
	case !errors.Is(err, fs.ErrNotExist):
		t.Fatal(err)
	}
	maps.Copy(all, figures)
	for name := range figures {
		delete(missing, name)
	}
	if err := measured.WriteWith(path, all, missing); err != nil {
		t.Fatal(err)
	}
}
