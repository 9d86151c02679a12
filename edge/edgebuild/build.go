// Package edgebuild puts the worker together: the Go program compiled to
// WebAssembly, Go's JavaScript support for it, the kernels and the worker's own
// modules, in one folder that workerd and wrangler take as it is.
package edgebuild

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/effir/effir/edge/worker"
	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/kernel/simd128"
)

const program = "github.com/effir/effir/edge"

// Build makes the worker in dir, which is created if needed; files that it
// replaces are replaced whole. It needs the go command and must run inside the module.
func Build(ctx context.Context, dir string) error {
	files, err := Files(ctx)
	if err != nil {
		return err
	}
	return Write(dir, files)
}

// Files returns the worker's files by name.
func Files(ctx context.Context) (map[string][]byte, error) {
	files, err := supportFiles(ctx)
	if err != nil {
		return nil, err
	}
	files["effir.wasm"], err = compile(ctx)
	return files, err
}

// Write stores the worker's files in dir.
func Write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := atomicfile.Write(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("edge worker: %w", err)
		}
	}
	return nil
}

// supportFiles returns all files but the program.
func supportFiles(ctx context.Context) (map[string][]byte, error) {
	files := map[string][]byte{
		"kernels_baseline.wasm": simd128.Baseline,
		"kernels_relaxed.wasm":  simd128.Relaxed,
	}
	entries, err := worker.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if files[entry.Name()], err = fs.ReadFile(worker.Files, entry.Name()); err != nil {
			return nil, err
		}
	}
	root, err := goCommand(ctx, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	support := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
	if files["wasm_exec.mjs"], err = os.ReadFile(support); err != nil {
		return nil, fmt.Errorf("edge worker: %w; use a Go distribution that has its lib folder", err)
	}
	return files, nil
}

// compile returns the program as a WebAssembly module.
func compile(ctx context.Context) ([]byte, error) {
	temp, err := os.MkdirTemp("", "effir-edge-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "effir.wasm")
	env := []string{"GOOS=js", "GOARCH=wasm"}
	if _, err := goCommand(ctx, env, "build", "-trimpath", "-ldflags=-s -w", "-o", out, program); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// goCommand runs the go command with additions to the environment and returns
// its output.
func goCommand(ctx context.Context, env []string, arguments ...string) ([]byte, error) {
	var out, problem bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", arguments...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("edge worker: go %s: %w\n%s", strings.Join(arguments, " "), err, problem.Bytes())
	}
	return out.Bytes(), nil
}
