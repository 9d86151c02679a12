package engine

import (
	"errors"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// Part names a file of a search bundle. The manifest comes first, then keyword
// index and passages, then vectors: whenever they are there, and again as more
// passages have them.
type Part int

// The parts of a bundle.
const (
	PartKeyword Part = iota
	PartPassages
	PartVectors
	PartManifest
)

// Mode says how to search.
type Mode int

// The ways to search. Keyword needs no model.
const (
	ModeKeyword Mode = iota
	ModeSemantic
	ModeFused
)

func (m Mode) String() string { return [...]string{"keyword", "semantic", "fused"}[m] }

// MaxLimit bounds the hits of one search.
const MaxLimit = 1000

// search is the part of an engine that holds a bundle.
type search struct {
	bundle    *index.Bundle
	keyword   *index.Keyword
	passages  *index.Passages
	retriever *retriever.Retriever
	scanner   scanner
	answer    Answer
}

// SetIndex hands over one part of a bundle; b must not change afterwards. A part
// that is refused leaves what was loaded before as it was.
func (e *Engine) SetIndex(part Part, b []byte) error {
	s := &e.search
	if part != PartManifest && s.bundle == nil {
		return errors.New("engine: the bundle's manifest must come before its parts")
	}
	switch part {
	case PartManifest:
		bundle, err := index.ParseBundle(b)
		if err != nil {
			return err
		}
		if s.bundle != nil && (s.bundle.Keyword != bundle.Keyword || s.bundle.Passages != bundle.Passages) {
			return errors.New("engine: another bundle is loaded: open a new engine for this one")
		}
		s.bundle = bundle
		return nil
	case PartKeyword:
		keyword, err := index.ParseKeyword(b)
		if err != nil {
			return err
		}
		s.keyword = keyword
	case PartPassages:
		passages, err := index.ParsePassages(b)
		if err != nil {
			return err
		}
		s.passages = passages
	case PartVectors:
		return e.setVectors(b)
	default:
		return errors.New("engine: no such part of a bundle")
	}
	if s.keyword == nil || s.passages == nil {
		return nil
	}
	if s.bundle.Count != s.passages.Len() {
		return errors.New("engine: index.json counts other passages than the store holds: build the bundle again")
	}
	r, err := retriever.Open(s.keyword, s.passages, s.bundle.Fusion)
	if err != nil {
		return err
	}
	s.retriever = r
	return nil
}

func (e *Engine) setVectors(b []byte) error {
	s := &e.search
	if s.retriever == nil {
		return ErrNoIndex
	}
	vectors, err := index.ParseVectors(b)
	if err != nil {
		return err
	}
	if e.manifest != nil && vectors.Dims() != e.manifest.Dims {
		return errors.New("engine: the bundle's vectors are of another model: index the passages with this one")
	}
	if vectors.Len() > s.bundle.Count {
		return errors.New("engine: the bundle has more vectors than passages: build it again")
	}
	if err := s.scanner.set(e.kernels, vectors, s.bundle.Count); err != nil {
		return err
	}
	return s.retriever.SetVectors(vectors, &s.scanner)
}

// Answer is what Search found.
type Answer struct {
	Mode   string `json:"mode"`
	Hits   []Hit  `json:"hits"`
	Tokens int    `json:"tokens"` // of the query as the encoder read it; 0 if it did not
}

// Hit is a passage found. Ranks count from 1; 0: that ranking does not hold it.
type Hit struct {
	Doc          int     `json:"doc"`
	Score        float32 `json:"score"`
	Title        string  `json:"title"`
	Text         string  `json:"text"`
	URL          string  `json:"url"`
	Section      string  `json:"section"`
	KeywordRank  int     `json:"keywordRank"`
	SemanticRank int     `json:"semanticRank"`
}

// Search returns the limit best passages, valid until the next call. Keyword search
// takes the last word of the query as perhaps unfinished.
func (e *Engine) Search(query string, mode Mode, limit int) (*Answer, error) {
	r := e.search.retriever
	if r == nil {
		return nil, ErrNoIndex
	}
	if mode < ModeKeyword || mode > ModeFused {
		return nil, errors.New("engine: no such search mode")
	}
	limit = min(max(limit, 0), MaxLimit)
	depth := max(limit, retriever.FuseDepth)
	answer := &e.search.answer
	*answer = Answer{Mode: mode.String(), Hits: answer.Hits[:0]}
	if answer.Hits == nil {
		answer.Hits = []Hit{}
	}
	var hits []retriever.Hit
	if mode != ModeSemantic {
		hits = r.KeywordTyping(query, depth)
	}
	if mode != ModeKeyword {
		vector, tokens, err := e.Embed(query, encoder.Query)
		if errors.Is(err, encoder.ErrEmpty) {
			return answer, nil
		}
		if err != nil {
			return nil, err
		}
		answer.Tokens = tokens
		if mode == ModeFused {
			hits, err = r.Fused(hits, vector, limit)
		} else {
			hits, err = r.Semantic(vector, limit)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, h := range hits[:min(limit, len(hits))] {
		p := r.Passage(h.Doc)
		answer.Hits = append(answer.Hits, Hit{
			Doc: h.Doc, Score: h.Score, Title: p.Title, Text: p.Text, URL: p.URL, Section: p.Section,
			KeywordRank: h.KeywordRank, SemanticRank: h.SemanticRank,
		})
	}
	return answer, nil
}
