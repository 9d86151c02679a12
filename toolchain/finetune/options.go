// Package finetune trains a model to embed texts: by a teacher's embeddings and
// hidden states (distillation without labels), by pairs of queries and passages
// (contrastive training), or both, in full, through adapters, or only the gates
// that tell which neurons are worth keeping.
//
// One step, teacher and student, losses, gradients and optimizer, is one
// compiled program; only token ids go in, only the losses come out. A run is a
// function of its settings, its data and its seed: when it is interrupted, the
// same call goes on where it stopped and ends with the same weights.
package finetune

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/effir/effir/toolchain/pairs"
)

// Options are the settings of a run. [Defaults] says what most should be. All
// but those of the last group are part of a run's identity: a run is resumed
// only with the values that it was begun with.
type Options struct {
	Model   string // folder of the checkpoint to train
	Teacher string // folder of the teacher's checkpoint; empty: none
	Out     string // folder of the run

	Data []pairs.Source
	Loss Loss

	// The run ends after Tokens tokens of the student, padding not counted, or
	// after Steps steps; exactly one of them is given.
	Tokens int64
	Steps  int

	// Align and Hidden train on single texts: BatchTokens, padding included, a
	// step, in what proportion Mix says. InfoNCE and KL train on BatchPairs pairs
	// a step, each with Negatives of its negatives; a pair that has fewer gets
	// other pairs' passages.
	BatchTokens int
	BatchPairs  int
	Negatives   int
	SameSource  bool // all pairs of a step come from one file, so that the other passages are harder negatives
	Mix         Mix
	Buckets     []int // lengths, in tokens, to which texts are padded; longer texts are cut

	LearningRate float64
	WarmUp       float64 // share of the run during which the rate rises, then it falls to 0
	WeightDecay  float64 // of matrices; norms and biases have none
	Beta1, Beta2 float64
	Epsilon      float64
	Clip         float64 // largest norm of all gradients together
	Temperature  float64 // of InfoNCE and KL
	Seed         uint64

	LoRARank        int // 0 trains the weights themselves
	LoRAAlpha       float64
	TrainEmbeddings bool    // the token, position and type tables too
	EmbeddingRate   float64 // of these tables, in multiples of the learning rate
	SlimLambda      float64 // above 0: trains only the gates of the MLPs, with this weight of the penalty
	WeightBits      int     // above 0: trains with weights rounded to so many bits
	EmbeddingBits   int     // above 0: rounds the token table once, at the start
	Precision       string  // of matrix products: "float32", or "bf16" with float32 sums
	Pooling         string  // "cls", "mean", "last"; empty: what the checkpoint says
	Attention       string  // "causal", "bidirectional"; empty: what the checkpoint says
	QueryPrefix     *string // nil: what the checkpoint says
	PassagePrefix   *string

	// The following may change from one call to the next.
	SaveEvery time.Duration  // how much work a kill can cost
	SaveSteps int            // saves also every so many steps; 0: by time only
	Limit     time.Duration  // saves and stops after so long; 0: none
	Backend   string         // as for backend.Open
	Progress  func(Progress) `json:"-"`
	Warn      func(string)   `json:"-"`
}

// Loss holds the weight of each part of the loss; 0 leaves it out.
type Loss struct {
	Align   float64 `json:"align"`   // 1 - cosine of the student's and the teacher's embedding
	Hidden  float64 `json:"hidden"`  // the same of the hidden states behind each layer whose attention both have
	InfoNCE float64 `json:"infonce"` // cross-entropy of the positive among all passages of the step
	KL      float64 `json:"kl"`      // divergence from the teacher's distribution over these passages
}

// Mix says how many texts of each kind are made of a pair, on average.
type Mix struct {
	Query   float64 `json:"query"`
	Passage float64 `json:"passage"` // whole: positive and negatives
	Piece   float64 `json:"piece"`   // one to three sentences of the positive
}

// Defaults are the settings of a run that aligns a cut model to its teacher.
func Defaults() Options {
	return Options{
		Loss:        Loss{Align: 1},
		BatchTokens: 4096, BatchPairs: 32,
		Mix: Mix{Query: 1, Passage: 0.5, Piece: 1}, Buckets: []int{16, 32, 48, 64, 96, 128, 192, 256},
		LearningRate: 3e-4, WarmUp: 0.05, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Clip: 1,
		Temperature: 0.02, LoRAAlpha: 64, EmbeddingRate: 1, Precision: "float32",
		SaveEvery: 5 * time.Minute,
	}
}

// pairwise tells whether steps consist of pairs.
func (l Loss) pairwise() bool { return l.InfoNCE > 0 || l.KL > 0 }

// taught tells whether the loss needs a teacher.
func (l Loss) taught() bool { return l.Align > 0 || l.Hidden > 0 || l.KL > 0 }

// Parts lists the names of the parts with a weight, in a fixed order.
func (l Loss) Parts() []string {
	var names []string
	for _, p := range l.parts() {
		if *p.weight > 0 {
			names = append(names, p.name)
		}
	}
	return names
}

type lossPart struct {
	name   string
	weight *float64
}

func (l *Loss) parts() []lossPart {
	return []lossPart{{"align", &l.Align}, {"hidden", &l.Hidden}, {"infonce", &l.InfoNCE}, {"kl", &l.KL}}
}

// ParseLoss reads a weighted sum such as "align=1,hidden=0.5"; a name alone has
// the weight 1.
func ParseLoss(text string) (Loss, error) {
	var l Loss
	fields := map[string]*float64{}
	for _, p := range l.parts() {
		fields[p.name] = p.weight
	}
	err := parseWeights("loss", text, fields)
	return l, err
}

