package finetune

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
)

// contrastive are the options of a run on pairs.
func contrastive(t testing.TB) Options {
	o := options(t)
	o.Teacher, o.Loss = "", Loss{InfoNCE: 1}
	o.BatchPairs, o.Negatives, o.Temperature = 4, 2, 0.1
	o.Steps = 40
	return o
}

func falls(t *testing.T, out string, factor float64) {
	t.Helper()
	list := records(t, out)
	var first, last float64
	for i := range 5 {
		first += list[i].Loss / 5
		last += list[len(list)-1-i].Loss / 5
	}
	if !(last < factor*first) {
		t.Errorf("loss went from %.4f to %.4f, want at most %g of it", first, last, factor)
	}
}

// TestContrast trains on pairs with negatives, with a teacher's distribution
// beside.
func TestContrast(t *testing.T) {
	o := contrastive(t)
	run(t, o)
	falls(t, o.Out, 0.8)

	o = contrastive(t)
	_, o.Teacher = bertPair(t)
	o.Loss = Loss{InfoNCE: 0.5, KL: 1, Align: 0.1}
	run(t, o)
	falls(t, o.Out, 0.95)
	if parts := records(t, o.Out)[0].Parts; len(parts) != 3 || !(parts["kl"] > 0) || !(parts["infonce"] > 0) || !(parts["align"] > 0) {
		t.Errorf("parts %v", parts)
	}
}

// TestAdapters trains adapters of a Llama model towards a BERT with its own
// tokenizer and width: the vectors get a head, all else but the adapted weights
// stays.
func TestAdapters(t *testing.T) {
	o := options(t)
	_, o.Teacher = bertPair(t)
	o.Model = llama(t)
	o.Loss = Loss{Align: 1}
	o.LoRARank, o.LoRAAlpha = 4, 8
	o.Steps = 40
	result := run(t, o)
	falls(t, o.Out, 0.7)
	config, trained := tensorsOf(t, result.Checkpoint)
	_, old := tensorsOf(t, o.Model)
	if config.Embedding == nil || config.Embedding.HeadDims != 16 || config.Embedding.Pooling != checkpoint.PoolMean || config.Dims() != 16 {
		t.Fatalf("embedding section %+v", config.Embedding)
	}
	if len(trained["head.weight"]) != 16*64 || len(trained["head.bias"]) != 16 {
		t.Error("no head was written")
	}
	for name, values := range old {
		adapted := strings.Contains(name, "_proj")
		if changed := !slices.Equal(values, trained[name]); changed != adapted {
			t.Errorf("%s changed: %v", name, changed)
		}
	}

	// The written model gives the loss that training saw: merging is exact to
	// rounding, and the head is read again.
	o.Model, o.Out, o.Steps, o.LearningRate, o.LoRARank = result.Checkpoint, filepath.Join(t.TempDir(), "next"), 1, 1e-30, 0
	run(t, o)
	if got := records(t, o.Out)[0].Loss; got > 0.5 {
		t.Errorf("the loss of the trained model is %g", got)
	}
}

// TestMergedEquals compares the loss before merging with that after, on the same
// batch.
func TestMergedEquals(t *testing.T) {
	o := options(t)
	o.LoRARank, o.Steps = 2, 10
	result := run(t, o)
	last := records(t, o.Out)[9].Loss
	loss := func(model string, lora int) float64 {
		next := o
		next.Model, next.LoRARank, next.Steps, next.LearningRate = model, lora, 1, 1e-30
		next.Out = filepath.Join(t.TempDir(), filepath.Base(filepath.Dir(model)))
		run(t, next)
		return records(t, next.Out)[0].Loss
	}
	before, after := loss(o.Model, 0), loss(result.Checkpoint, 0)
	if fresh := loss(o.Model, 2); math.Abs(fresh-before) > 1e-6 {
		t.Errorf("fresh adapters change the loss from %g to %g", before, fresh)
	}
	if !(after < 0.9*before) {
		t.Errorf("loss %g of the merged model, %g before training, %g at its end", after, before, last)
	}
}

// TestSlim trains gates alone and writes them for compress.
func TestSlim(t *testing.T) {
	o := contrastive(t)
	o.SlimLambda, o.Steps, o.LearningRate = 0.01, 30, 0.1
	o.Temperature = 1
	result := run(t, o)
	if result.Checkpoint != "" {
		t.Errorf("a checkpoint %s was written", result.Checkpoint)
	}
	gates, err := compress.ReadGates(result.Gates)
	if err != nil {
		t.Fatal(err)
	}
	if len(gates) != 3 || len(gates[0]) != 24 || len(gates[1]) != 0 || len(gates[2]) != 24 {
		t.Fatalf("gates of the wrong shape: %v", gates)
	}
	low := 0
	for _, layer := range gates {
		for _, z := range layer {
			if z < 0 {
				t.Fatalf("gate %g, want ReLU of it", z)
			}
			if z < 0.5 {
				low++
			}
		}
	}
	if low < 8 {
		t.Errorf("%d of 48 gates are below 0.5: the penalty pulls nothing down", low)
	}
	first := records(t, o.Out)[0]
	if want := 0.01 * 48 / (1 + math.Exp(-5)); math.Abs(first.Parts["penalty"]-want) > 1e-4 {
		t.Errorf("penalty of gates of 1 is %g, want %g", first.Parts["penalty"], want)
	}
}

