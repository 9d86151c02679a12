package compress

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Write stores what is left as a checkpoint in the folder dir, which appears complete or not at all
// and may replace a checkpoint, but nothing else. progress, if not nil, is told the bytes written.
func Write(ctx context.Context, dir string, c *Compressed, progress func(done, total int64)) error {
	files := []string{"config.json", "model.safetensors", "tokenizer.json"}
	foreign, err := atomicfile.Foreign(dir, func(name string) bool { return slices.Contains(files, name) })
	switch {
	case err != nil:
		return err
	case foreign != "":
		return &checkpoint.InputError{
			File: dir, Field: foreign, Problem: "the folder holds something that is not part of a checkpoint",
			Remedy: "choose another output folder, or empty this one",
		}
	}
	tokenizer, err := c.TokenizerJSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return err
	}
	return checkpoint.Write(ctx, dir, c.Config(), c, tokenizer, progress)
}
