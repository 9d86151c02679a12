package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/site"
)

// Systems, as figures name them.
const (
	effir          = "effir"
	pagefind       = "pagefind"
	orama          = "orama"
	transformersjs = "transformersjs"
)

// What is kept of embedding, in the work folder: our vectors and how long they took, and those of
// transformers.js with their times.
const (
	vectorCache = "cache"
	vectorTimes = "effir-times.json"
	minilmCache = "minilm"
)

// key returns a hash of what a system's index is made from, and the system's version.
func (b *bench) key(name string) (key, version string, err error) {
	h := sha256.New()
	fmt.Fprintln(h, b.corpus.SHA256, b.corpus.Passages)
	pkg := map[string]string{pagefind: "pagefind", orama: "@orama/orama", transformersjs: "@huggingface/transformers"}[name]
	files := map[string][]string{
		effir:          {b.effir, filepath.Join(filepath.Dir(b.effir), "guest.wasm")},
		orama:          {filepath.Join(dir, "orama.mjs"), filepath.Join(dir, "orama-index.mjs")},
		transformersjs: {filepath.Join(dir, "minilm.mjs"), filepath.Join(b.models, minilm, "onnx", "model_quantized.onnx")},
	}[name]
	if pkg != "" {
		if version, err = fetch.NPMVersion(dir, pkg); err != nil {
			return "", "", err
		}
		fmt.Fprintln(h, version)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			return "", "", err
		}
		_, err = io.Copy(h, file)
		file.Close()
		if err != nil {
			return "", "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), version, nil
}

// measured returns what work of this process took.
func measured(work func() error) (cost, error) {
	began, before := time.Now(), processorTime()
	err := work()
	return cost{Seconds: time.Since(began).Seconds(), CPU: (processorTime() - before).Seconds()}, err
}

func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func isBundle(name string) bool { return name == "index.json" || filepath.Ext(name) == ".bin" }

// indexEffir makes the bundle by keyword alone, then the one that is served. Vectors are cached by
// content: what embedding all of them takes follows from the runs that embedded some.
func (b *bench) indexEffir(ctx context.Context, x *index, _ cost) error {
	keyword, whole := filepath.Join(b.work, "effir-keyword"), filepath.Join(b.work, effir)
	if err := os.RemoveAll(keyword); err != nil {
		return err
	}
	_, took, err := b.command(ctx, nil, b.effir, "index", b.site, "--keyword-only", "--bundle-only", "--url-base", "/", "-o", keyword)
	if err != nil {
		return err
	}
	x.Keyword = &took
	if err := x.Keyword.weigh(keyword, isBundle); err != nil {
		return err
	}
	times := journal(filepath.Join(b.work, vectorTimes))
	for {
		printed, took, err := b.command(ctx, []string{"EFFIR_CACHE=" + filepath.Join(b.work, vectorCache)}, b.effir, "index", b.site, "--url-base", "/", "-o", whole)
		if err != nil {
			return err
		}
		embedded, err := embeddedNow(printed)
		if err != nil {
			return err
		}
		if embedded > 0 {
			if err := times.add(span{Texts: embedded, Seconds: took.Seconds, CPU: took.CPU}); err != nil {
				return err
			}
			continue // the rest of the work alone
		}
		embedding, err := times.of(b.corpus.Passages, took)
		if err != nil {
			return err
		}
		took = took.and(embedding)
		x.Whole = &took
		break
	}
	// The model's chunks are .bin files too, in a folder of their own.
	if err := x.Whole.weigh(whole, isBundle); err != nil {
		return err
	}
	model := cost{}
	if err := model.weigh(filepath.Join(whole, "model"), isBundle); err != nil {
		return err
	}
	x.Whole.Bytes -= model.Bytes
	x.Whole.Files -= model.Files
	x.Version = "of this commit"
	return b.rebuildEffir(ctx, x)
}

// rebuildEffir measures our index of a copy of the site after one page has changed.
func (b *bench) rebuildEffir(ctx context.Context, x *index) error {
	copied, out := filepath.Join(b.work, "changed"), filepath.Join(b.work, "effir-changed")
	clear := func() error { return errors.Join(os.RemoveAll(copied), os.RemoveAll(out)) }
	if err := errors.Join(clear(), os.CopyFS(copied, os.DirFS(b.site))); err != nil {
		return err
	}
	again := func() (int, cost, error) {
		printed, took, err := b.command(ctx, []string{"EFFIR_CACHE=" + filepath.Join(b.work, vectorCache)}, b.effir, "index", copied, "--url-base", "/", "-o", out)
		if err != nil {
			return 0, took, err
		}
		embedded, err := embeddedNow(printed)
		return embedded, took, err
	}
	if _, _, err := again(); err != nil {
		return err
	}
	page, err := change(copied)
	if err != nil {
		return err
	}
	embedded, took, err := again()
	switch {
	case err != nil:
		return err
	case embedded < 1 || embedded > 100:
		return fmt.Errorf("%d passages were embedded after one page, %s, had changed: some of it, and nothing else, should be", embedded, page)
	}
	x.Rebuild = &took
	return clear()
}

// change writes a sentence that is nowhere else into the first page of a site that is indexed, and returns its file.
func change(folder string) (page string, err error) {
	excluded := func(name string) bool {
		return slices.ContainsFunc(site.DefaultExclude, func(pattern string) bool {
			matched, _ := filepath.Match(pattern, name)
			return matched
		})
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".html" || excluded(entry.Name()) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		before, after, found := bytes.Cut(text, []byte("</p>"))
		if !found {
			return nil // an empty one
		}
		page = path
		sentence := fmt.Sprintf(" This page was changed at %d nanoseconds.</p>", time.Now().UnixNano())
		if err := os.WriteFile(path, slices.Concat(before, []byte(sentence), after), 0o644); err != nil {
			return err
		}
		return fs.SkipAll
	})
	if err == nil && page == "" {
		err = fmt.Errorf("%s: no page has a paragraph to change", folder)
	}
	return page, err
}

