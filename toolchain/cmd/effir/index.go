package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model/modeldir"
)

func indexCommand() *cobra.Command {
	var out, modelDir string
	fusion := index.DefaultFusion()
	c := &cobra.Command{
		Use:   "index CORPUS",
		Short: "Make a search bundle of a corpus",
		Long: `Make a search bundle: keyword index, passages and, with --model, vectors. CORPUS is
a folder with corpus.jsonl (one {"_id", "title", "text"} a line), or "godoc" for the
documentation of the installed Go. Running it again embeds only what is missing.`,
		Example: "  effir index godoc --model packages/slim -o site/search",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			passages, err := readCorpus(c, args[0])
			if err != nil {
				return err
			}
			if modelDir != "" { // a wrong model is known before anything is written
				if _, _, err := modeldir.Open(os.DirFS(modelDir)); err != nil {
					return err
				}
			}
			bundle, err := corpus.WriteBundle(out, passages, corpus.BundleOptions{Fusion: fusion})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d passages, keyword index of %d kB\n", out, bundle.Count, bundle.Keyword.Bytes/1000)
			if modelDir == "" {
				return nil
			}
			bar := newBar(c.ErrOrStderr(), len(passages), "embed")
			return embed.Bundle(c.Context(), out, modelDir, passages, func(n int) { _ = bar.Set(n) })
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "out", "o", "", "folder of the bundle (required)")
	f.StringVar(&modelDir, "model", "", "model package to embed passages with")
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
