package finetune

import (
	"errors"
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/tokenizer"
)

// Config is the checkpoint's configuration as the run changed it; with
// TokenizerJSON it makes a network a reader.Source.
func (n *network) Config() checkpoint.Config {
	c := n.config
	c.Embedding = &n.embedding
	return c
}

// TokenizerJSON is the checkpoint's.
func (n *network) TokenizerJSON() ([]byte, error) { return n.checkpoint.TokenizerJSON() }

var _ reader.Source = (*network)(nil)

// kindOf is the kind of a text that is a query or not.
func kindOf(query bool) encoder.Kind {
	if query {
		return encoder.Query
	}
	return encoder.Passage
}

// tokens returns the tokens of a text, none if there is nothing in it.
func tokens(r *reader.Reader, t *text) ([]int32, error) {
	ids, err := r.Read(t.text, kindOf(t.query))
	if errors.Is(err, reader.ErrEmpty) {
		return nil, nil
	}
	return ids, err
}

// sameTokenizer tells whether two models make the same tokens of a text, special
// ones included.
func sameTokenizer(a, b *network) (bool, error) {
	var vocabularies [2]*tokenizer.Tokenizer
	var special [2][]int32
	for i, n := range []*network{a, b} {
		data, err := n.TokenizerJSON()
		if err != nil {
			return false, err
		}
		if vocabularies[i], err = tokenizer.ParseJSON(data); err != nil {
			return false, err
		}
		before, after, err := reader.SpecialTokens(data)
		if err != nil {
			return false, err
		}
		special[i] = slices.Concat(before, []int32{-1}, after)
	}
	x, y := vocabularies[0], vocabularies[1]
	if x.Len() != y.Len() || x.PreTokenizer() != y.PreTokenizer() || !slices.Equal(special[0], special[1]) {
		return false, nil
	}
	for id := range int32(x.Len()) {
		p, _ := x.Token(id)
		if q, _ := y.Token(id); p != q {
			return false, nil
		}
	}
	return true, nil
}

// readers opens the student's reader and, if the teacher reads otherwise, that of
// the teacher.
func (s *session) readers(longest int) ([]*reader.Reader, error) {
	open := func(n *network, flag, dir string) (*reader.Reader, error) {
		if limit := n.model.Sizes().MaxTokens; limit > 0 && longest > limit {
			return nil, fmt.Errorf("--buckets: %d tokens are more than the %d positions of %s (%s)", longest, limit, dir, flag)
		}
		r, err := reader.New(n, longest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		return r, nil
	}
	o := s.options
	student, err := open(s.student, "--model", o.Model)
	if err != nil || s.teacher == nil {
		return []*reader.Reader{student}, err
	}
	teacher, err := open(s.teacher, "--teacher", o.Teacher)
	if err != nil {
		return nil, err
	}
	same, err := sameTokenizer(s.student, s.teacher)
	if err != nil {
		return nil, err
	}
	a, b := s.student.embedding, s.teacher.embedding
	s.stepper.separate = !same || student.Limit() != teacher.Limit() || a.QueryPrefix != b.QueryPrefix || a.PassagePrefix != b.PassagePrefix
	if err := s.checkTeacher(same); err != nil {
		return nil, err
	}
	if s.stepper.separate {
		return []*reader.Reader{student, teacher}, nil
	}
	return []*reader.Reader{student}, nil
}
