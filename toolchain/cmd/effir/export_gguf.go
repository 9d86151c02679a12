package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/ggufexport"
)

// ggufTypes are the values of --gguf-weights.
var ggufTypes = map[string]gguf.Type{"f32": gguf.F32, "f16": gguf.F16, "q8_0": gguf.Q8_0, "q4_0": gguf.Q4_0}

// withGGUF adds the flag --gguf to the export command: a file for llama.cpp instead of a package.
func withGGUF(c *cobra.Command) *cobra.Command {
	var file, weights string
	c.Long += `

With --gguf a Llama model is written as one file for llama.cpp and the programs
around it instead: slimmed models as architecture "deci", others as "llama".`
	c.Example += `
  effir export smollm2-135m-instruct --gguf smollm2.gguf
  effir export checkpoints/smollm2-slim --gguf smollm2-slim.gguf --gguf-weights q8_0`
	f := c.Flags()
	f.StringVar(&file, "gguf", "", "GGUF file to write instead of a package")
	f.StringVar(&weights, "gguf-weights", "f16", "number format of the GGUF file: f32, f16, q8_0 or q4_0")
	c.MarkFlagsOneRequired("out", "gguf")
	for _, packages := range []string{"out", "pooling", "max-tokens", "layers", "weights", "embedding", "precision", "drop-unused", "scripts"} {
		c.MarkFlagsMutuallyExclusive(packages, "gguf") // a GGUF file holds what the checkpoint says
	}
	toPackage := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if file == "" {
			return toPackage(c, args)
		}
		return exportGGUF(c, args[0], file, weights)
	}
	return c
}

func exportGGUF(c *cobra.Command, source, file, weights string) error {
	kind, ok := ggufTypes[strings.ToLower(weights)]
	if !ok {
		return fmt.Errorf("--gguf-weights: %q is not f32, f16, q8_0 or q4_0", weights)
	}
	name, err := c.Flags().GetString("name")
	if err != nil {
		return err
	}
	if name == "" {
		name = filepath.Base(strings.TrimRight(source, "/"))
	}
	dir, err := (&measured{}).locate(source)
	if err != nil {
		return err
	}
	src, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	defer src.Close()
	bar := &stepBar{out: c.ErrOrStderr()}
	sum, err := ggufexport.Write(c.Context(), file, src, ggufexport.Options{
		Name: name, Type: kind,
		Progress: func(done, total int64) { bar.update("writing weights", done, total) },
	})
	bar.finish()
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: architecture %s, %d blocks, %.1f MB\n", file, sum.Architecture, sum.Blocks, float64(info.Size())/1e6)
	return nil
}
