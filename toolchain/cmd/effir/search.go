package main

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/wasm/retriever"
)

func searchCommand() *cobra.Command {
	var bundle, modelName string
	var limit int
	c := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search a bundle in the terminal: by keyword at once, then by meaning",
		Long: `Search a bundle in the terminal. Without --index the Go documentation is searched;
the first run prepares it, as "effir demo" does.`,
		Example: `  effir search "how do I cancel a request"` + "\n" + `  effir search --index site/index "opening hours"`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			query := strings.TrimSpace(strings.Join(args, " "))
			if query == "" {
				return fmt.Errorf("the query is empty: give some words")
			}
			if limit < 1 {
				return fmt.Errorf("--limit is %d: show at least one passage", limit)
			}
			model, err := openModel(modelName)
			if err != nil {
				return err
			}
			if bundle == "" {
				if bundle, err = preparedDemo(c, model); err != nil {
					return err
				}
			}
			return search(c.OutOrStdout(), bundle, model, query, limit)
		},
	}
	c.Flags().StringVar(&bundle, "index", "", "search bundle (default: the demo's)")
	modelFlag(c.Flags(), &modelName)
	c.Flags().IntVarP(&limit, "limit", "n", 5, "passages to show")
	return c
}

// preparedDemo makes sure that the demo's bundle has all its vectors.
func preparedDemo(c *cobra.Command, model fs.FS) (bundle string, err error) {
	bundle, passages, err := demo.Bundle(c.Context())
	if err != nil {
		return "", err
	}
	bar := newBar(c.ErrOrStderr(), len(passages), "embed")
	err = embed.Bundle(c.Context(), bundle, model, passages, func(n int) { _ = bar.Set(n) })
	return bundle, err
}

func search(out io.Writer, bundleDir string, model fs.FS, query string, limit int) error {
	bundle, r, err := corpus.OpenBundle(bundleDir)
	if err != nil {
		return err
	}
	start := time.Now()
	keyword := r.Keyword(query, retriever.FuseDepth)
	keywordTime := time.Since(start)
	fmt.Fprintf(out, "by keyword, %.1f ms\n", milliseconds(keywordTime))
	printHits(out, r, keyword, limit)
	if bundle.Vectors == nil {
		fmt.Fprintln(out, "\nno vectors: embed the bundle with effir index to search by meaning")
		return nil
	}
	m, manifest, err := modeldir.Open(model)
	if err != nil {
		return err
	}
	if modeldir.Identity(manifest) != bundle.Vectors.Model {
		return fmt.Errorf("%s was embedded with another model than %s: choose that one with --model, or run effir index with this one", bundleDir, m.Name)
	}
	start = time.Now()
	e, err := native.Open(model, native.Options{Workers: 1})
	if err != nil {
		return err
	}
	loadTime := time.Since(start)
	start = time.Now()
	vector, err := e.EmbedOne(query, encoder.Query)
	if err != nil {
		return err
	}
	embedTime := time.Since(start)
	start = time.Now()
	hits, err := r.Fused(keyword, vector, limit)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nwith meaning, %.1f ms to embed, %.1f ms to search (%s, loaded in %.0f ms)\n",
		milliseconds(embedTime), milliseconds(time.Since(start)), e.KernelName(), milliseconds(loadTime))
	printHits(out, r, hits, limit)
	return nil
}

func printHits(out io.Writer, r *retriever.Retriever, hits []retriever.Hit, limit int) {
	for i, h := range hits[:min(limit, len(hits))] {
		p := r.Passage(h.Doc)
		fmt.Fprintf(out, "%2d. %s  %s\n    %s\n", i+1, p.Title, ranks(h), snippet(p))
		if p.URL != "" {
			fmt.Fprintf(out, "    %s\n", p.URL)
		}
	}
	if len(hits) == 0 {
		fmt.Fprintln(out, "    nothing found")
	}
}

func ranks(h retriever.Hit) string {
	var parts []string
	if h.KeywordRank > 0 {
		parts = append(parts, fmt.Sprintf("keyword #%d", h.KeywordRank))
	}
	if h.SemanticRank > 0 {
		parts = append(parts, fmt.Sprintf("meaning #%d", h.SemanticRank))
	}
	return fmt.Sprintf("[%s, score %.3f]", strings.Join(parts, ", "), h.Score)
}

// snippet is the start of a passage on one line.
func snippet(p index.Passage) string {
	text := []rune(strings.Join(strings.Fields(p.Text), " "))
	if len(text) > 160 {
		return string(text[:159]) + "…"
	}
	return string(text)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
