// Package encoder turns texts into vectors: it drives the kernels through the
// forward pass of the model family that a package names.
package encoder

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// Kind says what a text is: models prefix queries and passages differently.
type Kind int

// The kinds of text.
const (
	Query Kind = iota
	Passage
)

// ErrEmpty is returned for a text without a single token.
var ErrEmpty = errors.New("encoder: the text is empty: there is nothing to embed")

// Encoder embeds texts with one model. It is immutable: concurrent work goes
// through one [Session] for each goroutine.
type Encoder struct {
	kernels   kernel.Kernels
	manifest  *model.Manifest
	tokenizer *tokenizer.Tokenizer
	network   *llama
}

// New returns an encoder over a weights image that lies at weights in the
// memory of k.
func New(k kernel.Kernels, m *model.Manifest, weights kernel.Ptr, t *tokenizer.Tokenizer) (*Encoder, error) {
	if t.Len() > m.Llama.Vocab {
		return nil, errors.New("encoder: the tokenizer has more tokens than the embedding table has rows; export the model again")
	}
	return &Encoder{kernels: k, manifest: m, tokenizer: t, network: newLlama(m, weights)}, nil
}

// Dims returns the length of an embedding.
func (e *Encoder) Dims() int { return e.manifest.Dims }

// Tokens appends the ids that the network sees for a text: prefix, text cut to
// what fits, suffix. Only a text without tokens is an error.
func (e *Encoder) Tokens(dst []int32, text string, kind Kind) ([]int32, error) {
	how := e.manifest.Embedding
	lead := how.Query
	if kind == Passage {
		lead = how.Passage
	}
	start := len(dst)
	dst = append(dst, how.Prefix...)
	textStart := len(dst)
	// Joined before tokenizing: a merge may span the border.
	dst = e.tokenizer.Encode(dst, lead+clip(text, e.manifest.MaxTokens))
	if text == "" || len(dst) == textStart {
		return dst[:start], ErrEmpty
	}
	if room := e.manifest.MaxTokens - len(how.Suffix); len(dst)-start > room {
		dst = dst[:start+room]
	}
	return append(dst, how.Suffix...), nil
}

// clip bounds the work on huge texts: what lies far behind the last token that
// can count is not even tokenized. 64 bytes a token are more than any vocabulary
// needs on text; only runs of one repeated character come near.
func clip(text string, tokens int) string {
	if limit := 64 * tokens; len(text) > limit {
		return text[:limit]
	}
	return text
}

// Session is the working memory of one goroutine. It embeds batches of texts
// whose tokens together fit its capacity.
type Session struct {
	*Encoder
	capacity int
	scratch  scratch
	ids      []int32
	bytes    []byte
	lengths  []int
}

// NewSession allocates working memory for batches of up to capacity tokens, at
// least one longest text. It must not run while another session computes.
func (e *Encoder) NewSession(capacity int) (*Session, error) {
	capacity = max(capacity, e.manifest.MaxTokens)
	size := e.network.scratchBytes(capacity, e.manifest.MaxTokens)
	base, err := e.kernels.Alloc(size)
	if err != nil {
		return nil, err
	}
	return &Session{Encoder: e, capacity: capacity, scratch: e.network.layScratch(base, capacity, e.manifest.MaxTokens)}, nil
}

// Capacity returns how many tokens one batch may have.
func (s *Session) Capacity() int { return s.capacity }

// ScratchBytes returns the kernel memory that a session of this capacity takes.
func (e *Encoder) ScratchBytes(capacity int) int {
	return e.network.scratchBytes(max(capacity, e.manifest.MaxTokens), e.manifest.MaxTokens)
}

// Embed writes the embedding of one text to out, [Dims] floats of length one,
// and returns the number of tokens read.
func (s *Session) Embed(out []float32, text string, kind Kind) (int, error) {
	ids, err := s.Tokens(s.ids[:0], text, kind)
	s.ids = ids
	if err != nil {
		return 0, err
	}
	s.lengths = append(s.lengths[:0], len(ids))
	return len(ids), s.EmbedTokens(out, ids, s.lengths)
}

// EmbedTokens embeds several sequences at once. ids: the sequences one behind
// the other, as Tokens makes them, lengths: their lengths. out: float32
// [len(lengths), Dims]. A sequence gets the same bits in every batch.
func (s *Session) EmbedTokens(out []float32, ids []int32, lengths []int) error {
	total := 0
	for _, n := range lengths {
		if n < 1 || n > s.manifest.MaxTokens {
			return errors.New("encoder: a sequence is empty or longer than max_tokens")
		}
		total += n
	}
	if total != len(ids) || total > s.capacity || len(out) != len(lengths)*s.Dims() {
		return errors.New("encoder: lengths, ids, capacity and output do not fit together")
	}
	for _, id := range ids {
		if id < 0 || int(id) >= s.manifest.Llama.Vocab {
			return errors.New("encoder: token id outside the vocabulary")
		}
	}
	s.bytes = s.bytes[:0]
	for _, id := range ids {
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(id))
	}
	s.kernels.Write(s.scratch.ids, s.bytes)
	s.network.forward(s.kernels, s.scratch, lengths)
	s.pool(out, lengths)
	return nil
}

// pool reduces hidden states to one vector a sequence, each of length one.
func (s *Session) pool(out []float32, lengths []int) {
	how, hidden, dims := s.manifest.Embedding, s.manifest.Llama.Hidden, s.Dims()
	row := 0
	if need := 4 * dims; cap(s.bytes) < need {
		s.bytes = make([]byte, need)
	}
	for i, n := range lengths {
		first, count := row+n-1, 1
		if how.Pooling == "mean" {
			first, count = row+how.Skip, n-how.Skip
		}
		vector := s.scratch.pooled
		s.kernels.MeanPool(vector, s.scratch.x.Add(4*first*hidden), count, hidden)
		if how.Unit {
			s.kernels.Normalise(vector, hidden)
		}
		if how.Head {
			vector = s.scratch.vector
			s.kernels.Dense(vector, s.scratch.pooled, s.network.headWeight, s.network.headBias, dims, hidden)
		}
		s.kernels.Normalise(vector, dims)
		raw := s.bytes[:4*dims]
		s.kernels.Read(raw, vector)
		for j := range dims {
			out[i*dims+j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:]))
		}
		row += n
	}
}
