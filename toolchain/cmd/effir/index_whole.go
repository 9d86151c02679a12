package main

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/embed"
)

// indexWhole makes the bundle that is held in memory as a whole.
func indexWhole(c *cobra.Command, source string, o indexOptions) error {
	passages, err := readCorpus(c.Context(), source)
	if err != nil {
		return err
	}
	var model fs.FS
	if !o.keywordOnly { // a wrong model is known before anything is written
		if model, err = openModel(o.model); err != nil {
			return err
		}
	}
	bundle, err := corpus.WriteBundle(o.out, passages, corpus.BundleOptions{Fusion: o.fusion})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %d passages, keyword index of %d kB\n", o.out, bundle.Count, bundle.Keyword.Bytes/1000)
	if o.keywordOnly {
		return nil
	}
	bar := newBar(c.ErrOrStderr(), len(passages), "embed")
	return embed.Bundle(c.Context(), o.out, model, passages, func(n int) { _ = bar.Set(n) })
}

func readCorpus(ctx context.Context, name string) ([]corpus.Passage, error) {
	if name == "godoc" {
		return demo.Corpus(ctx)
	}
	return corpus.ReadCorpus(name)
}
