package encoder_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// open loads the tiny model over the given kernels.
func open(t testing.TB, k kernel.Kernels, dir string) *encoder.Encoder {
	t.Helper()
	return openChanged(t, k, os.DirFS(dir), func(*model.Manifest) {})
}

// openChanged is open for a changed manifest.
func openChanged(t testing.TB, k kernel.Kernels, files fs.FS, change func(*model.Manifest)) *encoder.Encoder {
	t.Helper()
	m, _, err := modeldir.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	change(m)
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

// packages are the tiny models.
var packages = map[string]func(testing.TB) string{"llama": tinymodel.Write, "slim llama": tinymodel.WriteSlim, "bert": tinymodel.WriteBert}

// each runs a test on a session of every model, on the processor's kernels.
func each(t *testing.T, capacity int, test func(t *testing.T, s *encoder.Session)) {
	for name, write := range packages {
		t.Run(name, func(t *testing.T) {
			k, err := native.Open()
			if err != nil {
				t.Fatal(err)
			}
			test(t, session(t, open(t, k, write(t)), capacity))
		})
	}
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
// are built in batches and queried one by one. The batch is larger than the
// chunks of rows and than the groups of attention.
func TestBatchEqualsSingle(t *testing.T) {
	each(t, 4*tinymodel.MaxTokens, func(t *testing.T, s *encoder.Session) {
		texts := []string{
			"a", "how do I cancel a request", strings.Repeat("long ", 40), "é", "net/http",
			strings.Repeat("read the file ", 4), strings.Repeat("x ", 30), "b", strings.Repeat("y ", 70),
		}
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
		if len(ids) < 2*tinymodel.MaxTokens {
			t.Fatalf("only %d tokens", len(ids))
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
	})
}

func TestEmbeddingHasLengthOne(t *testing.T) {
	each(t, 0, func(t *testing.T, s *encoder.Session) {
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
	})
}

// Only the first max_tokens tokens count, whatever follows and however much.
func TestLongTextsAreCut(t *testing.T) {
	each(t, 0, func(t *testing.T, s *encoder.Session) {
		a, b := make([]float32, s.Dims()), make([]float32, s.Dims())
		head := strings.Repeat("x ", tinymodel.MaxTokens)
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
	})
}

// A BERT text stands between the package's special tokens, even when it is cut;
// the query's words come before it.
func TestTokensOfBert(t *testing.T) {
	e := open(t, kernel.NewReference(), tinymodel.WriteBert(t))
	query, err := e.Tokens(nil, "cancel", encoder.Query)
	if err != nil {
		t.Fatal(err)
	}
	passage, err := e.Tokens(nil, "query: cancel", encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(query, passage) {
		t.Errorf("query %v, the same words as a passage %v", query, passage)
	}
	long, err := e.Tokens([]int32{-7}, strings.Repeat("a ", 300), encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	first, last := query[0], query[len(query)-1]
	if len(long) != 1+tinymodel.MaxTokens || long[0] != -7 || long[1] != first || long[len(long)-1] != last || first == last {
		t.Errorf("a cut text has %d tokens from %d to %d, want %d from %d to %d", len(long)-1, long[1], long[len(long)-1], tinymodel.MaxTokens, first, last)
	}
}

func TestRefusesWhatCannotBeEmbedded(t *testing.T) {
	each(t, 0, func(t *testing.T, s *encoder.Session) {
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
	})
}

// A query in steady state leaves nothing for the garbage collector.
func TestEmbedDoesNotAllocate(t *testing.T) {
	each(t, 0, func(t *testing.T, s *encoder.Session) {
		out := make([]float32, 2*s.Dims())
		ids, err := s.Tokens(nil, "how do I cancel a request", encoder.Query)
		if err != nil {
			t.Fatal(err)
		}
		lengths := []int{len(ids), len(ids)}
		ids = append(ids, ids...)
		for name, f := range map[string]func() error{
			"EmbedTokens": func() error { return s.EmbedTokens(out, ids, lengths) },
			"Embed": func() error {
				_, err := s.Embed(out[:s.Dims()], "how do I cancel a request", encoder.Query)
				return err
			},
		} {
			var failure error
			if n := testing.AllocsPerRun(50, func() { failure = errors.Join(failure, f()) }); n != 0 {
				t.Errorf("%s allocates %v times", name, n)
			}
			if failure != nil {
				t.Error(failure)
			}
		}
	})
}

// Embed gives the same whether or not Read saw the text before, or another one since,
// even at the same place in memory.
func TestReadBeforeEmbed(t *testing.T) {
	each(t, 0, func(t *testing.T, s *encoder.Session) {
		want := map[string][]float32{}
		embed := func(text string, kind encoder.Kind) {
			t.Helper()
			out := make([]float32, s.Dims())
			tokens, err := s.Embed(out, text, kind)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := s.Tokens(nil, text, kind)
			if err != nil || len(ids) != tokens {
				t.Errorf("%q: %d tokens, embedding read %d: %v", text, len(ids), tokens, err)
			}
			key := fmt.Sprint(kind, text)
			if before, ok := want[key]; ok && !slices.Equal(before, out) {
				t.Errorf("%.20q, kind %d: another vector than before", text, kind)
			}
			want[key] = out
		}
		read := func(text string, kind encoder.Kind) {
			t.Helper()
			ids, err := s.Read(text, kind)
			same, _ := s.Tokens(nil, text, kind)
			if err != nil || !slices.Equal(ids, same) {
				t.Errorf("%.20q: read %v, want %v: %v", text, ids, same, err)
			}
		}
		buffer := []byte("read a file")
		text := unsafe.String(&buffer[0], len(buffer))
		long := strings.Repeat("long ", 2000)
		for range 2 {
			for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
				copy(buffer, "read a file")
				embed(strings.Clone(text), kind)
				read(text, kind)
				embed(strings.Clone(text), kind)
				embed(strings.Clone(text), kind)
				read(text, 1-kind)
				embed(strings.Clone(text), kind)
				read(text, kind)
				copy(buffer, "list a file")
				embed(strings.Clone(text), kind)
				read(long, kind)
				embed(long, kind)
				read("a", kind)
				if _, err := s.Read("", kind); !errors.Is(err, encoder.ErrEmpty) {
					t.Errorf("an empty text: %v", err)
				}
				embed("a", kind)
			}
		}
	})
}

// A session takes the kernel memory that the formula states, and larger batches
// need more only for ids and residual stream.
func TestScratchBytes(t *testing.T) {
	const hidden, tokens, group = 64, tinymodel.MaxTokens, 32
	up := func(n int) int { return (n + 63) &^ 63 }
	for family, want := range map[string]func(capacity int) int{
		// Llama: qkv (6+2*2)*16 wide, MLPs up to 128.
		"llama": func(c int) int {
			b := min(128, c)
			return up(4*c) + 4*c*hidden + 4*b*hidden + b*128 + 2*up(4*b*128/group) +
				kernel.AttentionScratch(tokens, 16) + 2*4*hidden + max(4*tokens*160+4*tokens*96, 4*b*256+4*b*128)
		},
		"bert": func(c int) int {
			b := min(128, c)
			return up(4*c) + up(4*tokens) + 4*c*hidden + 4*b*hidden + b*128 + 2*up(4*b*128/group) +
				kernel.AttentionScratch(tokens, 16) + 2*4*hidden + max(4*tokens*192+4*tokens*64, 4*b*128)
		},
	} {
		k := kernel.NewReference()
		e := open(t, k, packages[family](t))
		for _, capacity := range []int{0, 200, 1000} {
			before, err := k.Alloc(0)
			if err != nil {
				t.Fatal(err)
			}
			session(t, e, capacity)
			after, err := k.Alloc(0)
			if err != nil {
				t.Fatal(err)
			}
			size, used := want(max(capacity, tokens)), int(after-before)
			if e.ScratchBytes(capacity) != size || used != size {
				t.Errorf("%s, capacity %d: %d bytes stated, %d taken; the formula gives %d", family, capacity, e.ScratchBytes(capacity), used, size)
			}
		}
	}
}
