package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/index"
)

// Write makes the bundle of c in the folder dir, which is made if it is missing.
// The same content gives the same bytes. The manifest is written last; then files
// that are named as those of a bundle but belong to no bundle any more are removed.
// Other files in the folder are left alone. An interrupted Write leaves the bundle
// that was there before usable.
//
// progress, which may be nil, is called with the number of passages done; a passage
// counts once for each of the steps it goes through.
func Write(ctx context.Context, dir string, c Content, progress func(done, total int)) (*Manifest, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w := &writer{
		ctx: ctx, dir: dir, content: &c, files: make(map[string]bool), progress: progress, total: 2 * c.passages(),
	}
	if c.Vectors != nil {
		w.total += c.passages()
	}
	m, err := w.write()
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return nil, err
	}
	if len(text) > maxManifestBytes {
		return nil, errors.New(ManifestName + ": is over 1 MiB: use fewer filter and sort keys")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := atomicfile.Write(filepath.Join(dir, ManifestName), append(text, '\n')); err != nil {
		return nil, err
	}
	return m, w.removeOthers()
}

// writer is one run of Write.
type writer struct {
	ctx         context.Context
	dir         string
	content     *Content
	files       map[string]bool // written, by name in the folder
	progress    func(done, total int)
	done, total int
}

func (w *writer) write() (*Manifest, error) {
	pages := w.content.Pages
	d := &directory{first: make([]uint32, 1, len(pages)+1)}
	languages := make(map[string]int)
	for i := range pages {
		d.first = append(d.first, d.first[i]+uint32(len(pages[i].Passages)))
		if language := pages[i].Language; language != "" {
			languages[language]++
		} else {
			languages["und"]++
		}
	}
	var err error
	m := &Manifest{
		Format: Format, Pages: d.pages(), Passages: d.passages(), Languages: languages, Fusion: w.content.Fusion,
	}
	if err := w.terms(d); err != nil {
		return nil, err
	}
	related := func(int) []int { return nil }
	if w.content.Vectors != nil && d.passages() > 0 {
		var pages *relatedPages
		if m.Vectors, pages, err = w.vectors(d); err != nil {
			return nil, err
		}
		related = pages.of
	}
	if d.passageShards, err = w.passages(related); err != nil {
		return nil, err
	}
	if m.Filters, err = w.keyed(func(p *Page) []Field { return p.Filters }, makeFilter); err != nil {
		return nil, err
	}
	if m.Sorts, err = w.keyed(func(p *Page) []Field { return p.Sorts }, makeSort); err != nil {
		return nil, err
	}
	m.Directory, err = w.put(d.marshal())
	return m, err
}

// terms writes the keyword index: the terms, then the lists of prefixes that are
// wide in their shards.
func (w *writer) terms(d *directory) error {
	builder := index.NewBuilder(index.DefaultParameters())
	for i := range w.content.Pages {
		page := &w.content.Pages[i]
		for j := range page.Passages {
			builder.Add(Document(*page, page.Passages[j]))
		}
		if err := w.step(len(page.Passages)); err != nil {
			return err
		}
	}
	shards := &termShardWriter{put: w.put}
	var failed error
	var terms []termFrequency
	builder.Impacts(func(term string, passages []uint32, impacts []float32) {
		if failed == nil {
			failed = shards.add(term, passages, impacts)
			terms = append(terms, termFrequency{term, len(passages)})
		}
	})
	if failed == nil {
		failed = shards.close()
	}
	if failed != nil {
		return failed
	}
	d.termShards = shards.shards
	if lists := newPrefixLists(d, terms); len(lists.wide) > 0 {
		builder.Impacts(lists.add)
		failed = lists.write(shards)
		d.termShards = shards.shards
	}
	return failed
}

// vectors writes the vectors and prepares finding related pages.
func (w *writer) vectors(d *directory) (*VectorFile, *relatedPages, error) {
	vectors, err := makeClusters(w.content.Vectors, w.step)
	if err != nil {
		return nil, nil, err
	}
	v, err := vectors.write(w.put)
	if err != nil {
		return nil, nil, err
	}
	file, err := w.put(v.marshal())
	if err != nil {
		return nil, nil, err
	}
	related, err := newRelatedPages(vectors, d.first)
	return &VectorFile{File: file, Model: w.content.Model, Dims: v.dims, Clusters: len(v.clusters)}, related, err
}

// passages writes what results show.
func (w *writer) passages(related func(page int) []int) ([]passageShardRef, error) {
	shards := &passageShardWriter{put: w.put}
	for i := range w.content.Pages {
		page := &w.content.Pages[i]
		if err := shards.add(page, related(i)); err != nil {
			return nil, err
		}
		if err := w.step(len(page.Passages)); err != nil {
			return nil, err
		}
	}
	if err := shards.close(); err != nil {
		return nil, err
	}
	return shards.shards, nil
}

// keyed writes one file for every key that the fields of any page have.
func (w *writer) keyed(fields func(*Page) []Field, encode func(pages []Page, key string) []byte) (map[string]File, error) {
	var keys []string
	for i := range w.content.Pages {
		for _, f := range fields(&w.content.Pages[i]) {
			if at, found := slices.BinarySearch(keys, f.Key); !found {
				keys = slices.Insert(keys, at, f.Key)
			}
		}
	}
	files := make(map[string]File)
	for _, key := range keys {
		file, err := w.put(encode(w.content.Pages, key))
		if err != nil {
			return nil, err
		}
		files[key] = file
	}
	return files, nil
}

// put stores one file under the name that follows from its content. It needs no
// temporary file: nothing refers to it before the manifest is written, and half a
// file under its name is found and written again by the next run.
func (w *writer) put(raw []byte) (File, error) {
	if err := w.ctx.Err(); err != nil {
		return File{}, err
	}
	if len(raw) > maxRaw {
		return File{}, errors.New("site: a file is over 1 GiB: split the site into several bundles")
	}
	var stored bytes.Buffer
	zip, err := gzip.NewWriterLevel(&stored, gzip.BestCompression)
	if err != nil {
		return File{}, err
	}
	if _, err := zip.Write(raw); err != nil {
		return File{}, err
	}
	if err := zip.Close(); err != nil {
		return File{}, err
	}
	file := File{Name: fileName(stored.Bytes()), Bytes: int64(stored.Len()), Raw: int64(len(raw))}
	if w.files[file.Path()] {
		return file, nil
	}
	w.files[file.Path()] = true
	path := filepath.Join(w.dir, file.Path())
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, stored.Bytes()) {
		return file, nil
	}
	return file, os.WriteFile(path, stored.Bytes(), 0o644)
}

// fileName returns the name of a file with the given stored bytes.
func fileName(stored []byte) string {
	sum := sha256.Sum256(stored)
	return hex.EncodeToString(sum[:nameBytes])
}

func (w *writer) step(passages int) error {
	w.done += passages
	if w.progress != nil {
		w.progress(w.done, w.total)
	}
	return w.ctx.Err()
}

// removeOthers removes files of earlier bundles.
func (w *writer) removeOthers() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, ours := strings.CutSuffix(entry.Name(), ".bin")
		if ours && isHex(name, nameDigits) && entry.Type().IsRegular() && !w.files[entry.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(w.dir, entry.Name())))
		}
	}
	return err
}
