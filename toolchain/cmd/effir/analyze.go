package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/analyze"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/evaluate"
)

// analysis is what the flags of "effir analyze" say.
type analysis struct {
	model, out, text  string
	sequences, length int
	batch             int
	again             bool

	greedy             int
	effect             bool
	data, split        string
	documents, queries int
	units              []string
	options            analyze.EffectOptions
	recovered          []string
}

func analyzeCommand() *cobra.Command {
	var a analysis
	c := &cobra.Command{
		Use:   "analyze --model CHECKPOINT --out FOLDER",
		Short: "Measure the importance of every MLP, attention and block of a model",
		Long: `Measure how much each MLP, attention and block turns the residual stream, 1 - cos(input,
output) as the mean over the tokens of a calibration text. The folder gets analysis.json, which
effir compress reads, and report.html.

The model is run layer by layer, with one layer's weights in memory, so that models may be larger
than memory. An interrupted run goes on where it was when the command is given again.

With --greedy N the order is also found in which N MLPs can be dropped one by one so that the
embeddings of the calibration text change least; effir compress --greedy uses it.

With --effect the model is cut as well, by the order found, one part more at a time, and its
retrieval measured on a BEIR folder without any training. Results of models that were cut and then
trained join the chart by --recovered: what effir experiment wrote (rows that dropped by importance
and trained), or what effir evaluate --json wrote of models called mlp-6, attention-6 or block-3 by
what they lack. They must be of the same dataset, documents and queries, and the same uncut model;
effir evaluate cuts texts to 256 tokens unless told otherwise, so take --max-tokens 256 here.`,
		Example: `  effir analyze --model bge-small-en-v1.5 --out analysis/bge
  effir analyze --model bge-small-en-v1.5 --out analysis/bge --effect --data data/scifact
  effir analyze --model bge-small-en-v1.5 --out analysis/bge --effect --data data/scifact --docs 400 --queries 150 \
      --max-tokens 256 --recovered docs/results/experiments/cuts.json
  effir analyze --model checkpoints/mistral --out analysis/mistral --text c4/ --sequences 256 --length 2048`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.run(c) },
	}
	f := c.Flags()
	f.StringVar(&a.model, "model", "", "checkpoint to analyse: a folder, or a name in the cache (required)")
	f.StringVarP(&a.out, "out", "o", "", "folder for analysis.json and report.html (required)")
	f.StringVar(&a.text, "text", "", "calibration text: a file, or a folder of *.txt and *.md (default: generic English prose)")
	f.IntVar(&a.sequences, "sequences", 64, "sequences of calibration text; the paper takes 256")
	f.IntVar(&a.length, "length", 256, "tokens per sequence; the paper takes 2048")
	f.IntVar(&a.batch, "batch-tokens", 4096, "tokens that run together")
	f.BoolVar(&a.again, "force", false, "measure the importance anew even if the folder has it")
	f.IntVar(&a.greedy, "greedy", 0, "find the order in which so many MLPs are dropped with least effect on embeddings")
	f.BoolVar(&a.effect, "effect", false, "measure also the effect of dropping on retrieval")
	f.StringVar(&a.data, "data", "", "retrieval set for --effect: a BEIR folder")
	f.StringVar(&a.split, "split", "test", "judgements to use: qrels/SPLIT.tsv")
	f.IntVar(&a.documents, "docs", 300, "documents to use of the set, all relevant ones among them (0: all)")
	f.IntVar(&a.queries, "queries", 100, "queries to use of the set (0: all)")
	f.StringSliceVar(&a.units, "units", []string{"mlp", "attention", "block"}, "what to drop")
	f.IntVar(&a.options.Step, "step", 1, "drop so many more each time")
	f.IntVar(&a.options.Most, "most", 0, "drop at most so many (0: half of them)")
	f.IntVar(&a.options.MaxTokens, "max-tokens", 128, "cut texts of the set to so many tokens (0: as many as the model takes)")
	f.StringSliceVar(&a.recovered, "recovered", nil, "results of models that were cut and trained: files of effir experiment or effir evaluate --json")
	_ = c.MarkFlagRequired("model")
	_ = c.MarkFlagRequired("out")
	c.MarkFlagsRequiredTogether("effect", "data")
	return c
}

func (a *analysis) run(c *cobra.Command) error {
	dir, err := (&measured{}).locate(a.model)
	if err != nil {
		return err
	}
	m, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := os.MkdirAll(a.out, 0o755); err != nil {
		return err
	}
	found, err := a.importance(c, m)
	if err != nil {
		return err
	}
	if a.greedy > len(found.Greedy[analyze.MLP]) {
		if err := a.measureGreedy(c, m, found); err != nil {
			return err
		}
	}
	if a.effect {
		if err := a.measureEffect(c, m, found); err != nil {
			return err
		}
	}
	for _, path := range a.recovered {
		if err := found.AddRecovered(path); err != nil {
			return err
		}
	}
	if err := a.write(found); err != nil {
		return err
	}
	return writeAnalysis(c.OutOrStdout(), found)
}

func (a *analysis) file() string { return filepath.Join(a.out, "analysis.json") }

// write stores result and report.
func (a *analysis) write(found *analyze.Analysis) error {
	if err := found.Write(a.file()); err != nil {
		return err
	}
	return found.Page().Write(filepath.Join(a.out, "report.html"))
}

