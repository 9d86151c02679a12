package site

import (
	"context"
	"errors"
	"io/fs"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/wasm/site"
)

// EmbedText returns what is embedded for a passage: the page's title, the heading
// unless it repeats the title, and the text, each on a line of its own.
func EmbedText(page *site.Page, passage site.Passage) string {
	document := site.Document(*page, passage)
	text := document.Title
	if passage.Text != "" {
		text += "\n" + passage.Text
	}
	return text
}

// Embedder gives passages their vectors.
type Embedder struct {
	model    fs.FS
	identity string
	cache    *Cache
	encoder  *native.Encoder // opened when the first text is not in the cache
}

// NewEmbedder prepares a model package. Vectors are kept in the folder cacheDir.
func NewEmbedder(model fs.FS, cacheDir string) (*Embedder, error) {
	m, raw, err := modeldir.Open(model)
	if err != nil {
		return nil, err
	}
	e := &Embedder{model: model, identity: modeldir.Identity(raw)}
	e.cache, err = OpenCache(cacheDir, e.identity, m.Dims)
	return e, err
}

// Model returns the SHA-256 of the model's manifest in hex.
func (e *Embedder) Model() string { return e.identity }

// Missing returns the different texts of pages that are not in the cache, in
// their order.
func (e *Embedder) Missing(pages []site.Page) []string {
	var missing []string
	asked := make(map[string]bool)
	for text := range embedTexts(pages) {
		if !asked[text] && e.cache.rows[e.cache.key(text)] == nil {
			asked[text] = true
			missing = append(missing, text)
		}
	}
	return missing
}

// slab is how many texts are embedded between two writes to the cache.
const slab = 512

// Embed returns a vector for each passage, in order. progress, which may be nil,
// is told how many of the missing texts are embedded. After an error, such as
// that of a cancelled context, the cache keeps what was embedded.
func (e *Embedder) Embed(ctx context.Context, pages []site.Page, progress func(done, total int)) (*index.Vectors, error) {
	missing := e.Missing(pages)
	for start := 0; start < len(missing); start += slab {
		if e.encoder == nil {
			var err error
			if e.encoder, err = native.Open(e.model, native.Options{}); err != nil {
				return nil, err
			}
		}
		texts := missing[start:min(start+slab, len(missing))]
		vectors, err := e.encoder.Embed(ctx, texts, encoder.Passage, func(done, _ int) {
			if progress != nil {
				progress(start+done, len(missing))
			}
		})
		for i := range vectors {
			if vectors[i] == nil && err == nil { // without tokens: found by no meaning
				vectors[i] = make([]float32, e.cache.dims)
			}
		}
		if err := errors.Join(err, e.cache.Add(texts, vectors)); err != nil {
			return nil, err
		}
	}
	vectors, err := index.NewVectors(e.cache.dims)
	if err != nil {
		return nil, err
	}
	for text := range embedTexts(pages) {
		if err := vectors.Append(e.cache.Get(text)); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// Keep tells the cache that the newest build of a source uses what was embedded of
// pages, see Cache.Keep.
func (e *Embedder) Keep(source string, pages []site.Page) error {
	return e.cache.Keep(source, embedTexts(pages))
}

// embedTexts yields what is embedded for each passage.
func embedTexts(pages []site.Page) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range pages {
			for _, passage := range pages[i].Passages {
				if !yield(EmbedText(&pages[i], passage)) {
					return
				}
			}
		}
	}
}
