package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/analyze"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/vocabulary"
)

// cut is what the flags of "effir compress" ask for.
type cut struct {
	analysis              string
	mlp, attention, block string
	keepLayers            int
	gates, width          string
	fold, greedy          bool
	multiple              int
	merges                int
}

func compressCommand() *cobra.Command {
	var in, out string
	var want cut
	c := &cobra.Command{
		Use:   "compress --model CHECKPOINT --out CHECKPOINT",
		Short: "Remove MLPs, attentions, layers and neurons from a model",
		Long: `Remove parts of a model and write what is left as a checkpoint. What to drop is

  6          so many, the least important first (needs --analysis)
  50%        such a share of those that the model has (needs --analysis)
  11,1,10    these layers, counted from 0; a single one as "11,"

Whole layers go first, so that the other numbers mean layers that stay; layers are always counted
in the model that was given. With --gates the neurons whose trained gates rank lowest among all
remaining MLPs go as well. --merges makes the vocabulary of byte-level BPE smaller: texts get more
tokens, and the token table, the largest part of a small model, fewer rows.`,
		Example: `  effir compress --model checkpoints/bge --drop-mlp 50% --analysis bge/analysis.json --out checkpoints/bge-depth
  effir compress --model checkpoints/bge-depth --gates run/gates.json --width 70% --out checkpoints/bge-slim`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := (&measured{}).locate(in)
			if err != nil {
				return err
			}
			base, err := checkpoint.Open(dir)
			if err != nil {
				return err
			}
			defer base.Close()
			plan, err := want.plan(base.Config())
			if err != nil {
				return err
			}
			whole := compress.Model(base)
			if want.merges > 0 {
				if whole, err = vocabulary.FirstMerges(base, want.merges); err != nil {
					return fmt.Errorf("--merges: %w", err)
				}
			}
			left, err := compress.New(whole, plan)
			if err != nil {
				return err
			}
			bar := &stepBar{out: c.ErrOrStderr()}
			err = compress.Write(c.Context(), out, left, func(done, total int64) { bar.update("writing weights", done, total) })
			bar.finish()
			if err != nil {
				return err
			}
			return writeCosts(c.OutOrStdout(), base.Config(), left.Config())
		},
	}
	f := c.Flags()
	f.StringVar(&in, "model", "", "checkpoint to compress: a folder, or a name in the cache (required)")
	f.StringVarP(&out, "out", "o", "", "folder of the checkpoint to write (required)")
	f.StringVar(&want.analysis, "analysis", "", "importance of the layers: the analysis.json of effir analyze")
	f.StringVar(&want.mlp, "drop-mlp", "", "MLPs to drop")
	f.StringVar(&want.attention, "drop-attention", "", "attentions to drop")
	f.StringVar(&want.block, "drop-block", "", "layers to remove")
	f.IntVar(&want.keepLayers, "keep-layers", 0, "remove all layers behind the first so many")
	f.StringVar(&want.gates, "gates", "", "gates of the MLPs' neurons, as training them wrote")
	f.StringVar(&want.width, "width", "", "share of the remaining neurons to keep, such as 70% (needs --gates)")
	f.BoolVar(&want.greedy, "greedy", false, "drop MLPs in the order of effir analyze --greedy instead of that of importance")
	f.BoolVar(&want.fold, "fold-gates", false, "multiply the gates of the neurons that stay into their weights; EffiR sets them to 1")
	f.IntVar(&want.multiple, "round", 32, "round MLP widths up to a multiple; kernels are fastest at multiples of 32")
	f.IntVar(&want.merges, "merges", 0, "keep only the first so many merges of a byte-level BPE vocabulary (default: all)")
	_ = c.MarkFlagRequired("model")
	_ = c.MarkFlagRequired("out")
	c.MarkFlagsMutuallyExclusive("drop-block", "keep-layers")
	c.MarkFlagsRequiredTogether("gates", "width")
	c.MarkFlagsOneRequired("drop-mlp", "drop-attention", "drop-block", "keep-layers", "gates", "merges")
	return c
}

