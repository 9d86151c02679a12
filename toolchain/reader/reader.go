// Package reader turns texts into the tokens that a checkpoint's model sees:
// prefix for the kind of text, special tokens around it, cut to what fits.
package reader

import (
	"errors"
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/tokenizer"
)

// Source is what a Reader needs of a checkpoint.
type Source interface {
	Config() checkpoint.Config
	TokenizerJSON() ([]byte, error)
}

// Reader reads texts for one model. It is safe for concurrent use.
type Reader struct {
	tokenizer     *tokenizer.Tokenizer
	embedding     checkpoint.Embedding
	before, after []int32 // special tokens around every text
	vocabulary    int     // of the model
	limit         int     // tokens, special ones included
}

// DefaultTokens cuts texts of a model whose configuration names no limit.
const DefaultTokens = 512

// New reads the tokenizer of a checkpoint. maxTokens cuts longer texts, special
// tokens included; 0 means as many as the model takes. A checkpoint without an
// embedding section is read without prefixes, and pooled by mean.
func New(src Source, maxTokens int) (*Reader, error) {
	c := src.Config()
	r := &Reader{vocabulary: c.VocabSize, limit: min(DefaultTokens, c.MaxPositionEmbeddings)}
	r.embedding = checkpoint.Embedding{Pooling: checkpoint.PoolMean, Normalize: true, MaxTokens: r.limit}
	if c.Embedding != nil {
		r.embedding, r.limit = *c.Embedding, c.Embedding.MaxTokens
	}
	if maxTokens > 0 {
		r.limit = min(r.limit, maxTokens)
	}
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	if r.tokenizer, err = tokenizer.ParseJSON(text); err != nil {
		return nil, err
	}
	if r.before, r.after, err = SpecialTokens(text); err != nil {
		return nil, err
	}
	if len(r.before)+len(r.after) >= r.limit {
		return nil, fmt.Errorf("at most %d tokens a text leave no room beside %d special ones: allow more", r.limit, len(r.before)+len(r.after))
	}
	return r, nil
}

// Embedding says how the model's states become a vector.
func (r *Reader) Embedding() checkpoint.Embedding { return r.embedding }

// Limit is the length of the longest text in tokens, special ones included.
func (r *Reader) Limit() int { return r.limit }

// ErrEmpty is returned for a text without a single token of its own.
var ErrEmpty = errors.New("the text is empty: there is nothing to read")

// bytesPerToken bounds the work on huge texts; see encoder.Tokens, which cuts
// likewise.
const bytesPerToken = 64

// Read returns the tokens of a text. A token outside the model's vocabulary is an
// error: a graph would clamp it silently.
func (r *Reader) Read(text string, kind encoder.Kind) ([]int32, error) {
	prefix := r.embedding.QueryPrefix
	if kind == encoder.Passage {
		prefix = r.embedding.PassagePrefix
	}
	if limit := bytesPerToken * r.limit; len(text) > limit {
		text = text[:limit]
	}
	ids := append(make([]int32, 0, len(text)/4+len(r.before)+len(r.after)+1), r.before...)
	ids = r.tokenizer.Encode(ids, prefix+text)
	if text == "" || len(ids) == len(r.before) {
		return nil, ErrEmpty
	}
	ids = append(ids[:min(len(ids), r.limit-len(r.after))], r.after...)
	for _, id := range ids {
		if id < 0 || int(id) >= r.vocabulary {
			return nil, fmt.Errorf("token %d of the text %.40q is outside the model's vocabulary of %d: tokenizer.json and weights do not belong together", id, text, r.vocabulary)
		}
	}
	return ids, nil
}
