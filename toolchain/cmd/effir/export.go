package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/vocabulary"
	"github.com/effir/effir/wasm/model"
)

func exportCommand() *cobra.Command {
	var o export.Options
	var out, pooling string
	var dropUnused bool
	var scripts []string
	c := &cobra.Command{
		Use:   "export CHECKPOINT",
		Short: "Quantise a checkpoint and write it as a model package",
		Long: `Quantise a checkpoint and write it as a model package: a manifest beside files
named by their hash, which any static host can serve. How texts become vectors
(pooling, prefixes, special tokens, a dense head) follows from the checkpoint.

Weights take 4 bits unless --weights or --precision says otherwise; 7 bits are
nearly lossless. --precision names tensors of the package by pattern:

  layer.N.qkv, .output, .gate_up (Llama), .up (BERT), .down   4 or 7 bits
  embedding, positions (BERT)                                 4 or 8 bits`,
		Example: `  effir export checkpoints/smollm2 -o packages/smollm2
  effir export checkpoints/bge-small -o packages/bge-small --weights 7 --embedding 4 --precision 'layer.1?.*=4'`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := (&measured{}).locate(args[0])
			if err != nil {
				return err
			}
			files, err := checkpoint.Open(path)
			if err != nil {
				return err
			}
			defer files.Close()
			src := export.Source(files)
			if dropUnused {
				if src, err = vocabulary.WithoutUnused(src); err != nil {
					return err
				}
			}
			if len(scripts) > 0 {
				if src, err = vocabulary.WithScripts(src, scripts); err != nil {
					return err
				}
			}
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
			fmt.Fprintf(c.OutOrStdout(), "%s: %d layers, %.1f MB in %d chunks (%s)\n",
				out, m.Layers().Count(), float64(m.Weights.Bytes)/1e6, len(m.Weights.Chunks), typeSummary(m))
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "out", "o", "", "folder to write")
	f.StringVar(&o.Name, "name", "", "name in the manifest (default: the checkpoint's folder)")
	f.StringVar(&pooling, "pooling", "", "mean, last or cls, without special tokens and head (default: what the checkpoint says)")
	f.IntVar(&o.MaxTokens, "max-tokens", 0, "longest text (default: what the checkpoint says, at most 512)")
	f.IntVar(&o.Layers, "layers", 0, "keep only the first so many layers (default all)")
	f.IntVar(&o.Precision.Weights, "weights", 4, "bits of a weight: 4 or 7")
	f.IntVar(&o.Precision.Embedding, "embedding", 8, "bits of the token table: 4 or 8")
	f.StringToIntVar(&o.Precision.Overrides, "precision", nil, "bits of tensors by pattern, such as 'layer.0.*=7'")
	f.BoolVar(&dropUnused, "drop-unused", false, "leave the [unusedN] entries of a BERT vocabulary out")
	f.StringSliceVar(&scripts, "scripts", nil, "leave out tokens in other scripts, such as Latin,Greek (default: keep all)")
	return withGGUF(c)
}

// typeSummary says how many bytes lie in which type of tensor.
func typeSummary(m *model.Manifest) string {
	bytes := map[string]int{}
	for _, t := range m.Tensors {
		bytes[t.Type] += t.Bytes
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(bytes)) {
		parts = append(parts, fmt.Sprintf("%s %.1f", name, float64(bytes[name])/1e6))
	}
	return strings.Join(parts, ", ")
}