// plan turns the flags into a plan for a model.
func (w cut) plan(cfg checkpoint.Config) (compress.Plan, error) {
	var plan compress.Plan
	var known *analyze.Analysis
	if w.analysis != "" {
		var err error
		if known, err = analyze.Read(w.analysis); err != nil {
			return plan, err
		}
		if known.Layers != cfg.NumHiddenLayers {
			return plan, fmt.Errorf("--analysis: %s is of a model with %d layers, this one has %d", w.analysis, known.Layers, cfg.NumHiddenLayers)
		}
	}
	order := (*analyze.Analysis).Order
	if w.greedy {
		if known == nil || len(known.Greedy[analyze.MLP]) == 0 {
			return plan, fmt.Errorf("--greedy: needs --analysis with the order that effir analyze --greedy finds")
		}
		order = (*analyze.Analysis).GreedyOrder
	}
	if w.keepLayers < 0 || w.keepLayers > cfg.NumHiddenLayers {
		return plan, fmt.Errorf("--keep-layers: %d layers to keep, the model has %d", w.keepLayers, cfg.NumHiddenLayers)
	}
	var err error
	if plan.DropBlocks, err = choose("--drop-block", w.block, known, order, analyze.Block, func(int) bool { return true }); err != nil {
		return plan, err
	}
	if w.keepLayers > 0 {
		for layer := w.keepLayers; layer < cfg.NumHiddenLayers; layer++ {
			plan.DropBlocks = append(plan.DropBlocks, layer)
		}
	}
	stays := func(layer int) bool { return !slices.Contains(plan.DropBlocks, layer) }
	plan.DropMLP, err = choose("--drop-mlp", w.mlp, known, order, analyze.MLP, func(layer int) bool {
		return stays(layer) && compress.HasMLP(cfg, layer)
	})
	if err != nil {
		return plan, err
	}
	plan.DropAttention, err = choose("--drop-attention", w.attention, known, order, analyze.Attention, func(layer int) bool {
		return stays(layer) && compress.HasAttention(cfg, layer)
	})
	if err != nil {
		return plan, err
	}
	if w.gates == "" {
		return plan, nil
	}
	keep, err := parseShare(w.width)
	if err != nil {
		return plan, fmt.Errorf("--width: %w", err)
	}
	gates, err := compress.ReadGates(w.gates)
	if err != nil {
		return plan, err
	}
	if plan, err = plan.Width(cfg, gates, keep, w.multiple); err != nil || !w.fold {
		return plan, err
	}
	return plan.Fold(cfg, gates)
}

// choose reads one --drop flag; counts and shares are of the layers for which candidate holds.
func choose(flag, text string, known *analyze.Analysis, rank func(*analyze.Analysis, analyze.Unit) []int, unit analyze.Unit, candidate func(layer int) bool) ([]int, error) {
	var order []int
	if known != nil {
		order = slices.DeleteFunc(rank(known, unit), func(layer int) bool { return !candidate(layer) })
	}
	layers, err := compress.Choose(text, order)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return layers, nil
}

// parseShare reads "70%".
func parseShare(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(share > 0 && share <= 100) {
		return 0, fmt.Errorf("%q is not a share above 0%% and up to 100%%", text)
	}
	return share / 100, nil
}

// writeCosts prints what both models cost.
func writeCosts(out io.Writer, before, after checkpoint.Config) error {
	b, a := compress.CostOf(before), compress.CostOf(after)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, before, after int64) {
		if before == 0 {
			return
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f %%\t\n", name, millions(before), millions(after), 100*float64(after)/float64(before))
	}
	fmt.Fprint(w, "\tbefore\tafter\tleft\t\n")
	row("layers", int64(before.NumHiddenLayers), int64(after.NumHiddenLayers))
	row("parameters", b.Parameters(), a.Parameters())
	row("of embeddings", b.Embedding, a.Embedding)
	row("of layers", b.Layers(), a.Layers())
	row("of MLPs", b.MLP, a.MLP)
	row("of attentions", b.Attention, a.Attention)
	row("multiply-adds per token", b.MultiplyAdds, a.MultiplyAdds)
	row("bytes", b.Bytes, a.Bytes)
	return w.Flush()
}

// millions writes large numbers as "12.74 M".
func millions(n int64) string {
	if n < 100_000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%.2f M", float64(n)/1e6)
}
