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
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/wasm/index"
)

// evaluation is what the flags of effir evaluate say.
type evaluation struct {
	options          evaluate.Options
	split            string
	models           []string
	documents        string
	skipMissing      bool
	maxTokens        int
	docs, queries    int
	weights, compare []string
	seed             uint64
	noCache          bool
	runs, record     string
	json, markdown   string
	chart, quality   string
}

func evaluateCommand() *cobra.Command {
	var e evaluation
	c := &cobra.Command{
		Use:   "evaluate DATASET...",
		Short: "Measure how well BM25, models and both together find what people judged relevant",
		Long: `Measure keyword search (BM25) and, for each --model, search by meaning and both fused, on
folders in the layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.
The figures are those of trec_eval: nDCG@10 with linear gain, recall@100 and MRR@10, as
means over all judged queries.

A model is NAME=PATH, or PATH alone: a model package, whose vectors are ranked as int8 as
search bundles hold them; a checkpoint, computed in float32 through GoMLX; the name of a
checkpoint in the cache; or that of a released package. A checkpoint's PATH@4 rounds the weights of its layers
to 4 bits first. Embeddings are cached by model and text, so that a stopped run goes on and
another one is quick.

Systems are held against each other by a paired randomisation test with 10,000
permutations: each fusion against BM25, each model against the first, and each --compare.`,
		Example: `  effir evaluate --model packages/slim data/scifact data/nq-qed
  effir evaluate --model float=bge-small-en-v1.5 --model 4-bit=bge-small-en-v1.5@4 --docs 1000 --queries 200 data/scifact
  effir evaluate --documents bge-small-en-v1.5 --model packages/slim data/scifact`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return e.run(c, args) },
	}
	f := c.Flags()
	f.StringVar(&e.split, "split", "test", "judgements to use: qrels/SPLIT.tsv")
	f.StringArrayVar(&e.models, "model", nil, "model to measure, NAME=PATH@BITS with name and bits optional; may be repeated (default: BM25 only)")
	f.StringVar(&e.documents, "documents", "", "embed passages with this model, and only queries with each --model")
	f.BoolVar(&e.skipMissing, "skip-missing", false, "leave out models that are not there, with a note")
	f.IntVar(&e.maxTokens, "max-tokens", 256, "cut longer texts, special tokens included (0: as many as the model takes)")
	f.IntVar(&e.options.MaxWords, "max-words", 0, "embed only the first so many words of a passage (0: all)")
	f.IntVar(&e.docs, "docs", 0, "quick look: keep the relevant documents and fill up to so many (0: all)")
	f.IntVar(&e.queries, "queries", 0, "quick look: keep so many queries, chosen by a hash (0: all)")
	f.StringSliceVar(&e.weights, "weights", nil, "weights keyword:meaning of fusions to measure besides the default, such as 1:0.2")
	f.StringArrayVar(&e.compare, "compare", nil, "two systems to test against each other, A,B; may be repeated")
	f.Uint64Var(&e.seed, "seed", 1, "seed of the randomisation tests")
	f.BoolVar(&e.noCache, "no-cache", false, "embed every text again")
	f.StringVar(&e.runs, "runs", "", "folder to write the rankings to, in trec_eval's format")
	f.StringVar(&e.record, "record", "", "results file (JSON) to write the named figures to")
	f.StringVar(&e.json, "json", "", "file to write everything to as JSON")
	f.StringVar(&e.markdown, "markdown", "", "file to write a Markdown table to")
	f.StringVar(&e.chart, "chart", "", "file to write a page with charts of quality against cost to (HTML)")
	f.StringVar(&e.quality, "quality", "", "results file (JSON) for the figures of a release; models are named minilm, bge, bge-slim, bge-package, smol, smol-equal, smol-slim, smol-package")
	return c
}

// check reports flags that make no sense.
func (e *evaluation) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"max-tokens", e.maxTokens}, {"max-words", e.options.MaxWords}, {"docs", e.docs}, {"queries", e.queries}} {
		if f.value < 0 {
			return fmt.Errorf("--%s is %d: give a number, or 0 for all", f.name, f.value)
		}
	}
	if e.documents != "" && len(e.models) == 0 {
		return errors.New("--documents needs a --model that embeds queries")
	}
	e.options.Fusions = []index.Fusion{index.DefaultFusion()}
	for _, w := range e.weights {
		fusion, err := parseWeights(w)
		if err != nil {
			return err
		}
		if fusion != index.DefaultFusion() {
			e.options.Fusions = append(e.options.Fusions, fusion)
		}
	}
	return nil
}

