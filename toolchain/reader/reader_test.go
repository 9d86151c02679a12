package reader

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/encoder"
)

// source is the tiny model with another embedding section and post_processor.
type source struct {
	*tinymodel.Source
	embedding     *checkpoint.Embedding
	postProcessor string
	vocabulary    int
}

func (s source) Config() checkpoint.Config {
	c := s.Source.Config()
	c.Embedding = s.embedding
	if s.vocabulary > 0 {
		c.VocabSize = s.vocabulary
	}
	return c
}

func (s source) TokenizerJSON() ([]byte, error) {
	text, err := s.Source.TokenizerJSON()
	if s.postProcessor != "" {
		text = []byte(strings.TrimSuffix(strings.TrimSpace(string(text)), "}") + `,"post_processor":` + s.postProcessor + "}")
	}
	return text, err
}

const template = `{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing",
	"single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
	"special_tokens":{"<s>":{"id":"<s>","ids":[5,6],"tokens":["<s>","x"]},"</s>":{"id":"</s>","ids":[7],"tokens":["</s>"]}}}]}`

func TestRead(t *testing.T) {
	how := &checkpoint.Embedding{Pooling: "mean", MaxTokens: 12, QueryPrefix: "q "}
	src := source{Source: tinymodel.New(1), embedding: how, postProcessor: template}
	r, err := New(src, 0)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := New(source{Source: src.Source}, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := "the words of a text"
	bare, err := plain.Read(text, encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	prefixed, err := plain.Read("q "+text, encoder.Query)
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[encoder.Kind][]int32{encoder.Passage: bare, encoder.Query: prefixed} {
		got, err := r.Read(text, kind)
		if err != nil {
			t.Fatal(err)
		}
		want = slices.Concat([]int32{5, 6}, want[:min(len(want), 9)], []int32{7})
		if !slices.Equal(got, want) {
			t.Errorf("kind %d: %v, want %v", kind, got, want)
		}
	}
	if long, err := r.Read(strings.Repeat("words ", 5000), encoder.Passage); err != nil || len(long) != 12 || long[11] != 7 {
		t.Errorf("a long text became %v (%v)", long, err)
	}
	if _, err := r.Read("", encoder.Query); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty text: %v", err)
	}
	if r.Limit() != 12 || r.Embedding().QueryPrefix != "q " || plain.Embedding().Pooling != checkpoint.PoolMean {
		t.Error("embedding section is not told")
	}
}

func TestNewRefuses(t *testing.T) {
	tiny := tinymodel.New(1)
	for want, src := range map[string]source{
		"post_processor":   {Source: tiny, postProcessor: `{"type":"Unheard"}`},
		"lacks":            {Source: tiny, postProcessor: `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}]}`},
		"the text 0 times": {Source: tiny, postProcessor: `{"type":"TemplateProcessing","single":[]}`},
		"no room":          {Source: tiny, postProcessor: template, embedding: &checkpoint.Embedding{MaxTokens: 3}},
	} {
		if _, err := New(src, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	r, err := New(source{Source: tiny, vocabulary: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read("words", encoder.Query); err == nil || !strings.Contains(err.Error(), "vocabulary") {
		t.Errorf("a token beyond the vocabulary: %v", err)
	}
}

func TestBertProcessing(t *testing.T) {
	before, after, err := SpecialTokens([]byte(`{"post_processor":{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}}`))
	if err != nil || !slices.Equal(before, []int32{101}) || !slices.Equal(after, []int32{102}) {
		t.Errorf("%v, %v, %v", before, after, err)
	}
}

func FuzzSpecialTokens(f *testing.F) {
	f.Add([]byte(`{"post_processor":` + template + `}`))
	f.Add([]byte(`{"post_processor":{"type":"BertProcessing","sep":[1]}}`))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _, _ = SpecialTokens(text) })
}