// TestRounded trains with rounded weights and a rounded token table: the table
// that is written and the weights have few values a group, the loss differs from that without.
func TestRounded(t *testing.T) {
	o := options(t)
	o.Steps = 1
	run(t, o)
	exact := records(t, o.Out)[0].Loss
	o.Out = filepath.Join(t.TempDir(), "rounded")
	o.WeightBits, o.EmbeddingBits, o.Steps = 2, 3, 30
	result := run(t, o)
	falls(t, o.Out, 0.9)
	if rounded := records(t, o.Out)[0].Loss; !(rounded > exact+0.01) {
		t.Errorf("loss %g with 2 bits, %g with all", rounded, exact)
	}
	_, trained := tensorsOf(t, result.Checkpoint)
	table := trained["embeddings.word_embeddings.weight"]
	for row := range slices.Chunk(table, 16) {
		slices.Sort(row)
		if n := len(slices.Compact(row)); n > 8 {
			t.Fatalf("a row of the token table has %d values, 3 bits allow 8", n)
		}
	}
	for row := range slices.Chunk(trained["encoder.layer.0.attention.self.query.weight"], 16) {
		slices.Sort(row)
		if n := len(slices.Compact(row)); n > 4 {
			t.Fatalf("a row of weights has %d values, 2 bits allow 4", n)
		}
	}
}

// TestHalfPrecision checks that bfloat16 products come close to float32.
func TestHalfPrecision(t *testing.T) {
	o := options(t)
	o.Steps = 1
	run(t, o)
	exact := records(t, o.Out)[0].Loss
	o.Out, o.Precision = filepath.Join(t.TempDir(), "half"), "bf16"
	run(t, o)
	half := records(t, o.Out)[0].Loss
	if half == exact || math.Abs(half-exact) > 0.02*exact {
		t.Errorf("loss %g in bfloat16, %g in float32", half, exact)
	}
}

// TestBidirectional checks that the setting reaches the graph and the checkpoint.
func TestBidirectional(t *testing.T) {
	o := contrastive(t)
	o.Model, o.Steps = llama(t), 1
	run(t, o)
	causal := records(t, o.Out)[0].Loss
	o.Out, o.Attention, o.Pooling = filepath.Join(t.TempDir(), "both"), "bidirectional", "last"
	result := run(t, o)
	config, _ := tensorsOf(t, result.Checkpoint)
	if !config.Embedding.Bidirectional || config.Embedding.Pooling != checkpoint.PoolLast {
		t.Errorf("embedding section %+v", config.Embedding)
	}
	if records(t, o.Out)[0].Loss == causal {
		t.Error("bidirectional attention changes nothing")
	}
}

// TestTrainEmbeddings trains the tables too.
func TestTrainEmbeddings(t *testing.T) {
	o := options(t)
	o.TrainEmbeddings, o.Steps = true, 2
	result := run(t, o)
	_, trained := tensorsOf(t, result.Checkpoint)
	_, old := tensorsOf(t, o.Model)
	if slices.Equal(trained["embeddings.word_embeddings.weight"], old["embeddings.word_embeddings.weight"]) {
		t.Error("the token table did not change")
	}
}

// TestXLA compares XLA with the Go backend, and a run on XLA that was resumed
// with one in one go; see EFFIR_REQUIRE_XLA.
func TestXLA(t *testing.T) {
	o := options(t)
	o.Steps, o.Buckets = 6, []int{32} // a program takes XLA seconds to compile
	run(t, o)
	want := records(t, o.Out)[1].Loss
	o.Out, o.Backend = filepath.Join(t.TempDir(), "xla"), "xla"
	whole, err := Run(context.Background(), o)
	if err != nil {
		if os.Getenv("EFFIR_REQUIRE_XLA") == "1" {
			t.Fatal(err)
		}
		t.Skip("no XLA: ", err)
	}
	if got := records(t, o.Out)[1].Loss; math.Abs(got-want) > 1e-3*want {
		t.Errorf("loss %g on XLA, %g on the Go backend", got, want)
	}
	o.Out = filepath.Join(t.TempDir(), "resumed")
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(p Progress) {
		if p.Step == 3 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Progress = nil
	sameFiles(t, run(t, o).Checkpoint, whole.Checkpoint)
}

// TestHiddenOfFewerLayers compares the layers that are left with those that they
// were: with the last one gone, the others' states are the teacher's own.
func TestHiddenOfFewerLayers(t *testing.T) {
	_, teacher := bertPair(t)
	base, err := checkpoint.Open(teacher)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	without := func(layers ...int) string {
		cut, err := compress.New(base, compress.Plan{DropBlocks: layers})
		if err != nil {
			t.Fatal(err)
		}
		tokenizer, err := cut.TokenizerJSON()
		if err != nil {
			t.Fatal(err)
		}
		return write(t, "short", cut.Config(), cut, tokenizer)
	}
	hidden := func(model string) float64 {
		o := options(t)
		o.Model, o.Teacher, o.Loss, o.Steps = model, teacher, Loss{Hidden: 1}, 1
		run(t, o)
		return records(t, o.Out)[0].Loss
	}
	if loss := hidden(without(2)); loss > 1e-6 {
		t.Errorf("the loss of the first two layers is %g, want 0", loss)
	}
	if loss := hidden(without(1)); !(loss > 1e-3) {
		t.Errorf("the loss without the middle layer is %g, want that of the last one's states", loss)
	}
	o := options(t)
	o.Model, o.Teacher, o.Loss, o.Steps = without(1, 2), teacher, Loss{Hidden: 1}, 1
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no layer") {
		t.Errorf("one layer is left, which has to give the embedding and not its old state: %v", err)
	}
}
