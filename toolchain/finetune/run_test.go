package finetune

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAlign heals a cut model: the loss falls, the result is a checkpoint of the
// student's shape, and its token table stays as it was.
func TestAlign(t *testing.T) {
	o := options(t)
	o.Steps = 60
	var seen []Progress
	o.Progress = func(p Progress) { seen = append(seen, p) }
	result := run(t, o)
	list := records(t, o.Out)
	if !result.Finished || result.Step != 60 || len(list) != 60 {
		t.Fatalf("result %+v with %d records", result, len(list))
	}
	mean := func(part []record) (sum float64) {
		for _, r := range part {
			sum += r.Loss / float64(len(part))
		}
		return sum
	}
	if first, last := mean(list[:5]), mean(list[55:]); !(last < first/3) {
		t.Errorf("loss went from %.4f to %.4f, want a third at most", first, last)
	}
	for _, r := range list {
		if want := r.Parts["align"] + 0.5*r.Parts["hidden"]; math.Abs(r.Loss-want) > 1e-6 {
			t.Fatalf("loss %g is not the sum of its parts %v", r.Loss, r.Parts)
		}
	}
	if last := seen[len(seen)-1]; last.Step != 60 || last.Share != 1 || !slices.Equal(last.Names, []string{"align", "hidden"}) {
		t.Errorf("last progress %+v", last)
	}
	before, old := tensorsOf(t, o.Model)
	after, trained := tensorsOf(t, result.Checkpoint)
	if !slices.Equal(before.IntermediateSizes, after.IntermediateSizes) || *before.Embedding != *after.Embedding {
		t.Errorf("configuration became %+v", after)
	}
	for name, values := range trained {
		if changed := !slices.Equal(values, old[name]); changed == strings.HasPrefix(name, "embeddings.") {
			t.Errorf("%s changed: %v", name, changed)
		}
	}
	page, err := os.ReadFile(filepath.Join(o.Out, ReportFile))
	if err != nil || !bytes.Contains(page, []byte("<svg")) {
		t.Errorf("no curves in the report: %v", err)
	}

	again := run(t, o)
	if again.Step != 60 || !again.Finished || len(records(t, o.Out)) != 60 {
		t.Errorf("a finished run went on: %+v", again)
	}
}

// TestInterrupted cancels runs of every kind in the middle, limits them in time, and
// compares what comes out in the end with runs in one go.
func TestInterrupted(t *testing.T) {
	for name, change := range map[string]func(o *Options){
		"align and hidden": func(*Options) {},
		"adapters": func(o *Options) {
			o.Model, o.Loss = llama(t), Loss{Align: 1} // with a head, since the widths differ
			o.LoRARank, o.LoRAAlpha = 4, 8
		},
		"pairs": func(o *Options) {
			o.Loss, o.BatchPairs, o.Negatives, o.Temperature = Loss{InfoNCE: 1, KL: 1}, 4, 2, 0.1
		},
		"adapters and pairs": func(o *Options) {
			o.Model, o.LoRARank, o.LoRAAlpha = llama(t), 4, 8
			o.Loss, o.BatchPairs, o.Negatives, o.Temperature = Loss{InfoNCE: 1, KL: 1}, 4, 1, 0.1
		},
		"gates":          func(o *Options) { o.Loss, o.SlimLambda, o.LearningRate = Loss{Align: 1}, 0.01, 0.1 },
		"rounded, bf16":  func(o *Options) { o.WeightBits, o.EmbeddingBits, o.Precision = 4, 4, "bf16" },
		"tables trained": func(o *Options) { o.TrainEmbeddings = true },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			change(&o)
			want := run(t, o)
			whole := records(t, o.Out)

			o.Out = filepath.Join(t.TempDir(), "cancelled")
			ctx, cancel := context.WithCancel(context.Background())
			o.Progress = func(p Progress) {
				if p.Step == 5 {
					cancel()
				}
			}
			result, err := Run(ctx, o)
			if !errors.Is(err, context.Canceled) || result.Step != 5 {
				t.Fatalf("cancelled after step 5: %+v, %v", result, err)
			}
			o.Progress = nil
			o.Limit = time.Nanosecond
			if result := run(t, o); result.Finished || result.Step != 5 {
				t.Fatalf("no time left: %+v", result)
			}
			o.Limit = 0
			got := run(t, o)
			sameResult(t, got, want)
			list := records(t, o.Out)
			if len(list) != len(whole) {
				t.Fatalf("%d steps, want %d", len(list), len(whole))
			}
			for i, r := range list {
				if r.Loss != whole[i].Loss || r.Norm != whole[i].Norm || r.Rate != whole[i].Rate || r.Tokens != whole[i].Tokens {
					t.Fatalf("step %d: %+v, want %+v", i+1, r, whole[i])
				}
			}
		})
	}
}

// sameResult compares what two runs made byte by byte: a checkpoint, or gates.
func sameResult(t *testing.T, got, want Result) {
	t.Helper()
	if (got.Gates == "") != (want.Gates == "") || (got.Checkpoint == "") != (want.Checkpoint == "") || got.Gates+got.Checkpoint == "" {
		t.Fatalf("results %+v and %+v", got, want)
	}
	if want.Checkpoint != "" {
		sameFiles(t, got.Checkpoint, want.Checkpoint)
		return
	}
	a, err := os.ReadFile(got.Gates)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(want.Gates)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the gates differ from those of the run in one go")
	}
}

