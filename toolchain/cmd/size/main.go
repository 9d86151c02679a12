// Command size measures what a browser loads before model and index, each file
// as brotli at its best level sends it.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"

	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
)

func main() {
	out := flag.String("out", "", "results file to write")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: size [-out results.json] guest.wasm")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run(guestPath, out string) error {
	guest, err := os.ReadFile(guestPath)
	if err != nil {
		return err
	}
	scripts, err := worker()
	if err != nil {
		return err
	}
	figures := results.Figures{}
	for name, content := range map[string][]byte{"guest": guest, "kernels": simd128.Relaxed, "worker": scripts} {
		figures[name+"_bytes"] = float64(len(content))
		compressed := float64(packed(content))
		figures[name+"_brotli_bytes"] = compressed
		figures["runtime_brotli_bytes"] += compressed
	}
	for _, name := range []string{"guest", "kernels", "worker", "runtime"} {
		fmt.Printf("%-8s %9.0f bytes as brotli\n", name, figures[name+"_brotli_bytes"])
	}
	if out == "" {
		return nil
	}
	return results.Write(out, figures)
}

// worker returns the bundled script of the Web Worker, which holds the loader
// and the WASI shim.
func worker() ([]byte, error) {
	dir, err := os.MkdirTemp("", "effir-size-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := web.Bundle(context.Background(), dir, true); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "worker.js"))
}

func packed(b []byte) int {
	var buffer bytes.Buffer
	w := brotli.NewWriterLevel(&buffer, brotli.BestCompression)
	_, _ = w.Write(b)
	_ = w.Close()
	return buffer.Len()
}
