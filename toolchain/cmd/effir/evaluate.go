package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/wasm/index"
)

func evaluateCommand() *cobra.Command {
	var options evaluate.Options
	var split, model, record, runs string
	var weights []string
	c := &cobra.Command{
		Use:   "evaluate DATASET...",
		Short: "Measure how well BM25, vectors and fusion find what people judged relevant",
		Long: `Measure keyword search (BM25) and, with --model, search by meaning and both fused, on
folders in the layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.
The figures are those of trec_eval: nDCG@10 with linear gain, recall@100 and MRR@10, as
means over all judged queries. Vectors are int8, as they are shipped.`,
		Example: "  effir evaluate --model packages/slim data/scifact data/nq-qed",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if options.MaxWords < 0 {
				return fmt.Errorf("--max-words is %d: give a number of words, or 0 for as many as the model takes", options.MaxWords)
			}
			for _, w := range weights {
				fusion, err := parseWeights(w)
				if err != nil {
					return err
				}
				options.Fusions = append(options.Fusions, fusion)
			}
			var embedder evaluate.Embedder
			if model != "" {
				opened, closer, err := openEmbedder(c.Context(), model)
				if err != nil {
					return err
				}
				defer closer.Close()
				embedder = opened
			}
			options.Progress = stageBars(c.ErrOrStderr())
			var found []evaluate.Result
			for _, dir := range args {
				data, err := corpus.ReadBEIR(dir, split)
				if err != nil {
					return err
				}
				systems, err := evaluate.Systems(c.Context(), data, embedder, options)
				if err != nil {
					return err
				}
				found = append(found, evaluate.Result{Dataset: data.Name, Documents: len(data.Corpus), Systems: systems})
			}
			if err := evaluate.WriteTable(c.OutOrStdout(), found); err != nil {
				return err
			}
			if runs != "" {
				if err := writeRuns(runs, found); err != nil {
					return err
				}
			}
			if record != "" {
				return results.Write(record, evaluate.NamedFigures(found))
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&split, "split", "test", "judgements to use: qrels/SPLIT.tsv")
	f.StringVar(&model, "model", "", "model package, or \"demo\" for the one that the demo makes (default: BM25 only)")
	f.IntVar(&options.MaxWords, "max-words", 0, "embed only the first so many words of a passage (default: as many as the model takes)")
	f.StringSliceVar(&weights, "weights", []string{"1:1"}, "weights keyword:meaning of the fusions to measure, such as 1:1,1:0.5")
	f.StringVar(&runs, "runs", "", "folder to write the rankings to, in trec_eval's format")
	f.StringVar(&record, "record", "", "results file (JSON) to write the figures to")
	return c
}

// parseWeights reads "1:0.5".
func parseWeights(text string) (index.Fusion, error) {
	fusion := index.DefaultFusion()
	keyword, semantic, ok := strings.Cut(text, ":")
	k, errK := strconv.ParseFloat(keyword, 32)
	s, errS := strconv.ParseFloat(semantic, 32)
	if !ok || errors.Join(errK, errS) != nil {
		return fusion, fmt.Errorf("--weights: %q is not keyword:meaning: write two numbers such as 1:0.5", text)
	}
	fusion.Keyword, fusion.Semantic = float32(k), float32(s)
	if err := fusion.Check(); err != nil {
		return fusion, fmt.Errorf("--weights: %q: both must be at least 0 and not both 0", text)
	}
	return fusion, nil
}

// stageBars returns a progress function that shows a bar per stage.
func stageBars(out io.Writer) func(stage string, done, total int) {
	var bar *progressbar.ProgressBar
	return func(stage string, done, total int) {
		if bar == nil {
			bar = newBar(out, total, stage)
		}
		_ = bar.Set(done)
		if done == total {
			bar = nil
		}
	}
}

// writeRuns writes a file per dataset and system to dir.
func writeRuns(dir string, found []evaluate.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, result := range found {
		for _, system := range result.Systems {
			var text strings.Builder
			tag := strings.NewReplacer(" ", "-", ":", "-").Replace(system.Name)
			if err := evaluate.WriteTREC(&text, system.Run, tag); err != nil {
				return err
			}
			path := filepath.Join(dir, result.Dataset+"."+tag+".run")
			if err := atomicfile.Write(path, []byte(text.String())); err != nil {
				return err
			}
		}
	}
	return nil
}