// sameFiles compares the weights of two checkpoints byte by byte.
func sameFiles(t *testing.T, got, want string) {
	t.Helper()
	for _, name := range []string{"model.safetensors", "config.json"} {
		a, err := os.ReadFile(filepath.Join(got, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(want, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs from that of the run in one go", name)
		}
	}
}

// TestSeed checks that the seed matters.
func TestSeed(t *testing.T) {
	o := options(t)
	o.Steps = 3
	run(t, o)
	first := records(t, o.Out)
	o.Out = filepath.Join(t.TempDir(), "other")
	o.Seed++
	run(t, o)
	if records(t, o.Out)[0].Loss == first[0].Loss {
		t.Error("another seed gives the same first loss")
	}
}

// TestChangedSettings checks that a run is resumed only as it was begun.
func TestChangedSettings(t *testing.T) {
	o := options(t)
	o.Steps = 2
	run(t, o)
	for flag, change := range map[string]func(o *Options){
		"--learning-rate": func(o *Options) { o.LearningRate = 1 },
		"--steps":         func(o *Options) { o.Steps = 3 },
		"--seed":          func(o *Options) { o.Seed = 99 },
		"--loss":          func(o *Options) { o.Loss.Hidden = 0 },
		"--mix":           func(o *Options) { o.Mix.Query = 2 },
		"--data":          func(o *Options) { o.Data[0] = somePairs(t, 41) },
		"--model":         func(o *Options) { o.Model = o.Teacher },
		"--pooling":       func(o *Options) { o.Pooling = "mean" },
		"--lora":          func(o *Options) { o.LoRARank = 4 },
	} {
		changed := o
		changed.Data = slices.Clone(o.Data)
		change(&changed)
		_, err := Run(context.Background(), changed)
		if err == nil || !strings.Contains(err.Error(), flag+" ") && !strings.Contains(err.Error(), flag+",") {
			t.Errorf("%s changed: error %v", flag, err)
		}
	}
	o.SaveEvery, o.SaveSteps = time.Hour, 1
	if result := run(t, o); result.Step != 2 {
		t.Errorf("settings that may change: %+v", result)
	}
}

// TestDiverged checks that a run whose loss is no number stops and keeps what was
// saved.
func TestDiverged(t *testing.T) {
	o := options(t)
	o.LearningRate, o.WarmUp, o.Clip, o.SaveSteps = 1e30, 0.5, 1e30, 1
	_, err := Run(context.Background(), o)
	if err == nil || !strings.Contains(err.Error(), "overflowed") || !strings.Contains(err.Error(), "--learning-rate") {
		t.Fatalf("error %v", err)
	}
	saved, dir, err := loadState(o.Out, func(w string) { t.Error(w) })
	if err != nil || saved.Step < 1 {
		t.Fatalf("state %v after the failure: %v", saved, err)
	}
	t.Log(dir)
}

// TestDamagedState checks that a state that was changed on disk is not used.
func TestDamagedState(t *testing.T) {
	o := options(t)
	o.SaveSteps = 4
	want := run(t, o)
	all, err := savedStates(o.Out)
	if err != nil || len(all) != keptStates {
		t.Fatalf("states %v, %v", all, err)
	}
	path := filepath.Join(all[1], variablesFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.Rename(want.Checkpoint, kept); err != nil {
		t.Fatal(err)
	}
	var warned string
	o.Warn = func(text string) { warned = text }
	got := run(t, o)
	if !strings.Contains(warned, all[1]) {
		t.Errorf("warning %q", warned)
	}
	sameFiles(t, got.Checkpoint, kept)
}

// TestBadInput checks the errors before training.
func TestBadInput(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.jsonl")
	blank := filepath.Join(t.TempDir(), "blank.txt")
	if err := errors.Join(os.WriteFile(empty, nil, 0o644), os.WriteFile(blank, []byte("\u200b\n\u200b\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	other := llama(t)
	small := bertConfig(24, 0, 24)
	small.VocabSize = 10
	tooSmall := write(t, "small", small, random(small, 1), bertTokenizer(t))
	for want, change := range map[string]func(o *Options){
		"empty":                 func(o *Options) { o.Data[0].Path = empty },
		"no text with a token":  func(o *Options) { o.Data[0].Path = blank },
		"no pair is ever drawn": func(o *Options) { o.Data[0].Weight = 1e-9 },
		"another tokenizer":     func(o *Options) { o.Model = other },
		"prefixes":              func(o *Options) { q := "other "; o.QueryPrefix = &q },
		"vocabulary of 10":      func(o *Options) { o.Model, o.Teacher, o.Loss = tooSmall, "", Loss{InfoNCE: 1} },
		"needs a teacher":       func(o *Options) { o.Teacher = "" },
		"no part of --loss":     func(o *Options) { o.Loss = Loss{InfoNCE: 1} },
		"one of --tokens":       func(o *Options) { o.Tokens = 5 },
		"--buckets: 64 tokens":  func(o *Options) { o.Buckets = []int{64} },
		"--batch-tokens":        func(o *Options) { o.BatchTokens = 8 },
		"--precision":           func(o *Options) { o.Precision = "fp8" },
		"leave out --lora":      func(o *Options) { o.SlimLambda, o.LoRARank = 1, 2 },
		"--weight-bits":         func(o *Options) { o.WeightBits = 1 },
		"would undo it":         func(o *Options) { o.EmbeddingBits, o.TrainEmbeddings = 4, true },
		"other files":           func(o *Options) { o.Out = filepath.Dir(empty) },
		"does not exist":        func(o *Options) { o.Model = "nowhere" },
		"--warm-up":             func(o *Options) { o.WarmUp = 1 },
		"--learning-rate":       func(o *Options) { o.LearningRate = math.NaN() },
		"at least 2 pairs":      func(o *Options) { o.Loss, o.BatchPairs = Loss{KL: 1}, 1 },
		"cannot train infonce":  func(o *Options) { o.Loss, o.Data[0].Path, o.Teacher = Loss{InfoNCE: 1}, blank, "" },
	} {
		o := options(t)
		change(&o)
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
