package edgetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/effir/effir/edge/edgebuild"
)

// StartWrangler is Start for a deployment by a wrangler configuration: workerd
// reads it and bundles the worker as wrangler does, and static assets come from
// the folder that it names.
func StartWrangler(t testing.TB, configuration, modelDir, bundleDir string) Process {
	t.Helper()
	binary := findWorkerd(t)
	files, err := build()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	worker := filepath.Join(root, "build", "edge")
	if err := edgebuild.Write(worker, files); err != nil {
		t.Fatal(err)
	}
	if err := edgebuild.Assets(t.Context(), filepath.Join(worker, "assets"), modelDir, bundleDir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(root, "edge", filepath.Base(configuration))
	if err := edgebuild.Write(filepath.Dir(copied), map[string][]byte{filepath.Base(copied): text}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "--experimental", copied, "--socket-addr", "http=127.0.0.1:0", "--control-fd", "3")
	cmd.Env = append(os.Environ(), "WORKERD_ESBUILD="+esbuild(t))
	return run(t, cmd)
}

// esbuild compiles the bundler, which is among the module's dependencies.
func esbuild(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "esbuild")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/evanw/esbuild/cmd/esbuild").CombinedOutput(); err != nil {
		t.Fatalf("compile esbuild: %v\n%s", err, out)
	}
	return path
}