// ParseMix reads proportions such as "query=1,passage=0.5,piece=1"; a name alone
// has the weight 1.
func ParseMix(text string) (Mix, error) {
	var m Mix
	err := parseWeights("mix", text, map[string]*float64{"query": &m.Query, "passage": &m.Passage, "piece": &m.Piece})
	return m, err
}

func parseWeights(what, text string, fields map[string]*float64) error {
	for part := range strings.SplitSeq(text, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(part), "=")
		field := fields[name]
		if field == nil {
			var known []string
			for k := range fields {
				known = append(known, k)
			}
			slices.Sort(known)
			return fmt.Errorf("%s %q: unknown part %q: use %s", what, text, name, strings.Join(known, ", "))
		}
		weight := 1.0
		if given {
			var err error
			if weight, err = strconv.ParseFloat(value, 64); err != nil || !(weight >= 0) || weight > 1e6 {
				return fmt.Errorf("%s %q: weight %q of %s is no number from 0 to 1e6", what, text, value, name)
			}
		}
		*field = weight
	}
	return nil
}

// check reports the first setting that makes no sense, by its flag's name.
func (o *Options) check() error {
	positive := func(name string, x float64) error {
		if !(x > 0) || math.IsInf(x, 0) {
			return fmt.Errorf("--%s is %g, want a number above 0", name, x)
		}
		return nil
	}
	switch {
	case o.Model == "":
		return errors.New("--model is missing: give the checkpoint to train")
	case o.Out == "":
		return errors.New("--out is missing: give a folder for the run")
	case len(o.Data) == 0:
		return errors.New("--data is missing: give at least one file of pairs or texts")
	case len(o.Loss.Parts()) == 0:
		return errors.New("--loss has no part with a weight above 0: use align, hidden, infonce or kl")
	case o.Loss.taught() && o.Teacher == "":
		return fmt.Errorf("--loss %s needs a teacher: give --teacher", strings.Join(o.Loss.Parts(), ","))
	case o.Teacher != "" && !o.Loss.taught():
		return errors.New("--teacher is given, but no part of --loss uses it: add align, hidden or kl")
	case (o.Tokens > 0) == (o.Steps > 0):
		return errors.New("give one of --tokens and --steps: how long to train")
	case len(o.Buckets) == 0 || slices.Min(o.Buckets) < 2 || slices.Max(o.Buckets) > 1<<16:
		return fmt.Errorf("--buckets %v: want lengths from 2 to %d tokens", o.Buckets, 1<<16)
	case o.BatchTokens < slices.Max(o.Buckets):
		return fmt.Errorf("--batch-tokens %d is less than the longest bucket, %d", o.BatchTokens, slices.Max(o.Buckets))
	case o.Loss.pairwise() && o.BatchPairs < 2:
		return fmt.Errorf("--batch-pairs %d: contrast needs at least 2 pairs a step", o.BatchPairs)
	case o.Negatives < 0 || o.Negatives > 64:
		return fmt.Errorf("--negatives %d, want 0 to 64", o.Negatives)
	case !(o.WarmUp >= 0 && o.WarmUp < 1):
		return fmt.Errorf("--warm-up %g, want a share of the run, from 0 to below 1", o.WarmUp)
	case !(o.WeightDecay >= 0 && o.WeightDecay < 1):
		return fmt.Errorf("--weight-decay %g, want 0 to below 1", o.WeightDecay)
	case !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1):
		return fmt.Errorf("betas %g and %g, want 0 to below 1", o.Beta1, o.Beta2)
	case o.LoRARank < 0 || o.LoRARank > 4096:
		return fmt.Errorf("--lora %d, want a rank from 1 to 4096, or 0 for none", o.LoRARank)
	case o.SlimLambda > 0 && o.LoRARank > 0:
		return errors.New("--slim trains only the gates: leave out --lora")
	case o.SlimLambda < 0 || math.IsNaN(o.SlimLambda):
		return fmt.Errorf("--slim %g, want a weight above 0", o.SlimLambda)
	case o.Precision != "float32" && o.Precision != "bf16":
		return fmt.Errorf(`--precision %q: use "float32" or "bf16"`, o.Precision)
	case o.Pooling != "" && o.Pooling != "cls" && o.Pooling != "mean" && o.Pooling != "last":
		return fmt.Errorf(`--pooling %q: use "cls", "mean" or "last"`, o.Pooling)
	case o.Attention != "" && o.Attention != "causal" && o.Attention != "bidirectional":
		return fmt.Errorf(`--attention %q: use "causal" or "bidirectional"`, o.Attention)
	}
	if !o.Loss.pairwise() && o.Mix.Query+o.Mix.Passage+o.Mix.Piece <= 0 {
		return errors.New("--mix has no part with a weight above 0: use query, passage or piece")
	}
	for _, b := range []struct {
		name string
		bits int
	}{{"weight-bits", o.WeightBits}, {"embedding-bits", o.EmbeddingBits}} {
		if b.bits != 0 && (b.bits < 2 || b.bits > 8) {
			return fmt.Errorf("--%s %d, want 2 to 8, or 0 for none", b.name, b.bits)
		}
	}
	if o.EmbeddingBits != 0 && o.TrainEmbeddings {
		return errors.New("--embedding-bits rounds the token table once, at the start, and --train-embeddings would undo it: use one of them")
	}
	slices.Sort(o.Buckets)
	o.Buckets = slices.Compact(o.Buckets)
	return errors.Join(positive("learning-rate", o.LearningRate), positive("clip", o.Clip),
		positive("epsilon", o.Epsilon), positive("temperature", o.Temperature), positive("lora-alpha", o.LoRAAlpha),
		positive("embedding-rate", o.EmbeddingRate))
}
