// Command asm writes the assembly of package avx2 into the current directory:
// for each part a file of functions, z*_amd64.s, and their Go declarations,
// z*_amd64.go. Run it by `go generate` in that package's folder.
package main

import (
	"fmt"
	"os"
)

func main() {
	for _, p := range parts {
		assembly, stubs, err := generate(p)
		if err == nil {
			err = os.WriteFile(p.file()+".s", assembly, 0o644)
		}
		if err == nil {
			err = os.WriteFile(p.file()+".go", stubs, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "asm: part %s: %v\n", p.name, err)
			os.Exit(1)
		}
	}
}
