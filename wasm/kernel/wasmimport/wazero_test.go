//go:build !wasm

package wasmimport_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/effir/effir/wasm/kernel/simd128"
)

// TestInWazero compiles this package's tests to WebAssembly and runs them in
// wazero, beside the kernel module.
func TestInWazero(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.wasm")
	build := exec.Command("go", "test", "-c", "-o", path, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, text)
	}
	guest, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	if _, err := r.InstantiateWithConfig(ctx, simd128.Baseline, wazero.NewModuleConfig().WithName("kernel")); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	config := wazero.NewModuleConfig().WithName("").WithArgs("test.wasm", "-test.v").
		WithStdout(&output).WithStderr(&output).
		WithSysWalltime().WithSysNanotime()
	if _, err := r.InstantiateWithConfig(ctx, guest, config); err != nil {
		t.Errorf("%v\n%s", err, &output)
	}
	for _, passed := range []string{"--- PASS: TestConformance ", "--- PASS: TestNoAllocations "} {
		if !bytes.Contains(output.Bytes(), []byte(passed)) {
			t.Errorf("the guest did not print %q:\n%s", passed, &output)
		}
	}
}

// The same source compiles for programs that JavaScript runs.
func TestCompilesForJS(t *testing.T) {
	build := exec.Command("go", "test", "-c", "-o", os.DevNull, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", build, err, text)
	}
}
