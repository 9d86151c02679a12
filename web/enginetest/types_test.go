package enginetest

import (
	"os"
	"os/exec"
	"testing"
)

// The tests' own scripts fit the library's types.
func TestTypes(t *testing.T) {
	npx, err := exec.LookPath("npx")
	if err != nil {
		t.Skip("no npx on PATH")
	}
	if _, err := os.Stat("../node_modules/typescript"); err != nil {
		t.Skip("no TypeScript: run npm ci in web")
	}
	cmd := exec.CommandContext(t.Context(), npx, "tsc", "--noEmit", "-p", "enginetest")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
