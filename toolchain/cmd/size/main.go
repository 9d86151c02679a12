// Command size measures what a browser loads before model and index, each file
// as brotli at its best level sends it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

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
	scripts, err := web.Build(true)
	if err != nil {
		return err
	}
	figures := results.Figures{}
	for name, files := range map[string][][]byte{
		"guest":   {guest},
		"kernels": {simd128.Baseline, simd128.Relaxed},                   // both: one checks the other
		"scripts": {scripts[web.ComponentFile], scripts[web.WorkerFile]}, // the component holds the client
	} {
		for _, content := range files {
			compressed := float64(packed(content))
			figures[name+"_brotli_bytes"] += compressed
			figures["runtime_brotli_bytes"] += compressed
		}
	}
	for _, name := range []string{"guest", "kernels", "scripts", "runtime"} {
		fmt.Printf("%-8s %9.0f bytes as brotli\n", name, figures[name+"_brotli_bytes"])
	}
	if out == "" {
		return nil
	}
	return results.Write(out, figures)
}

func packed(b []byte) int {
	var buffer bytes.Buffer
	w := brotli.NewWriterLevel(&buffer, brotli.BestCompression)
	_, _ = w.Write(b)
	_ = w.Close()
	return buffer.Len()
}
