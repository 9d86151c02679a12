package tokenizer

import (
	"errors"
	"strconv"
)

// Parse reads the compact form. Any input is answered by a tokenizer or an
// error, and takes memory in proportion to its length (and to at most 32 MiB of
// token text). The tokenizer does not refer to b.
func Parse(b []byte) (*Tokenizer, error) {
	r := reader{rest: b}
	if string(r.bytes("magic", len(magic))) != magic {
		return nil, errors.New("tokenizer: not a compact tokenizer of version 1: build it again from tokenizer.json or GGUF")
	}
	pre := PreTokenizer(r.byte("pre"))
	if pre == BERT {
		return parsePieces(&r)
	}
	if pre < GPT2 || pre > Qwen2 {
		r.fail("pre", "is unknown")
	}
	return parseBytePairs(&r, pre)
}

func parseBytePairs(r *reader, pre PreTokenizer) (*Tokenizer, error) {
	flags := r.byte("flags")
	if flags > flagIgnoreMerges {
		r.fail("flags", "has unknown bits")
	}
	// Each token takes at least one byte, as a literal or in a plane.
	n := r.number("tokens", min(maxTokens, len(r.rest)))
	if n == 0 {
		r.fail("tokens", "is zero")
	}
	size := r.number("text", maxTextLength)
	literals := r.literals(n)
	list := r.merges(n)
	t := &tokens{added: r.added(n)}
	if len(r.rest) > 0 {
		r.fail("added", "is followed by surplus bytes")
	}
	if r.err != nil {
		return nil, r.err
	}

	lengths, err := measure(n, literals, list)
	if err != nil {
		return nil, err
	}
	if err := t.spell(lengths, size, literals, list); err != nil {
		return nil, err
	}
	return newBytePairs(t, pre, flags&flagIgnoreMerges != 0, list)
}

// literal is a token that is spelled out.
type literal struct {
	id   uint32
	text []byte
}

// measure returns the length of every token in bytes.
func measure(n int, literals []literal, list []merge) ([]uint16, error) {
	lengths := make([]uint16, n) // 0: not defined yet
	for _, l := range literals {
		lengths[l.id] = uint16(len(l.text))
	}
	for i, m := range list {
		left, right := lengths[m.left], lengths[m.right]
		if left == 0 || right == 0 {
			return nil, fail("merges", i, "uses a token that is not defined before it")
		}
		if left+right > maxTokenLength {
			return nil, fail("merges", i, "makes a token that is too long")
		}
		if lengths[m.result] == 0 {
			lengths[m.result] = left + right
		} else if lengths[m.result] != left+right {
			return nil, fail("merges", i, "does not spell its result")
		}
	}
	return lengths, nil
}

// spell fills text and offsets. Every literal and merge must fit into lengths.
func (t *tokens) spell(lengths []uint16, size int, literals []literal, list []merge) error {
	t.offsets = make([]uint32, len(lengths)+1)
	total := 0
	for id, length := range lengths {
		if length == 0 {
			return fail("tokens", id, "is not defined")
		}
		if total += int(length); total > size {
			break
		}
		t.offsets[id+1] = uint32(total)
	}
	if total != size {
		return errors.New("tokenizer: text is not " + strconv.Itoa(size) + " bytes long")
	}
	text := make([]byte, size)
	token := func(id uint32) []byte { return text[t.offsets[id]:t.offsets[id+1]] }
	spelled := make([]bool, len(lengths))
	for _, l := range literals {
		copy(token(l.id), l.text)
		spelled[l.id] = true
	}
	for i, m := range list {
		left, right, result := token(m.left), token(m.right), token(m.result)
		if !spelled[m.result] {
			copy(result, left)
			copy(result[len(left):], right)
			spelled[m.result] = true
		} else if string(result[:len(left)]) != string(left) || string(result[len(left):]) != string(right) {
			return fail("merges", i, "does not spell its result")
		}
	}
	t.text = string(text)
	return nil
}
