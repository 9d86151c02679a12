package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The goldens come from the tokenizers Python library; testdata/README.md says
// how.

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// load reads one of the tokenizers of testdata in compact form.
func load(t testing.TB, name string) *Tokenizer {
	t.Helper()
	tok, err := Parse(readTestdata(t, name+".bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// all reads the BPE tokenizers: smollm2, and gpt2, llama3 and qwen2, which are
// small and were trained for the tests.
func all(t testing.TB) map[string]*Tokenizer {
	return map[string]*Tokenizer{
		"smollm2": load(t, "smollm2"), "gpt2": load(t, "gpt2"), "llama3": load(t, "llama3"), "qwen2": load(t, "qwen2"),
	}
}

type golden struct {
	text string
	ids  []int32
}

func goldens(t testing.TB, name string) []golden {
	t.Helper()
	var list []golden
	lines := bufio.NewScanner(bytes.NewReader(readTestdata(t, name+".golden.jsonl.gz")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g golden
		if err := json.Unmarshal(lines.Bytes(), &[]any{&g.text, &g.ids}); err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEncodeEqualsReference(t *testing.T) {
	count := map[string]int{"smollm2": 4000, "gpt2": 600, "llama3": 800, "qwen2": 400}
	for name, tok := range all(t) {
		list := goldens(t, name)
		if len(list) != count[name] {
			t.Errorf("%s: %d goldens, want %d", name, len(list), count[name])
		}
		for _, g := range list {
			if ids := tok.Encode(nil, g.text); !slices.Equal(ids, g.ids) {
				t.Fatalf("%s: Encode(%q)\n got %v\nwant %v", name, g.text, ids, g.ids)
			}
		}
	}
}

func bytePairsOf(t *Tokenizer) *bytePairs { return t.model.(*bytePairs) }

// withoutMissing is text without the bytes that have no token.
func withoutMissing(t *Tokenizer, text string) string {
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		if bytePairsOf(t).bytes[text[i]] >= 0 {
			kept = append(kept, text[i])
		}
	}
	return string(kept)
}

func TestDecodeReversesEncode(t *testing.T) {
	for name, tok := range all(t) {
		for _, g := range goldens(t, name) {
			text, err := tok.Decode(g.ids)
			if err != nil {
				t.Fatal(err)
			}
			if text != withoutMissing(tok, g.text) {
				t.Fatalf("%s: Decode(Encode(%q)) = %q", name, g.text, text)
			}
		}
	}
}

func TestDecodeRefusesUnknownIDs(t *testing.T) {
	tok := load(t, "gpt2")
	for _, id := range []int32{-1, int32(tok.Len()), 1<<31 - 1, -1 << 31} {
		if text, err := tok.Decode([]int32{0, id}); err == nil || text != "" {
			t.Errorf("Decode of id %d: %q, %v", id, text, err)
		}
		if text, ok := tok.Token(id); ok || text != "" {
			t.Errorf("Token(%d) = %q", id, text)
		}
	}
}

func TestSmolLM2LacksOnlyTheDocumentedBytes(t *testing.T) {
	tok := load(t, "smollm2")
	var missing []byte
	for b, id := range bytePairsOf(tok).bytes {
		if id < 0 {
			missing = append(missing, byte(b))
		}
	}
	want := "0406131416" + "1d" + "c0c1f1f2" + "f5f6f7f8f9fafbfcfdfeff"
	if got := hex.EncodeToString(missing); got != want {
		t.Errorf("bytes without token %s, want %s", got, want)
	}
}

func TestTokensByNameAndID(t *testing.T) {
	tok := load(t, "smollm2")
	if tok.Len() != 49152 {
		t.Errorf("Len %d", tok.Len())
	}
	for text, want := range map[string]int32{"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2} {
		if id, ok := tok.ID(text); !ok || id != want {
			t.Errorf("ID(%q) = %d, %v", text, id, ok)
		}
		if tok.Kind(want) != Special {
			t.Errorf("%q is not Special", text)
		}
	}
	for id := range int32(tok.Len()) {
		text, ok := tok.Token(id)
		if back, ok2 := tok.ID(text); !ok || !ok2 || back != id {
			t.Fatalf("token %d = %q, ID of it %d", id, text, back)
		}
	}
	if id, ok := tok.ID("no such token"); ok || id != -1 {
		t.Errorf("ID of an unknown token: %d, %v", id, ok)
	}
}

// TestBoundariesOfEveryCodePoint puts every code point into a probe text and
// compares where words end, by hash, with the reference.
func TestBoundariesOfEveryCodePoint(t *testing.T) {
	var want map[string][]string
	if err := json.Unmarshal(readTestdata(t, "boundaries.json"), &want); err != nil {
		t.Fatal(err)
	}
	for name, pre := range map[string]PreTokenizer{"smollm": SmolLM, "gpt2": GPT2, "llama3": Llama3, "qwen2": Qwen2} {
		if len(want[name]) != 0x110 {
			t.Fatalf("%s: %d blocks", name, len(want[name]))
		}
		for block, sum := range want[name] {
			h := sha256.New()
			var ends []byte
			for c := rune(block << 12); c < rune(block+1)<<12; c++ {
				if c >= 0xD800 && c < 0xE000 {
					continue
				}
				probe := strings.ReplaceAll("a_a _1_ __'_s !_!\n_\n _'S_  _", "_", string(c))
				ends, at := ends[:0], 0
				for len(probe) > 0 {
					n := pre.next(probe)
					at += utf8.RuneCountInString(probe[:n])
					ends = append(ends, byte(at))
					probe = probe[n:]
				}
				h.Write(append(ends, 0xFF))
			}
			if got := hex.EncodeToString(h.Sum(nil))[:16]; got != sum {
				t.Errorf("%s: words differ around a code point of %#x000", name, block)
			}
		}
	}
}

// TestEncodeAppends checks that what is in dst stays.
func TestEncodeAppends(t *testing.T) {
	tok := load(t, "smollm2")
	text := "Hello world, " + strings.Repeat("x", 200)
	dst := tok.Encode([]int32{7, 8}, text)
	if !slices.Equal(dst, append([]int32{7, 8}, tok.Encode(nil, text)...)) {
		t.Errorf("Encode changed dst: %v", dst)
	}
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for name, tok := range all(t) {
		text := "The reader's 12 words, <|im_start|> 字 \xff\n" + strings.Repeat("abc", 500)
		dst := make([]int32, 0, len(text))
		if n := testing.AllocsPerRun(100, func() { tok.Encode(dst, text) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	tok := load(t, "llama3")
	list := goldens(t, "llama3")[:100]
	done := make(chan bool)
	for range 4 {
		go func() {
			ok := true
			for _, g := range list {
				ok = ok && slices.Equal(tok.Encode(nil, g.text), g.ids)
				_, known := tok.ID("xyz")
				ok = ok && known
			}
			done <- ok
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("wrong ids")
		}
	}
}
