package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/finetune"
	"github.com/effir/effir/toolchain/pairs"
)

// writeTiny writes the tiny model as a checkpoint.
func writeTiny(t *testing.T) string {
	t.Helper()
	source := tinymodel.New(1)
	tokenizer, err := source.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := checkpoint.Write(context.Background(), dir, source.Config(), source, tokenizer, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMineAndFinetune mines negatives with a tiny model and trains it with them.
func TestMineAndFinetune(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	model, dir := writeTiny(t), t.TempDir()
	var list []pairs.Pair
	for i := range 12 {
		list = append(list, pairs.Pair{Query: fmt.Sprintf("what is number %d", i), Positive: fmt.Sprintf("%d is a number, and it comes after %d", i, i-1)})
	}
	raw, mined, out := filepath.Join(dir, "raw.jsonl"), filepath.Join(dir, "mined.jsonl.gz"), filepath.Join(dir, "run")
	if err := pairs.Write(raw, list); err != nil {
		t.Fatal(err)
	}
	execute := func(args ...string) error {
		command := rootCommand()
		command.SetArgs(args)
		command.SetOut(new(strings.Builder))
		command.SetErr(new(strings.Builder))
		return command.ExecuteContext(t.Context())
	}
	if err := execute("mine", "--teacher", model, "--data", raw, "--out", mined, "--negatives", "2", "--margin", "1000", "--max-tokens", "64"); err != nil {
		t.Fatal(err)
	}
	found, err := pairs.Read(mined)
	if err != nil {
		t.Fatal(err)
	}
	full := 0
	for _, p := range found {
		if len(p.Negatives) == 2 {
			full++
		}
	}
	// A teacher with random weights may take a passage for a better answer.
	if len(found) != 12 || full < 9 {
		t.Errorf("%d of %d queries have 2 negatives: %+v", full, len(found), found)
	}
	training := []string{"finetune", "--model", model, "--loss", "infonce", "--data", mined + "=2", "--negatives", "2", "--batch-pairs", "3",
		"--buckets", "32,64", "--steps", "2", "--lora", "2", "--query-prefix", "Q: ", "--out", out}
	if err := execute(training...); err != nil {
		t.Fatal(err)
	}
	trained, err := checkpoint.Open(filepath.Join(out, finetune.CheckpointDir))
	if err != nil {
		t.Fatal(err)
	}
	defer trained.Close()
	if e := trained.Config().Embedding; e == nil || e.QueryPrefix != "Q: " {
		t.Errorf("embedding section %+v", e)
	}
	if _, err := os.Stat(filepath.Join(out, finetune.ReportFile)); err != nil {
		t.Error(err)
	}
	if err := execute(append(training, "--seed", "5")...); err == nil || !strings.Contains(err.Error(), "--seed") {
		t.Errorf("another seed: %v", err)
	}
	for want, args := range map[string][]string{
		"unknown part": {"finetune", "--loss", "magic"},
		"weight":       {"finetune", "--data", "a=0"},
		"--model":      {"finetune"},
		"--minutes":    {"finetune", "--minutes", "-1"},
		"are needed":   {"mine"},
	} {
		if err := execute(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", args, err, want)
		}
	}
}
