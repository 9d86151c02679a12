package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/terminal"
	"github.com/effir/effir/toolchain/finetune"
	"github.com/effir/effir/toolchain/pairs"
)

func finetuneCommand() *cobra.Command {
	o := finetune.Defaults()
	var data []string
	loss, mix := "align", "query=1,passage=0.5,piece=1"
	var queryPrefix, passagePrefix string
	var minutes float64
	c := &cobra.Command{
		Use:   "finetune",
		Short: "Train a checkpoint to embed texts, by a teacher or by pairs of queries and passages",
		Long: `Train a checkpoint to embed texts. The loss is a weighted sum of

  align     1 - cosine to the teacher's embedding; needs texts only
  hidden    1 - cosine to the teacher's hidden states, layer by layer, token by token; for a
            student cut from the teacher
  infonce   cross-entropy of a query's positive passage among all passages of the step
  kl        divergence from the teacher's distribution over these passages

Data are files of pairs (.jsonl, .jsonl.gz: {"query", "positive", "negatives"}) or texts (.txt,
.txt.gz: one a line); "=2" behind a file's name uses it twice an epoch, "=0.5" half of it.

The folder --out gets the trained model (checkpoint), the curves (report.html), the figures of
every step (metrics.jsonl) and the state. The same command resumes a run that was interrupted,
by Ctrl-C, --minutes or a crash, and gives the same weights as a run in one go.

GOMLX_BACKEND chooses where to compute: "xla" (default, CPU), "xla:cuda" (see effir plugin install
--help), or "go" for tiny models.`,
		Example: `  effir finetune --model slim --teacher bge-small-en-v1.5 --loss align=1,hidden=1 \
      --data pairs/squad.jsonl.gz --data texts.txt=0.5 --tokens 5000000 --out runs/slim
  effir finetune --model smollm2 --teacher bge-small-en-v1.5 --loss infonce,kl --lora 32 \
      --data pairs/squad.jsonl.gz --negatives 3 --tokens 2000000 --out runs/smol`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Loss, err = finetune.ParseLoss(loss); err != nil {
				return err
			}
			if o.Mix, err = finetune.ParseMix(mix); err != nil {
				return err
			}
			for _, path := range []*string{&o.Model, &o.Teacher} {
				if *path == "" {
					continue
				}
				if *path, err = (&measured{}).locate(*path); err != nil {
					return err
				}
			}
			for _, d := range data {
				source, err := pairs.ParseSource(d)
				if err != nil {
					return err
				}
				o.Data = append(o.Data, source)
			}
			if !(minutes >= 0) || minutes > 1e6 {
				return fmt.Errorf("--minutes %g, want a number from 0", minutes)
			}
			o.Limit = time.Duration(minutes * float64(time.Minute))
			if c.Flags().Changed("query-prefix") {
				o.QueryPrefix = &queryPrefix
			}
			if c.Flags().Changed("passage-prefix") {
				o.PassagePrefix = &passagePrefix
			}
			line := &trainingLine{out: c.ErrOrStderr(), terminal: terminal.Is(c.ErrOrStderr())}
			o.Progress = line.show
			o.Warn = func(text string) { line.end(); fmt.Fprintln(c.ErrOrStderr(), text) }
			result, err := finetune.Run(c.Context(), o)
			line.end()
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			what := "trained"
			if !result.Finished {
				what = "not finished (the same command goes on):"
			}
			fmt.Fprintf(out, "%s %d steps, %d tokens, %s: %s\n", what, result.Step, result.Tokens,
				time.Duration(result.Seconds*float64(time.Second)).Round(time.Second), result.Checkpoint+result.Gates)
			return nil
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.Model, "model", "", "checkpoint to train")
	f.StringVar(&o.Teacher, "teacher", "", "checkpoint of the teacher, for align, hidden and kl")
	f.StringVar(&loss, "loss", loss, "parts of the loss and their weights")
	f.StringArrayVar(&data, "data", nil, "file of pairs or texts, perhaps with =weight; may be repeated")
	f.StringVarP(&o.Out, "out", "o", "", "folder of the run")
	f.Int64Var(&o.Tokens, "tokens", 0, "end after so many tokens of the student, padding not counted")
	f.IntVar(&o.Steps, "steps", 0, "end after so many steps (instead of --tokens)")
	f.IntVar(&o.BatchTokens, "batch-tokens", o.BatchTokens, "tokens of a step with padding (align, hidden)")
	f.IntVar(&o.BatchPairs, "batch-pairs", o.BatchPairs, "pairs of a step (infonce, kl)")
	f.IntVar(&o.Negatives, "negatives", o.Negatives, "hard negatives of each pair (infonce, kl)")
	f.BoolVar(&o.SameSource, "same-source", false, "take all pairs of a step from one file: passages of one kind are harder to tell apart (infonce, kl)")
	f.StringVar(&mix, "mix", mix, "texts made of a pair (align, hidden): query, whole passages, pieces of 1 to 3 sentences")
	f.IntSliceVar(&o.Buckets, "buckets", o.Buckets, "lengths in tokens to which texts are padded; longer ones are cut")
	f.Float64Var(&o.LearningRate, "learning-rate", o.LearningRate, "highest learning rate; it rises during --warm-up, then falls to 0")
	f.Float64Var(&o.WarmUp, "warm-up", o.WarmUp, "share of the run during which the learning rate rises")
	f.Float64Var(&o.WeightDecay, "weight-decay", o.WeightDecay, "weight decay of matrices")
	f.Float64Var(&o.Clip, "clip", o.Clip, "largest norm of the gradients")
	f.Float64Var(&o.Temperature, "temperature", o.Temperature, "temperature of infonce and kl")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of everything random")
	f.IntVar(&o.LoRARank, "lora", 0, "train adapters of this rank (EffiR: 32) and not the weights themselves")
	f.Float64Var(&o.LoRAAlpha, "lora-alpha", o.LoRAAlpha, "alpha of the adapters")
	f.BoolVar(&o.TrainEmbeddings, "train-embeddings", false, "train the tables of tokens and positions too")
	f.Float64Var(&o.EmbeddingRate, "embedding-rate", o.EmbeddingRate, "learning rate of these tables, in multiples of --learning-rate")
	f.Float64Var(&o.SlimLambda, "slim", 0, "train only the gates of the MLPs' neurons, with this weight of the penalty (EffiR: 1e-8), for effir compress")
	f.IntVar(&o.WeightBits, "weight-bits", 0, "train with weights rounded to so many bits, as packages have them")
	f.IntVar(&o.EmbeddingBits, "embedding-bits", 0, "round the token table to so many bits at the start")
	f.StringVar(&o.Precision, "precision", o.Precision, "of matrix products: float32 or bf16")
	f.StringVar(&o.Pooling, "pooling", "", "mean, last or cls (default: what the checkpoint says)")
	f.StringVar(&o.Attention, "attention", "", "causal or bidirectional (default: what the checkpoint says)")
	f.StringVar(&queryPrefix, "query-prefix", "", "text put before queries (default: what the checkpoint says)")
	f.StringVar(&passagePrefix, "passage-prefix", "", "text put before passages (default: what the checkpoint says)")
	f.DurationVar(&o.SaveEvery, "save-every", o.SaveEvery, "time between two saves of the state")
	f.IntVar(&o.SaveSteps, "save-steps", 0, "save also every so many steps")
	f.Float64Var(&minutes, "minutes", 0, "save and stop after so many minutes, such as 25 on a borrowed machine (default: no limit)")
	return c
}

