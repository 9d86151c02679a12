package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	measured "github.com/effir/effir/toolchain/results"
	kept "github.com/effir/effir/web/figures"
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
	if err := kept.Merge(filepath.Join(dir, "web.json"), "tests in three engines", figures, nil); err != nil {
		t.Fatal(err)
	}
}
