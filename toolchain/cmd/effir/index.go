package main

import (
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/wasm/index"
)

func indexCommand() *cobra.Command {
	var out, modelName string
	var keywordOnly bool
	fusion := index.DefaultFusion()
	c := &cobra.Command{
		Use:   "index CORPUS",
		Short: "Make a search bundle of a corpus",
		Long: `Make a search bundle: keyword index, passages and vectors. CORPUS is a folder with
corpus.jsonl (one {"_id", "title", "text"} a line), or "godoc" for the documentation of
the installed Go. Running it again embeds only what is missing.`,
		Example: "  effir index godoc -o site/index\n  effir index docs --model packages/slim -o site/index",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			passages, err := readCorpus(c, args[0])
			if err != nil {
				return err
			}
			var model fs.FS
			if !keywordOnly { // a wrong model is known before anything is written
				if model, err = openModel(modelName); err != nil {
					return err
				}
			}
			bundle, err := corpus.WriteBundle(out, passages, corpus.BundleOptions{Fusion: fusion})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d passages, keyword index of %d kB\n", out, bundle.Count, bundle.Keyword.Bytes/1000)
			if keywordOnly {
				return nil
			}
			bar := newBar(c.ErrOrStderr(), len(passages), "embed")
			return embed.Bundle(c.Context(), out, model, passages, func(n int) { _ = bar.Set(n) })
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "out", "o", "", "folder of the bundle (required)")
	modelFlag(f, &modelName)
	f.BoolVar(&keywordOnly, "keyword-only", false, "embed nothing: search by keyword alone")
	f.Float32Var(&fusion.Keyword, "keyword-weight", fusion.Keyword, "weight in fusion of a passage's share of the best keyword score")
	f.Float32Var(&fusion.Semantic, "semantic-weight", fusion.Semantic, "weight in fusion of the squared number of deviations of similarity")
	_ = c.MarkFlagRequired("out")
	return c
}

func readCorpus(c *cobra.Command, name string) ([]corpus.Passage, error) {
	if name == "godoc" {
		return demo.Corpus(c.Context())
	}
	return corpus.ReadCorpus(name)
}