// importance measures the importance, or reads it if the folder has it of this model and text.
func (a *analysis) importance(c *cobra.Command, m *checkpoint.Checkpoint) (*analyze.Analysis, error) {
	cfg := m.Config()
	want := analyze.Analysis{Model: filepath.Base(filepath.Clean(a.model)), ModelType: cfg.ModelType, Layers: cfg.NumHiddenLayers, Text: "generic English prose"}
	text := analyze.GenericText
	if a.text != "" {
		want.Text = a.text
		var err error
		if text, err = analyze.ReadText(a.text); err != nil {
			return nil, err
		}
	}
	sequences, err := analyze.Sequences(m, text, a.sequences, a.length)
	if err != nil {
		return nil, err
	}
	want.Sequences = len(sequences)
	for _, s := range sequences {
		want.Tokens += len(s)
	}
	have, err := analyze.Read(a.file())
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil && !a.again:
		return nil, fmt.Errorf("%w, or --force to replace it", err)
	case err == nil && !a.again:
		if have.Same(want) {
			return have, nil
		}
		return nil, fmt.Errorf("%s is of another model or text: choose another --out, or --force to replace it", a.file())
	}
	if want.Sequences < a.sequences {
		fmt.Fprintf(c.ErrOrStderr(), "the text gives only %d of %d sequences of %d tokens\n", want.Sequences, a.sequences, a.length)
	}
	b, err := backend.Open("")
	if err != nil {
		return nil, err
	}
	defer b.Finalize()
	progress := stageBars(c.ErrOrStderr())
	want.Importance, err = analyze.Importance(c.Context(), b, m, sequences, analyze.Options{
		Dir: filepath.Join(a.out, "unfinished"), BatchTokens: a.batch,
		Progress: func(done, total int) { progress("measuring importance, batches of all layers", done, total) },
	})
	if err != nil {
		return nil, err
	}
	return &want, a.write(&want)
}

// greedyTokens is the length of the texts for the greedy order: that of a sentence or two, as many
// embeddings are of queries.
const greedyTokens = 48

// measureGreedy adds the greedy order of MLPs.
func (a *analysis) measureGreedy(c *cobra.Command, m *checkpoint.Checkpoint, found *analyze.Analysis) error {
	text := analyze.GenericText
	if a.text != "" {
		var err error
		if text, err = analyze.ReadText(a.text); err != nil {
			return err
		}
	}
	texts, err := analyze.Sequences(m, text, 4*a.sequences, greedyTokens)
	if err != nil {
		return err
	}
	b, err := backend.Open("")
	if err != nil {
		return err
	}
	defer b.Finalize()
	progress := stageBars(c.ErrOrStderr())
	order, err := analyze.Greedy(c.Context(), b, m, texts, analyze.GreedyOptions{
		Unit: analyze.MLP, Most: a.greedy, BatchTokens: a.batch,
		Progress: func(done, total int) { progress("dropping MLPs one by one, cuts tried", done, total) },
	})
	if err != nil {
		return err
	}
	found.Greedy = map[analyze.Unit][]analyze.Score{analyze.MLP: order}
	return a.write(found)
}

// measureEffect adds the effect curves.
func (a *analysis) measureEffect(c *cobra.Command, m *checkpoint.Checkpoint, found *analyze.Analysis) error {
	for _, text := range a.units {
		unit, err := analyze.ParseUnit(text)
		if err != nil {
			return fmt.Errorf("--units: %w", err)
		}
		a.options.Units = append(a.options.Units, unit)
	}
	data, err := corpus.ReadBEIR(a.data, a.split)
	if err != nil {
		return err
	}
	b, err := backend.Open("")
	if err != nil {
		return err
	}
	defer b.Finalize()
	out := c.ErrOrStderr()
	a.options.BatchTokens = a.batch
	a.options.Progress = func(unit analyze.Unit, dropped, done, total int) {
		fmt.Fprintf(out, "%d of %d: %d of unit %s dropped\n", done+1, total, dropped, unit)
	}
	data = evaluate.Subset(data, a.documents, a.queries)
	return analyze.MeasureEffect(c.Context(), b, m, found, data, a.options, func() error { return a.write(found) })
}

// writeAnalysis prints the orders and the effect.
func writeAnalysis(out io.Writer, a *analyze.Analysis) error {
	fmt.Fprintf(out, "%s, %d tokens of %s; layers, the least important first:\n", a.Model, a.Tokens, a.Text)
	for _, unit := range analyze.Units {
		fmt.Fprintf(out, "%-9s  %s\n", unit, strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Order(unit)), " ", ","), "[]"))
	}
	if len(a.Greedy[analyze.MLP]) > 0 {
		fmt.Fprintln(out, "\nMLPs dropped one by one with least effect on embeddings; 1 - cosine to those of the whole model:")
		for _, s := range a.Greedy[analyze.MLP] {
			fmt.Fprintf(out, "%3d  %.4f\n", s.Layer, s.Importance)
		}
	}
	if a.Effect == nil {
		return nil
	}
	fmt.Fprintf(out, "\nnDCG@10 on %s (%d documents, %d queries):\n", a.Effect.Data, a.Effect.Documents, a.Effect.Queries)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "unit\trecovered\tdropped\tnDCG@10\t\n")
	for _, curve := range a.Effect.Curves {
		for _, p := range curve.Points {
			fmt.Fprintf(w, "%s\t%t\t%d\t%.3f\t\n", curve.Unit, curve.Recovered, p.Dropped, p.NDCG10)
		}
	}
	return w.Flush()
}
