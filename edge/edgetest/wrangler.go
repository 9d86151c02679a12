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
	copied := deployment(t, configuration, modelDir, bundleDir)
	cmd := exec.Command(binary, "serve", "--experimental", copied)
	cmd.Env = append(os.Environ(), "WORKERD_ESBUILD="+esbuild(t))
	return run(t, cmd, 3)
}

// deployment makes a folder with the worker and its assets where cmd/build puts
// them by default, and with a copy of a configuration file of the folder edge. It
// returns the path of the copy.
func deployment(t testing.TB, configuration, modelDir, bundleDir string) string {
	t.Helper()
	files, err := build()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	worker := filepath.Join(root, "build", "edge")
	if err := edgebuild.Write(worker, files); err != nil {
		t.Fatal(err)
	}
	if err := edgebuild.Assets(t.Context(), filepath.Join(worker, "assets"), os.DirFS(modelDir), os.DirFS(bundleDir)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(configuration)
	if err := edgebuild.Write(filepath.Join(root, "edge"), map[string][]byte{name: text}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "edge", name)
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
