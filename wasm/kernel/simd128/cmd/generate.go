// Command cmd writes the kernel modules into the current folder.
package main

import (
	"fmt"
	"os"

	"github.com/effir/effir/wasm/kernel/simd128/generator"
)

func main() {
	for name, variant := range map[string]generator.Variant{
		"kernels_baseline.wasm": generator.Baseline,
		"kernels_relaxed.wasm":  generator.Relaxed,
	} {
		if err := os.WriteFile(name, generator.Module(variant), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
