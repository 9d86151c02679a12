package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"time"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/toolchain/vocabulary"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
)

// recordedTexts is how many texts a recording has.
const recordedTexts = 64

// Recording holds vectors of the float32 model that a package was made from, so
// that a package can be checked where there is neither that model nor XLA.
type Recording struct {
	Model   string         `json:"model"`   // the package, see modeldir.Identity
	SHA256  string         `json:"sha256"`  // of the package's own vectors, hexadecimal, see Digest
	Backend string         `json:"backend"` // of GoMLX, with its plugin and its version
	Device  string         `json:"device"`
	Machine string         `json:"machine"`
	Date    string         `json:"date"`
	Texts   []RecordedText `json:"texts"`
}

// RecordedText is a text with the float32 model's vector, of length one.
type RecordedText struct {
	Text   string `json:"text"`
	Query  bool   `json:"query"`  // embedded as a query, else as a passage
	Vector []byte `json:"vector"` // float32 numbers, little-endian
}

func (t RecordedText) kind() encoder.Kind {
	if t.Query {
		return encoder.Query
	}
	return encoder.Passage
}

// Record computes what src, the checkpoint of the package in dir, gives 64 texts
// on a backend, and what the package gives them. Every other text is a query.
func Record(ctx context.Context, b backends.Backend, src export.Source, dir fs.FS) (*Recording, error) {
	m, manifest, err := modeldir.Open(dir)
	if err != nil {
		return nil, err
	}
	if src, err = sameVocabulary(src, dir, m); err != nil {
		return nil, err
	}
	e, err := native.Open(dir, native.Options{})
	if err != nil {
		return nil, err
	}
	r := &Recording{
		Model: modeldir.Identity(manifest), Backend: withoutFolders(b.Description()), Device: b.DeviceDescription(0),
		Machine: results.Machine(), Date: time.Now().UTC().Format(time.DateOnly),
	}
	var ids [][]int32
	for _, text := range Texts(2 * recordedTexts) {
		if len(ids) == recordedTexts {
			break
		}
		recorded := RecordedText{Text: text, Query: len(ids)%2 == 0}
		tokens, err := e.Tokens(text, recorded.kind())
		if errors.Is(err, encoder.ErrEmpty) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids, r.Texts = append(ids, tokens), append(r.Texts, recorded)
	}
	vectors, err := Reference(ctx, b, src, dir, ids)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		r.Texts[i].Vector = bytesOf(v)
	}
	own, err := r.embed(ctx, e)
	if err != nil {
		return nil, err
	}
	r.SHA256 = Digest(own)
	return r, nil
}

// sameVocabulary leaves out the tokens of a checkpoint that its package left out.
func sameVocabulary(src export.Source, dir fs.FS, m *model.Manifest) (export.Source, error) {
	whole := src.Config().VocabSize
	if whole == m.Vocab() {
		return src, nil
	}
	tokens, err := modeldir.Tokenizer(dir, m)
	if err != nil {
		return nil, err
	}
	if src, err = vocabulary.WithTokensOf(src, tokens); err != nil {
		return nil, err
	}
	if n := src.Config().VocabSize; n != m.Vocab() {
		return nil, fmt.Errorf("verify: the package has %d tokens, the checkpoint %d, of which %d are the package's; give the checkpoint that the package was exported from",
			m.Vocab(), whole, n)
	}
	return src, nil
}

// withoutFolders leaves the folders out of paths in a text.
func withoutFolders(text string) string { return folders.ReplaceAllString(text, "") }

var folders = regexp.MustCompile(`/[^\s():]*/`)

// Agreement is how a package compares with its recording.
type Agreement struct {
	Least, Mean float64 // cosine to the float32 model
	Identical   bool    // the package's vectors have the recorded bits
}

// Compare embeds the recorded texts with the package that was recorded.
func (r *Recording) Compare(ctx context.Context, e *native.Encoder) (Agreement, error) {
	vectors, err := r.embed(ctx, e)
	if err != nil {
		return Agreement{}, err
	}
	a := Agreement{Least: 1, Identical: Digest(vectors) == r.SHA256}
	for i, v := range vectors {
		if len(r.Texts[i].Vector) != 4*len(v) {
			return a, fmt.Errorf("verify: the recorded vector of text %d has %d bytes, the package's has %d; record again", i, len(r.Texts[i].Vector), 4*len(v))
		}
		cosine := Cosine(v, floatsOf(r.Texts[i].Vector))
		a.Least, a.Mean = min(a.Least, cosine), a.Mean+cosine/float64(len(vectors))
	}
	return a, nil
}

// embed returns the package's vectors of the texts.
func (r *Recording) embed(ctx context.Context, e *native.Encoder) ([][]float32, error) {
	vectors := make([][]float32, len(r.Texts))
	for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
		var texts []string
		var places []int
		for i, text := range r.Texts {
			if text.kind() == kind {
				texts, places = append(texts, text.Text), append(places, i)
			}
		}
		rows, err := e.Embed(ctx, texts, kind, nil)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			if row == nil {
				return nil, fmt.Errorf("verify: %.40q has no tokens; record again", texts[i])
			}
			vectors[places[i]] = row
		}
	}
	return vectors, nil
}