var embeddedPattern = regexp.MustCompile(`\((\d+) embedded now\)`)

func embeddedNow(printed string) (int, error) {
	found := embeddedPattern.FindStringSubmatch(printed)
	if found == nil {
		return 0, fmt.Errorf("effir index did not say how many passages it embedded: %s", lastLines(printed))
	}
	return strconv.Atoi(found[1])
}

func (b *bench) indexPagefind(ctx context.Context, x *index, _ cost) error {
	out := filepath.Join(b.work, pagefind)
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	_, took, err := b.command(ctx, nil, filepath.Join(dir, "node_modules", ".bin", "pagefind"), "--site", b.site, "--output-path", out)
	if err != nil {
		return err
	}
	x.Keyword = &took
	return x.Keyword.weigh(out, func(name string) bool { return strings.Contains(name, ".pf_") || name == "pagefind-entry.json" })
}

func (b *bench) indexOrama(ctx context.Context, x *index, reading cost) error {
	out := filepath.Join(b.work, orama)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	_, took, err := b.command(ctx, nil, "node", "--max-old-space-size=8192", filepath.Join(dir, "orama.mjs"), filepath.Join(b.work, passagesFile), filepath.Join(out, "index.json"))
	if err != nil {
		return err
	}
	took = took.and(reading)
	x.Keyword = &took
	return x.Keyword.weigh(out, func(name string) bool { return name == "index.json" })
}

// minilm is the folder of all-MiniLM-L6-v2 with int8 weights whose graph onnxruntime runs fastest.
const minilm = "minilm-older"

// indexMiniLM embeds the passages. As with ours, embedding is cached, and its time follows from the runs
// that embedded some.
func (b *bench) indexMiniLM(ctx context.Context, x *index, reading cost) error {
	cache, out := filepath.Join(b.work, minilmCache), filepath.Join(b.work, transformersjs)
	embed := func() (cost, error) {
		_, took, err := b.command(ctx, nil, "node", filepath.Join(dir, "minilm.mjs"), filepath.Join(b.work, passagesFile), b.models, minilm, cache, out)
		return took, err
	}
	if _, err := embed(); err != nil { // what is missing
		return err
	}
	took, err := embed() // the rest of the work alone
	if err != nil {
		return err
	}
	embedding, err := journal(filepath.Join(cache, "times.json")).of(b.corpus.Passages, cost{})
	if err != nil {
		return err
	}
	took = took.and(embedding).and(reading)
	x.Whole = &took
	return x.Whole.weigh(out, func(string) bool { return true })
}

// journal is a file of what runs that embedded texts took.
type journal string

// span is one of them.
type span struct {
	Texts   int     `json:"texts"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
}

func (j journal) read() ([]span, error) {
	text, err := os.ReadFile(string(j))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var spans []span
	if err := json.Unmarshal(text, &spans); err != nil {
		return nil, fmt.Errorf("%s: %w; remove the file and the cache beside it", j, err)
	}
	return spans, nil
}

func (j journal) add(s span) error {
	spans, err := j.read()
	if err != nil {
		return err
	}
	text, err := json.Marshal(append(spans, s))
	if err != nil {
		return err
	}
	return atomicfile.Write(string(j), append(text, '\n'))
}

// of returns what embedding so many texts takes, from the runs that embedded some, without what each run
// did besides.
func (j journal) of(texts int, besides cost) (cost, error) {
	spans, err := j.read()
	if err != nil {
		return cost{}, err
	}
	var total span
	for _, s := range spans {
		total.Texts += s.Texts
		total.Seconds += max(0, s.Seconds-besides.Seconds)
		total.CPU += max(0, s.CPU-besides.CPU)
	}
	if total.Texts == 0 {
		return cost{}, fmt.Errorf("%s does not say what embedding took: remove the cache beside it to measure again", j)
	}
	share := float64(texts) / float64(total.Texts)
	return cost{Seconds: total.Seconds * share, CPU: total.CPU * share}, nil
}
