package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/pairs"
)

// The examples of the help name imported models. Every command that shows one finds it in the
// cache, and says its name where it is not there.
func TestExamplesFindImportedModels(t *testing.T) {
	var commands []string
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, line := range exampleLines(c.Example) {
			words := strings.Fields(line)
			if c.Name() != "import" && namedModel(words) != "" {
				if len(commands) == 0 || commands[len(commands)-1] != c.Name() {
					commands = append(commands, c.Name())
				}
				t.Run(c.Name(), func(t *testing.T) { findsModels(t, words[1:]) })
			}
		}
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(rootCommand())
	for _, want := range []string{"analyze", "evaluate", "export", "finetune", "mine"} {
		if !slices.Contains(commands, want) {
			t.Errorf("no example of %s names an imported model", want)
		}
	}
}

// exampleLines joins the lines that end in a backslash with what follows.
func exampleLines(example string) []string {
	return strings.Split(strings.ReplaceAll(example, "\\\n", " "), "\n")
}

// namedModel is the first word that names an imported model, or "".
func namedModel(words []string) string {
	for _, word := range words {
		_, name, named := strings.Cut(word, "=")
		if !named {
			name = word
		}
		name, _, _ = strings.Cut(name, "@")
		if slices.Contains(importer.Aliases(), name) {
			return name
		}
	}
	return ""
}

// findsModels runs an example in a folder that has its other files. The command is cancelled from
// the start, so that it ends once it has opened its models.
func findsModels(t *testing.T, arguments []string) {
	t.Setenv("GOMLX_BACKEND", "go")
	t.Chdir(t.TempDir())
	for _, dir := range []string{"data/scifact", "data/nq-qed"} {
		copyFolder(t, writeDataset(t), dir)
	}
	for _, dir := range []string{"slim", "smollm2"} {
		copyFolder(t, writeTiny(t), dir)
	}
	copyFolder(t, tinymodel.Write(t), "packages/slim")
	list := slices.Repeat([]pairs.Pair{{Query: "what is a context", Positive: "A context cancels a request."}}, 64)
	copyFolder(t, t.TempDir(), "pairs")
	if err := pairs.Write("pairs/squad.jsonl.gz", list); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("texts.txt", []byte(strings.Repeat("A context cancels a request.\n", 64)), 0o600); err != nil {
		t.Fatal(err)
	}
	execute := func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		root := rootCommand()
		root.SetOut(new(bytes.Buffer))
		root.SetErr(new(bytes.Buffer))
		root.SetArgs(arguments)
		return root.ExecuteContext(ctx)
	}
	t.Setenv("EFFIR_CACHE", t.TempDir())
	if err := execute(); err == nil || !strings.Contains(err.Error(), namedModel(arguments)) || !strings.Contains(err.Error(), "effir import") {
		t.Errorf("%v without the model: error %v names neither it nor the remedy", arguments, err)
	}
	copyFolder(t, writeTiny(t), filepath.Join(os.Getenv("EFFIR_CACHE"), "checkpoints", namedModel(arguments)))
	if err := execute(); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v with the model in the cache: %v", arguments, err)
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
