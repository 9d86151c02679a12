// Command compact writes a tokenizer.json in this repository's compact form to
// standard output. testdata/golden.py runs it.
package main

import (
	"fmt"
	"os"

	"github.com/effir/effir/wasm/tokenizer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compact tokenizer.json > file")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	t, err := tokenizer.ParseJSON(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	compact, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(compact)
	return err
}