// trainingLine shows a run's progress: one changing line on a terminal, a line
// now and then elsewhere.
type trainingLine struct {
	out      io.Writer
	terminal bool
	last     time.Time
	open     bool // the line is not ended
}

// lineEvery is the time between two lines where they stay.
const lineEvery = 15 * time.Second

func (l *trainingLine) show(p finetune.Progress) {
	if p.Compiling != "" {
		l.end()
		what := "step"
		if p.Fitting {
			what = "pass for the fit of the head"
		}
		fmt.Fprintf(l.out, "compile a %s of %s\n", what, p.Compiling)
		l.last = time.Time{}
		return
	}
	if !l.terminal && time.Since(l.last) < lineEvery {
		return
	}
	l.last = time.Now()
	var parts []string
	for i, name := range p.Names {
		parts = append(parts, fmt.Sprintf("%s %.4f", name, p.Parts[i]))
	}
	text := fmt.Sprintf("step %d  loss %.4f (%s)  %.0f tokens/s  %.1f %%", p.Step, p.Loss, strings.Join(parts, ", "), p.TokensPerSecond, 100*p.Share)
	if p.Left > 0 {
		text += "  " + p.Left.Round(time.Second).String() + " left"
	}
	if !l.terminal {
		fmt.Fprintln(l.out, text)
		return
	}
	fmt.Fprintf(l.out, "\r%s\x1b[K", text)
	l.open = true
}

// end begins a new line.
func (l *trainingLine) end() {
	if l.open {
		fmt.Fprintln(l.out)
	}
	l.open = false
}
