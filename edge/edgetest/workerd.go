package edgetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// findWorkerd returns the path of the workerd binary: what WORKERD names, what
// npm has installed in edge/ or web/, or what PATH holds, in this order.
func findWorkerd(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("WORKERD"); path != "" {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("WORKERD: %v; name the workerd binary or unset it", err)
		}
		return path
	}
	for _, folder := range []string{"edge", "web"} {
		path := filepath.Join(moduleRoot(t), folder, "node_modules", "@cloudflare", npmPackage(), "bin", "workerd")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if path, err := exec.LookPath("workerd"); err == nil {
		return path
	}
	const problem = "workerd is not installed: run npm ci in edge/, or set WORKERD to the binary"
	if os.Getenv("EFFIR_REQUIRE_WORKERD") == "1" {
		t.Fatal(problem)
	}
	t.Skip(problem)
	return ""
}

// npmPackage is the name of the npm package with the binary for this machine.
func npmPackage() string {
	name := "workerd-" + runtime.GOOS + "-"
	if runtime.GOARCH == "amd64" {
		return name + "64"
	}
	return name + runtime.GOARCH
}

// moduleRoot returns the folder of go.mod above the package that is tested.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("there is no go.mod above the working directory (%v)", err)
	return ""
}
