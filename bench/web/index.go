package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/effir/effir/internal/atomicfile"
)

// index is a system's index of the site, and what it cost. It is kept beside the index, so that an index
// is made anew only if the site or the system has changed.
type index struct {
	Key     string `json:"key"` // of everything that it was made from
	Version string `json:"version"`
	// Keyword is what an index for search by keyword alone costs, Whole one with vectors.
	Keyword *cost `json:"keyword,omitempty"`
	Whole   *cost `json:"whole,omitempty"`
	// Rebuild is what one changed page costs when everything else was indexed before.
	Rebuild *cost `json:"rebuild,omitempty"`
}

// cost is what making an index took, reading the pages included.
type cost struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`   // seconds of all cores
	Bytes   int64   `json:"bytes"` // of the files that queries read; no scripts, no models
	Files   int     `json:"files"`
}

// corpus is what the command that made the site says of it.
type corpus struct {
	Pages    int            `json:"pages"`
	Bytes    int64          `json:"bytes"`
	Sources  map[string]int `json:"sources"`
	SHA256   string         `json:"sha256"`
	Passages int            `json:"-"`
}

// passagesFile in the work folder is what writePassages writes.
const passagesFile = "passages.jsonl"

// build makes all indexes.
func (b *bench) build(ctx context.Context) error {
	text, err := os.ReadFile(b.site + ".json")
	if err == nil {
		err = json.Unmarshal(text, &b.corpus)
	}
	if err != nil {
		return fmt.Errorf("the site: %w; make it with `go run ./bench/web/corpus`", err)
	}
	fmt.Fprintln(b.log, "dividing the pages into passages for Orama and transformers.js")
	reading, err := measured(func() (err error) {
		b.corpus.Passages, err = writePassages(ctx, b.site, filepath.Join(b.work, passagesFile))
		return err
	})
	if err != nil {
		return err
	}
	b.indexes = map[string]*index{}
	for _, step := range []struct {
		name string
		make func(ctx context.Context, x *index, reading cost) error
	}{{effir, b.indexEffir}, {pagefind, b.indexPagefind}, {orama, b.indexOrama}, {transformersjs, b.indexMiniLM}} {
		if err := b.keep(ctx, step.name, func(x *index) error { return step.make(ctx, x, reading) }); err != nil {
			return fmt.Errorf("indexing for %s: %w", step.name, err)
		}
	}
	return nil
}

// forget removes what was kept of earlier runs: costs, and vectors by content.
func (b *bench) forget() error {
	var failed []error
	for _, name := range []string{effir, pagefind, orama, transformersjs} {
		failed = append(failed, os.RemoveAll(filepath.Join(b.work, name+".json")))
	}
	for _, name := range []string{vectorCache, vectorTimes, minilmCache} {
		failed = append(failed, os.RemoveAll(filepath.Join(b.work, name)))
	}
	return errors.Join(failed...)
}

// keep makes an index unless it is there.
func (b *bench) keep(ctx context.Context, name string, build func(*index) error) error {
	key, version, err := b.key(name)
	if err != nil {
		return err
	}
	path := filepath.Join(b.work, name+".json")
	var x index
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &x) == nil && x.Key == key {
		fmt.Fprintf(b.log, "%s: the index is there (%s)\n", name, path)
		b.indexes[name] = &x
		return nil
	}
	fmt.Fprintf(b.log, "%s: indexing %d pages\n", name, b.corpus.Pages)
	if err := errors.Join(ctx.Err(), os.RemoveAll(path)); err != nil {
		return err
	}
	x = index{Key: key, Version: version}
	if err := build(&x); err != nil {
		return err
	}
	b.indexes[name] = &x
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'))
}

// command runs a program in the folder dir and returns what it printed and cost. Extra environment is
// given as NAME=value.
func (b *bench) command(ctx context.Context, environment []string, program string, args ...string) (string, cost, error) {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = append(os.Environ(), environment...)
	var printed bytes.Buffer
	c.Stdout, c.Stderr = &printed, b.log
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	began := time.Now()
	if err := c.Run(); err != nil {
		return "", cost{}, fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, lastLines(printed.String()))
	}
	used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return printed.String(), cost{Seconds: time.Since(began).Seconds(), CPU: used.Seconds()}, nil
}

func lastLines(text string) string { return text[max(0, len(text)-1000):] }

// and adds the times of two steps.
func (c cost) and(d cost) cost {
	c.Seconds += d.Seconds
	c.CPU += d.CPU
	return c
}

// weigh adds the sizes of the files of a folder that counts accepts.
func (c *cost) weigh(folder string, counts func(name string) bool) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !counts(entry.Name()) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		c.Bytes += info.Size()
		c.Files++
		return nil
	})
}
