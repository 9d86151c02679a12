// Command npm makes the folder that is published as the npm package "effir":
// scripts, WebAssembly modules, declarations for TypeScript, README and licence.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
)

var (
	//go:embed package.json
	manifest []byte
	//go:embed README.md
	readme []byte
)

func main() {
	out := flag.String("out", "build/npm", "folder to write, which is replaced")
	guest := flag.String("guest", "build/guest.wasm", "guest module")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *guest); err != nil {
		fmt.Fprintln(os.Stderr, "npm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, guestFile string) error {
	guest, err := os.ReadFile(guestFile)
	if err != nil {
		return fmt.Errorf("guest module: %w; build it with `go tool task build`", err)
	}
	licence, err := os.ReadFile("LICENSE")
	if err != nil {
		return fmt.Errorf("%w; run this in the root of the repository", err)
	}
	return build(ctx, out, "web", guest, licence)
}

// build writes the package to out. webDir is the folder web of the repository,
// with its development dependencies installed.
func build(ctx context.Context, out, webDir string, guest, licence []byte) error {
	modules := web.Assets{"guest.wasm": guest, "kernels_baseline.wasm": simd128.Baseline, "kernels_relaxed.wasm": simd128.Relaxed}
	files, err := web.LibraryWith(modules, true)
	if err != nil {
		return err
	}
	files["package.json"], files["README.md"], files["LICENSE"] = manifest, readme, licence
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := atomicfile.Write(filepath.Join(out, name), content); err != nil {
			return err
		}
	}
	return declare(ctx, filepath.Join(out, "types"), webDir)
}

// declare writes the declarations of the library. The compiler keeps the suffix
// .ts in imports, under which nothing lies in the package.
func declare(ctx context.Context, out, webDir string) error {
	absolute, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	compiler := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "tsc"), "-p", "npm/tsconfig.json", "--outDir", absolute)
	compiler.Dir = webDir
	if output, err := compiler.CombinedOutput(); err != nil {
		return fmt.Errorf("declarations: %w (the compiler comes with npm ci in web/)\n%s", err, output)
	}
	return filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(content, []byte(`.ts"`), []byte(`.js"`)), 0o644)
	})
}
