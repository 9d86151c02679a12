package model

import (
	"encoding/hex"
	"errors"
	"strconv"
)

func (m *Manifest) check() error {
	if m.Format != Format {
		return bad("format", "is "+strconv.Quote(m.Format)+", this runtime reads "+Format+"; export the model again or update the runtime")
	}
	s := m.section()
	if s == nil {
		return bad("family", "is "+strconv.Quote(m.Family)+" or lacks its section, or another's is given; supported: llama, bert")
	}
	if m.MaxTokens < 1 || m.MaxTokens > maxTokens {
		return bad("max_tokens", "must be in 1.."+strconv.Itoa(maxTokens))
	}
	if err := s.check(); err != nil {
		return err
	}
	if m.Dims < 16 || m.Dims > maxWidth || m.Dims%16 != 0 {
		return bad("dims", "must be a multiple of 16, at most "+strconv.Itoa(maxWidth))
	}
	if !m.Embedding.Head && m.Dims != m.Hidden() {
		return bad("dims", "must equal the hidden size where no head maps it")
	}
	if err := m.Embedding.check(m); err != nil {
		return err
	}
	if err := m.Tokenizer.check("tokenizer", 64<<20); err != nil {
		return err
	}
	if err := m.Weights.check(); err != nil {
		return err
	}
	return m.checkTensors()
}

// within holds a size of a family's section against its bounds.
func within(field string, value, limit, multiple int) error {
	if value < 1 || value > limit || value%multiple != 0 {
		return bad(field, "is "+strconv.Itoa(value)+", must be a multiple of "+strconv.Itoa(multiple)+" in 1.."+strconv.Itoa(limit))
	}
	return nil
}

func (e *Embedding) check(m *Manifest) error {
	switch e.Pooling {
	case "mean", "last", "cls":
	default:
		return bad("embedding.pooling", "must be mean, last or cls")
	}
	if around := len(e.Prefix) + len(e.Suffix); around >= m.MaxTokens {
		return bad("embedding.prefix", "and suffix leave no room for text within max_tokens")
	}
	if e.Skip < 0 || e.Skip > len(e.Prefix) {
		return bad("embedding.skip", "must be in 0..length of prefix")
	}
	for _, ids := range [][]int32{e.Prefix, e.Suffix} {
		for _, id := range ids {
			if id < 0 || int(id) >= m.Vocab() {
				return bad("embedding.prefix", "or suffix holds a token id outside the vocabulary")
			}
		}
	}
	return nil
}

func (f File) check(field string, limit int) error {
	if raw, err := hex.DecodeString(f.SHA256); err != nil || len(raw) != 32 {
		return bad(field+".sha256", "must be 64 hex digits")
	}
	for _, c := range f.SHA256 {
		if c >= 'A' && c <= 'F' {
			return bad(field+".sha256", "must be lower case")
		}
	}
	if f.Bytes < 1 || f.Bytes > limit {
		return bad(field+".bytes", "must be in 1.."+strconv.Itoa(limit))
	}
	return nil
}

func (w *Image) check() error {
	if w.Bytes < 1 || w.Bytes > maxImage {
		return bad("weights.bytes", "must be positive and fit into a 4 GiB memory")
	}
	sum := 0
	for i, c := range w.Chunks {
		field := "weights.chunks[" + strconv.Itoa(i) + "]"
		if err := c.check(field, ChunkSize); err != nil {
			return err
		}
		sum += c.Bytes
	}
	if sum != w.Bytes {
		return bad("weights.bytes", "is not the sum of its chunks")
	}
	return nil
}

// bad makes the error of one field of the manifest.
func bad(field, problem string) error {
	return errors.New("model.json: " + field + " " + problem)
}
