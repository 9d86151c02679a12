package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/mine"
	"github.com/effir/effir/toolchain/pairs"
)

func mineCommand() *cobra.Command {
	var teacher, in, out string
	o := mine.Options{Negatives: 7, Depth: 50, Margin: 0.95}
	maxTokens := 256
	c := &cobra.Command{
		Use:   "mine",
		Short: "Find hard negatives for pairs of queries and passages",
		Long: `Find hard negatives: passages of the same file that keyword search (BM25) or a teacher ranks
high for a query. A passage that the teacher scores above --margin times the pair's own passage is
left out, since it is likely to answer the query too. Negatives that a pair has already stay.`,
		Example: `  effir mine --teacher bge-small-en-v1.5 --data pairs/squad.jsonl.gz --out mined/squad.jsonl.gz
  effir finetune --loss infonce --negatives 7 --data mined/squad.jsonl.gz ...`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if teacher == "" || in == "" || out == "" {
				return errors.New("--teacher, --data and --out are needed")
			}
			list, err := pairs.Read(in)
			if err != nil {
				return err
			}
			dir, err := (&measured{}).locate(teacher)
			if err != nil {
				return err
			}
			base, err := checkpoint.Open(dir)
			if err != nil {
				return err
			}
			defer base.Close()
			b, err := backend.Open("")
			if err != nil {
				return err
			}
			defer b.Finalize()
			embedder, err := evaluate.OpenFloat(b, base, evaluate.FloatOptions{MaxTokens: maxTokens})
			if err != nil {
				return err
			}
			defer embedder.Close()
			o.Progress = stageBars(c.ErrOrStderr())
			found, stats, err := mine.Negatives(c.Context(), b, embedder, list, o)
			if err != nil {
				return err
			}
			if err := pairs.Write(out, found); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d pairs, %d passages, %d negatives (%.1f a pair); %d of %d candidates left out as likely answers\n",
				out, len(found), stats.Passages, stats.Added, float64(stats.Added)/float64(len(found)), stats.False, stats.Candidates)
			return nil
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&teacher, "teacher", "", "checkpoint of a retriever: a folder, or a name in the cache")
	f.StringVar(&in, "data", "", "file of pairs (.jsonl, .jsonl.gz)")
	f.StringVarP(&out, "out", "o", "", "file to write")
	f.IntVar(&o.Negatives, "negatives", o.Negatives, "negatives a pair")
	f.IntVar(&o.Depth, "depth", o.Depth, "candidates of keyword search and of the teacher, each")
	f.Float64Var(&o.Margin, "margin", o.Margin, "leave out what the teacher scores above this share of the pair's own passage")
	f.IntVar(&maxTokens, "max-tokens", maxTokens, "tokens of a text that the teacher reads")
	return c
}
