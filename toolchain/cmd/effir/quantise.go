package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/toolchain/quantise"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// rounding is what the flags of "effir quantise" say.
type rounding struct {
	model, out       string
	options          quantise.Options
	data             []string
	texts, maxTokens int
}

func quantiseCommand() *cobra.Command {
	var r rounding
	c := &cobra.Command{
		Use:   "quantise --model CHECKPOINT --out CHECKPOINT",
		Short: "Round weights to the values that packages can hold, so that outputs change least",
		Long: `Round the matrices of a model's layers to 2 to 8 bits in groups of 32 and write them as a
checkpoint in float32, which effir export packs without another loss and effir evaluate
measures. With --data, files of pairs or texts, rounding is calibrated: the inputs of every
matrix are measured on some of these texts, and levels are chosen so that its outputs on
them change least (GPTQ, then coordinate descent). With --wide-share the matrices that
suffer most get --wide-bits, and the flags that make effir export keep them are printed.`,
		Example: "  effir quantise --model checkpoints/slim --bits 4 --data pairs/squad.jsonl.gz --out checkpoints/slim-4bit",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return r.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&r.model, "model", "", "checkpoint to round: a folder, or a name in the cache (required)")
	f.StringVarP(&r.out, "out", "o", "", "folder of the checkpoint to write (required)")
	f.IntVar(&r.options.Bits, "bits", 4, "bits of a weight")
	f.IntVar(&r.options.WideBits, "wide-bits", 7, "bits of the weights of the most sensitive matrices")
	f.Float64Var(&r.options.WideShare, "wide-share", 0, "share of all weights that get --wide-bits, from 0 to 1")
	f.StringArrayVar(&r.data, "data", nil, "file of pairs or texts to calibrate with; may be repeated (default: round plainly)")
	f.IntVar(&r.texts, "texts", 256, "how many texts to calibrate with")
	f.IntVar(&r.maxTokens, "max-tokens", 128, "cut calibration texts to so many tokens")
	_ = c.MarkFlagRequired("model")
	_ = c.MarkFlagRequired("out")
	return c
}

func (r *rounding) run(ctx context.Context, out, log io.Writer) error {
	dir, err := (&measured{}).locate(r.model)
	if err != nil {
		return err
	}
	src, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	defer src.Close()
	bar := &stepBar{out: log}
	defer bar.finish()
	if len(r.data) > 0 {
		if r.options.Moments, err = r.moments(ctx, src, bar); err != nil {
			return err
		}
	}
	r.options.Progress = func(done, total int) { bar.update("round", int64(done), int64(total)) }
	tensors, matrices, err := quantise.Checkpoint(ctx, src, r.options)
	if err != nil {
		return err
	}
	cfg := src.Config()
	cfg.TorchDtype = "float32" // float16 cannot hold the values of the grid
	tokens, err := src.TokenizerJSON()
	if err != nil {
		return err
	}
	err = checkpoint.Write(ctx, r.out, cfg, tensors, tokens, func(done, total int64) { bar.update("write", done, total) })
	if err != nil {
		return err
	}
	bar.finish()
	if err := writeMatrices(out, matrices); err != nil {
		return err
	}
	if wide := r.widePrecision(matrices); wide != "" {
		fmt.Fprintf(out, "pack it by: effir export %s --weights %d --precision %s -o PACKAGE\n", r.out, r.options.Bits, wide)
	}
	return nil
}

// widePrecision is what effir export needs to know of the matrices with more bits;
// it is empty if there are none or packages cannot hold them.
func (r *rounding) widePrecision(matrices []quantise.Matrix) string {
	if r.options.Bits != 4 || r.options.WideBits != 7 {
		return ""
	}
	var wide []string
	for _, m := range matrices {
		name := export.PackageTensor(m.Name) + "=7"
		if m.Bits == 7 && !slices.Contains(wide, name) {
			wide = append(wide, name)
		}
	}
	return strings.Join(wide, ",")
}

// moments measures the inputs of the model's matrices on some texts of the data.
func (r *rounding) moments(ctx context.Context, src *checkpoint.Checkpoint, bar *stepBar) (quantise.Moments, error) {
	texts, err := r.calibrationTexts(src)
	if err != nil {
		return nil, err
	}
	m, err := floatmodel.Of(src.Config())
	if err != nil {
		return nil, err
	}
	b, err := backend.Open("")
	if err != nil {
		return nil, err
	}
	defer b.Finalize()
	return quantise.Collect(ctx, b, m, floatmodel.Weights(src), texts, func(done, total int) { bar.update("calibrate", int64(done), int64(total)) })
}

// calibrationTexts reads queries and passages of the data in equal numbers, those
// whose hashes are lowest.
func (r *rounding) calibrationTexts(src *checkpoint.Checkpoint) ([][]int32, error) {
	if r.texts < 1 {
		return nil, fmt.Errorf("--texts is %d: calibration needs some", r.texts)
	}
	type text struct {
		hash uint64
		text string
		kind encoder.Kind
	}
	var found [2][]text // by kind
	for _, path := range r.data {
		list, err := pairs.Read(path)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			for kind, t := range map[encoder.Kind]string{encoder.Query: p.Query, encoder.Passage: p.Positive} {
				if t == "" {
					continue
				}
				hash := fnv.New64a()
				_, _ = io.WriteString(hash, t)
				found[kind] = append(found[kind], text{hash.Sum64(), t, kind})
			}
		}
	}
	rd, err := reader.New(src, r.maxTokens)
	if err != nil {
		return nil, err
	}
	var ids [][]int32
	for _, list := range found {
		slices.SortFunc(list, func(a, b text) int {
			switch {
			case a.hash < b.hash:
				return -1
			case a.hash > b.hash:
				return 1
			}
			return 0
		})
		for _, t := range list[:min(len(list), (r.texts+1)/2)] {
			tokens, err := rd.Read(t.text, t.kind)
			if errors.Is(err, reader.ErrEmpty) {
				continue
			}
			if err != nil {
				return nil, err
			}
			ids = append(ids, tokens)
		}
	}
	return ids, nil
}

// writeMatrices prints what every matrix lost.
func writeMatrices(w io.Writer, matrices []quantise.Matrix) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "matrix\tweights\tbits\terror of outputs")
	var bits, weights float64
	for _, m := range matrices {
		lost := "not measured"
		if m.Error > 0 {
			lost = strconv.FormatFloat(m.Error, 'e', 2, 64)
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%s\n", m.Name, m.Weights, m.Bits, lost)
		bits += float64(m.Bits * m.Weights)
		weights += float64(m.Weights)
	}
	fmt.Fprintf(out, "mean\t%.0f\t%.2f\t\n", weights, bits/weights)
	return out.Flush()
}
