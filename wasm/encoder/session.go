package encoder

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// Session is the working memory of one goroutine. It embeds batches of texts
// whose tokens together fit its capacity.
type Session struct {
	*Encoder
	capacity int
	pass     pass

	ids     []int32
	lengths []int
	text    []byte
	bytes   []byte // what goes to or comes from kernel memory
	ahead   ahead
}

// ahead is a text that Read has tokenized and Embed has not used yet.
type ahead struct {
	valid bool
	text  []byte // a copy
	kind  Kind
}

// maxAhead is the bytes of text up to which Read keeps it in mind.
const maxAhead = 1 << 12

// NewSession allocates working memory for batches of up to capacity tokens, at
// least one longest text. It must not run while another session computes.
func (e *Encoder) NewSession(capacity int) (*Session, error) {
	capacity = max(capacity, e.manifest.MaxTokens)
	base, err := e.kernels.Alloc(e.ScratchBytes(capacity))
	if err != nil {
		return nil, err
	}
	s := &Session{
		Encoder: e, capacity: capacity,
		pass:  pass{Kernels: e.kernels, plan: e.plan, at: layScratch(base, e.parts(capacity))},
		ids:   make([]int32, 0, e.manifest.MaxTokens),
		bytes: make([]byte, 0, 4*max(capacity, e.Dims())),
	}
	if e.plan.positions {
		for i := range e.manifest.MaxTokens {
			s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(i))
		}
		e.kernels.Write(s.pass.at.positions, s.bytes)
	}
	return s, nil
}

// Capacity returns how many tokens one batch may have.
func (s *Session) Capacity() int { return s.capacity }

// Embed writes the embedding of one text to out, [Dims] floats of length one,
// and returns the number of tokens read.
func (s *Session) Embed(out []float32, text string, kind Kind) (int, error) {
	ids := s.ids
	if !s.ahead.valid || s.ahead.kind != kind || string(s.ahead.text) != text {
		var err error
		if ids, err = s.Read(text, kind); err != nil {
			return 0, err
		}
	}
	s.ahead.valid = false
	s.lengths = append(s.lengths[:0], len(ids))
	return len(ids), s.EmbedTokens(out, ids, s.lengths)
}

// Read returns the tokens of a text, see Tokens, valid until the next call, not to be
// changed. If Embed is the next to get this text, it does not tokenize it again.
func (s *Session) Read(text string, kind Kind) ([]int32, error) {
	ids, err := s.tokens(s.ids[:0], &s.text, text, kind)
	s.ids = ids
	s.ahead.valid = err == nil && len(text) <= maxAhead
	if s.ahead.valid {
		s.ahead.text, s.ahead.kind = append(s.ahead.text[:0], text...), kind
	}
	return ids, err
}

// EmbedTokens embeds several sequences at once. ids: the sequences one behind
// the other, as Tokens makes them, lengths: their lengths. out: float32
// [len(lengths), Dims]. A sequence gets the same bits in every batch. It does
// not allocate.
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
	vocab := s.plan.vocab
	s.bytes = s.bytes[:0]
	for _, id := range ids {
		if id < 0 || int(id) >= vocab {
			return errors.New("encoder: token id outside the vocabulary")
		}
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(id))
	}
	s.kernels.Write(s.pass.at.ids, s.bytes)
	s.pass.run(s.network, lengths)
	row := 0
	for i, n := range lengths {
		s.pool(out[i*s.Dims():][:s.Dims()], row, n)
		row += n
	}
	return nil
}

// pool reduces the hidden states of one sequence, rows [row, row+n), to a vector
// of length one.
func (s *Session) pool(out []float32, row, n int) {
	how, hidden, dims := &s.manifest.Embedding, s.plan.hidden, s.Dims()
	first, count := row, 1
	switch how.Pooling {
	case "mean":
		first, count = row+how.Skip, n-how.Skip
	case "last":
		first = row + n - 1
	}
	vector := s.pass.at.pooled
	s.kernels.MeanPool(vector, s.pass.row(first), count, hidden)
	if how.Unit {
		s.kernels.Normalise(vector, hidden)
	}
	if how.Head {
		vector = s.pass.at.vector
		s.kernels.Dense(vector, s.pass.at.pooled, s.head.weight, s.head.bias, dims, hidden)
	}
	s.kernels.Normalise(vector, dims)
	s.readFloats(out, vector)
}

// readFloats copies floats out of kernel memory.
func (s *Session) readFloats(out []float32, p kernel.Ptr) {
	raw := s.bytes[:4*len(out)]
	s.kernels.Read(raw, p)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
}
