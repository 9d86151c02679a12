package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/internal/atomicfile"
)

// state keeps the outcomes of phases until all are there, so that a run that was broken off goes on
// with the phase that it was in. A phase is never divided: its rounds belong to one time.
type state struct {
	dir string
	key string // of everything that decides what is measured
	log io.Writer
}

// openState returns the state of a run in dir.
func openState(dir string, b *bench) (*state, error) {
	h := sha256.New()
	fmt.Fprintln(h, b.Rounds, b.Quick, texts.Lengths, b.server.tree.digest)
	for _, s := range b.systems {
		fmt.Fprintln(h, s.name, s.path())
		if s.model != nil {
			fmt.Fprintln(h, s.model.Name, s.model.Weights)
		}
	}
	return &state{dir: dir, key: hex.EncodeToString(h.Sum(nil)), log: b.log}, os.MkdirAll(dir, 0o755)
}

// kept is a phase's file.
type kept struct {
	Key     string
	Outcome *outcome
}

// do runs a phase unless its outcome is kept.
func (s *state) do(ctx context.Context, name string, phase func(context.Context) (*outcome, error)) (*outcome, error) {
	path := filepath.Join(s.dir, name+".json")
	var k kept
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &k) == nil && k.Key == s.key {
		fmt.Fprintf(s.log, "%s: from the run that was broken off (%s)\n", name, path)
		return k.Outcome, nil
	}
	out, err := phase(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text, err := json.Marshal(kept{s.key, out})
	if err != nil {
		return nil, err
	}
	return out, atomicfile.Write(path, text)
}

// finish forgets the outcomes: the next run measures anew.
func (s *state) finish() error {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.json"))
	for _, file := range files {
		if err == nil {
			err = os.Remove(file)
		}
	}
	return err
}
