package encoder_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// open loads the tiny model over the given kernels.
func open(t testing.TB, k kernel.Kernels, dir string) *encoder.Encoder {
	t.Helper()
	files := os.DirFS(dir)
	m, _, err := modeldir.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := modeldir.Load(files, m, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := modeldir.ReadFile(files, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := tokenizer.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	e, err := encoder.New(k, m, weights, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func session(t testing.TB, e *encoder.Encoder, capacity int) *encoder.Session {
	t.Helper()
	s, err := e.NewSession(capacity)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A text has the same vector alone and anywhere in a batch, to the bit: indexes
// are built in batches and queried one by one.
func TestBatchEqualsSingle(t *testing.T) {
	e := open(t, kernel.NewReference(), tinymodel.Write(t))
	s := session(t, e, 4*tinymodel.MaxTokens)
	texts := []string{"a", "how do I cancel a request", strings.Repeat("long ", 40), "é", "net/http"}
	var ids []int32
	var lengths []int
	for _, text := range texts {
		before := len(ids)
		var err error
		if ids, err = s.Tokens(ids, text, encoder.Passage); err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, len(ids)-before)
	}
	batch := make([]float32, len(texts)*s.Dims())
	if err := s.EmbedTokens(batch, ids, lengths); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		single := make([]float32, s.Dims())
		if _, err := s.Embed(single, text, encoder.Passage); err != nil {
			t.Fatal(err)
		}
		if row := batch[i*s.Dims():][:s.Dims()]; !slices.Equal(row, single) {
			t.Errorf("%.20q: the batch gives %v..., alone %v...", text, row[:3], single[:3])
		}
	}
}

func TestEmbeddingHasLengthOne(t *testing.T) {
	s := session(t, open(t, kernel.NewReference(), tinymodel.Write(t)), 0)
	vector := make([]float32, s.Dims())
	if _, err := s.Embed(vector, "some text", encoder.Query); err != nil {
		t.Fatal(err)
	}
	var square float64
	for _, x := range vector {
		square += float64(x) * float64(x)
	}
	if square < 0.99999 || square > 1.00001 {
		t.Errorf("squared length %v, want 1", square)
	}
}

// Only the first max_tokens tokens count, whatever follows and however much.
func TestLongTextsAreCut(t *testing.T) {
	s := session(t, open(t, kernel.NewReference(), tinymodel.Write(t)), 0)
	a, b := make([]float32, s.Dims()), make([]float32, s.Dims())
	head := strings.Repeat("x", tinymodel.MaxTokens)
	tokens, err := s.Embed(a, head, encoder.Query)
	if err != nil || tokens != tinymodel.MaxTokens {
		t.Fatalf("%d tokens, error %v; want %d", tokens, err, tinymodel.MaxTokens)
	}
	if _, err := s.Embed(b, head+strings.Repeat("y", 10<<20), encoder.Query); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a, b) {
		t.Error("text behind the last token changed the vector")
	}
}

func TestRefusesWhatCannotBeEmbedded(t *testing.T) {
	s := session(t, open(t, kernel.NewReference(), tinymodel.Write(t)), 0)
	vector := make([]float32, s.Dims())
	if _, err := s.Embed(vector, "", encoder.Query); !errors.Is(err, encoder.ErrEmpty) {
		t.Errorf("empty text: %v", err)
	}
	for name, lengths := range map[string][]int{"too long": {tinymodel.MaxTokens + 1}, "empty": {0}, "more than ids": {3}} {
		if err := s.EmbedTokens(vector, []int32{1, 2}, lengths); err == nil {
			t.Errorf("lengths %s: no error", name)
		}
	}
	for _, id := range []int32{-1, tinymodel.Vocab} {
		if err := s.EmbedTokens(vector, []int32{id}, []int{1}); err == nil {
			t.Errorf("token id %d: no error", id)
		}
	}
}
