package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/model"
)

func exportCommand() *cobra.Command {
	var o export.Options
	var out, pooling string
	c := &cobra.Command{
		Use:   "export CHECKPOINT",
		Short: "Quantise a checkpoint and write it as a model package",
		Long: `Quantise a checkpoint to 4-bit groups and write it as a model package: a manifest
beside files named by their hash, which any static host can serve.`,
		Example: "  effir export checkpoints/smollm2 -o packages/smollm2",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			src, err := checkpoint.Open(args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			if o.Name == "" {
				o.Name = filepath.Base(strings.TrimRight(args[0], "/"))
			}
			o.Embedding = model.Embedding{Pooling: pooling}
			progress := stageBars(c.ErrOrStderr())
			o.Progress = func(done, total int) { progress("quantise", done, total) }
			m, err := export.Export(c.Context(), src, out, o)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d layers, %.1f MB in %d chunks\n", out, len(m.Llama.MLP), float64(m.Weights.Bytes)/1e6, len(m.Weights.Chunks))
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "out", "o", "", "folder to write")
	f.StringVar(&o.Name, "name", "", "name in the manifest (default: the checkpoint's folder)")
	f.StringVar(&pooling, "pooling", "mean", "mean over all tokens, or the last one")
	f.IntVar(&o.MaxTokens, "max-tokens", 0, "longest text (default 512)")
	f.IntVar(&o.Layers, "layers", 0, "keep only the first so many layers (default all)")
	return withGGUF(c)
}