func (e *evaluation) run(c *cobra.Command, dirs []string) error {
	if err := e.check(); err != nil {
		return err
	}
	datasets, err := e.read(dirs)
	if err != nil {
		return err
	}
	opened := &measured{maxTokens: e.maxTokens}
	defer opened.Close()
	if !e.noCache {
		cache, err := importer.CacheDir("")
		if err != nil {
			return err
		}
		opened.cacheDir = filepath.Join(cache, "embeddings")
	}
	models, err := e.open(opened, c.ErrOrStderr())
	if err != nil {
		return err
	}
	e.options.Progress = stageBars(c.ErrOrStderr())
	var found []evaluate.Result
	for _, data := range datasets {
		systems, err := evaluate.Systems(c.Context(), data, models, e.options)
		if err != nil {
			return err
		}
		found = append(found, evaluate.Result{Dataset: data.Name, Documents: len(data.Corpus), Systems: systems})
	}
	return e.report(c.OutOrStdout(), found, models)
}

func (e *evaluation) read(dirs []string) ([]*corpus.Dataset, error) {
	var datasets []*corpus.Dataset
	for _, dir := range dirs {
		data, err := corpus.ReadBEIR(dir, e.split)
		if err != nil {
			return nil, err
		}
		datasets = append(datasets, evaluate.Subset(data, e.docs, e.queries))
	}
	return datasets, nil
}

func (e *evaluation) open(m *measured, log io.Writer) ([]evaluate.Model, error) {
	var documents *evaluate.Model
	if e.documents != "" {
		spec, err := parseModelSpec(e.documents)
		if err != nil {
			return nil, err
		}
		opened, err := m.open(spec)
		if err != nil {
			return nil, err
		}
		documents = &opened
	}
	var models []evaluate.Model
	names := map[string]bool{evaluate.BM25: true}
	for _, text := range e.models {
		spec, err := parseModelSpec(text)
		if err != nil {
			return nil, err
		}
		if names[spec.name] {
			return nil, fmt.Errorf("--model %s: the name %q is taken: write NAME=PATH", text, spec.name)
		}
		names[spec.name] = true
		opened, err := m.open(spec)
		if errors.Is(err, errMissing) && e.skipMissing {
			fmt.Fprintf(log, "%s is left out: %v\n", spec.name, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if documents != nil {
			opened.Documents = documents.Queries
			opened.Float = opened.Float && documents.Float
		}
		models = append(models, opened)
	}
	return models, nil
}

// report prints the table and the tests, and writes the files asked for.
func (e *evaluation) report(out io.Writer, found []evaluate.Result, models []evaluate.Model) error {
	pairs := evaluate.DefaultPairs(found)
	for _, text := range e.compare {
		a, b, ok := strings.Cut(text, ",")
		if !ok {
			return fmt.Errorf("--compare %q: name two systems with a comma between, of %q", text, evaluate.SystemNames(found))
		}
		pairs = append(pairs, evaluate.Pair{A: strings.TrimSpace(a), B: strings.TrimSpace(b)})
	}
	tests, err := evaluate.ComparePairs(found, pairs, e.seed)
	if err != nil {
		return err
	}
	if err := evaluate.WriteTable(out, found); err != nil {
		return err
	}
	if len(tests) > 0 {
		fmt.Fprintln(out, "\ndifferences of nDCG@10, by paired randomisation:")
	}
	if err := evaluate.WriteComparisons(out, tests); err != nil {
		return err
	}
	file := evaluate.NewFile(found, models, tests)
	for _, write := range []struct {
		path string
		to   func(path string) error
	}{
		{e.runs, func(dir string) error { return writeRuns(dir, found) }},
		{e.record, func(path string) error { return results.Write(path, evaluate.NamedFigures(found)) }},
		{e.json, file.Write},
		{e.markdown, func(path string) error {
			var text strings.Builder
			if err := evaluate.WriteMarkdown(&text, found, models, tests); err != nil {
				return err
			}
			return atomicfile.Write(path, []byte(text.String()))
		}},
		{e.chart, file.WriteCharts},
		{e.quality, func(path string) error {
			figures, missing := evaluate.Quality(found, models, tests)
			return results.WriteWith(path, figures, missing)
		}},
	} {
		if write.path == "" {
			continue
		}
		if err := write.to(write.path); err != nil {
			return err
		}
	}
	return nil
}

// parseWeights reads "1:0.5".
func parseWeights(text string) (index.Fusion, error) {
	var fusion index.Fusion
	keyword, semantic, ok := strings.Cut(text, ":")
	k, errK := strconv.ParseFloat(keyword, 32)
	s, errS := strconv.ParseFloat(semantic, 32)
	if !ok || errors.Join(errK, errS) != nil {
		return fusion, fmt.Errorf("--weights: %q is not keyword:meaning: write two numbers such as 1:0.2", text)
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
			tag := strings.NewReplacer(" ", "-", ":", "-", "/", "-").Replace(system.Name)
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
