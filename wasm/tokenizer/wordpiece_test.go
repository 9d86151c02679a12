package tokenizer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// allPieces reads the WordPiece tokenizers: bge-small, and uncased, cased and odd,
// which are small and were made for the tests.
func allPieces(t testing.TB) map[string]*Tokenizer {
	return map[string]*Tokenizer{
		"bge-small": load(t, "bge-small"), "uncased": load(t, "uncased"), "cased": load(t, "cased"), "odd": load(t, "odd"),
	}
}

type piecesGolden struct {
	text    string
	ids     []int32
	decoded string
}

func piecesGoldens(t testing.TB, name string) []piecesGolden {
	t.Helper()
	var list []piecesGolden
	lines := bufio.NewScanner(bytes.NewReader(readTestdata(t, name+".golden.jsonl.gz")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g piecesGolden
		if err := json.Unmarshal(lines.Bytes(), &[]any{&g.text, &g.ids, &g.decoded}); err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	if err := lines.Err(); err != nil || len(list) != 800 {
		t.Fatalf("%s: %d goldens, error %v", name, len(list), err)
	}
	return list
}

func TestPiecesEqualReference(t *testing.T) {
	for name, tok := range allPieces(t) {
		for _, g := range piecesGoldens(t, name) {
			ids := tok.Encode(nil, g.text)
			if !slices.Equal(ids, g.ids) {
				t.Fatalf("%s: Encode(%q)\n got %v\nwant %v", name, g.text, ids, g.ids)
			}
			if text, err := tok.Decode(ids); err != nil || text != g.decoded {
				t.Fatalf("%s: Decode(%v)\n got %q, %v\nwant %q", name, ids, text, err, g.decoded)
			}
		}
	}
}

func TestPiecesByNameAndID(t *testing.T) {
	tok := load(t, "cased")
	for id := range int32(tok.Len()) {
		text, ok := tok.Token(id)
		if back, ok2 := tok.ID(text); !ok || !ok2 || back != id {
			t.Fatalf("token %d = %q, ID of it %d", id, text, back)
		}
	}
	for text, want := range map[string]Kind{"[CLS]": Special, "E-Mail": Added, "##s": Normal} {
		id, ok := tok.ID(text)
		if got := tok.Kind(id); !ok || got != want {
			t.Errorf("%q: kind %d, want %d", text, got, want)
		}
	}
	if got := tok.PreTokenizer(); got != BERT {
		t.Errorf("pre-tokenizer %d", got)
	}
}

func TestInvalidBytesCountAsReplacement(t *testing.T) {
	for name, tok := range allPieces(t) {
		for _, text := range []string{"\xff", "a\x80b", "The \xe4\xb8 end", "\xed\xa0\x80x", "[CLS\xf0]", "é\xcc\x81\xcc"} {
			if got, want := tok.Encode(nil, text), tok.Encode(nil, string([]rune(text))); !slices.Equal(got, want) {
				t.Errorf("%s: %q gives %v, as valid UTF-8 %v", name, text, got, want)
			}
		}
	}
}

func TestPiecesDoNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for name, tok := range allPieces(t) {
		text := "The reader's 12 words, [CLS] 字 한국어 \xff\u302e\U0001D15E É\n" + strings.Repeat("abc", 500)
		dst := make([]int32, 0, len(text))
		if n := testing.AllocsPerRun(100, func() { tok.Encode(dst, text) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestPiecesCompactFormRoundTrip(t *testing.T) {
	for name, tok := range allPieces(t) {
		compact, err := tok.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(compact)
		if err != nil {
			t.Fatal(name, err)
		}
		a, b := again.model.(*wordPiece), tok.model.(*wordPiece)
		if a.text != b.text || !slices.Equal(a.offsets, b.offsets) || !slices.Equal(a.added, b.added) ||
			a.options != b.options || a.rules != b.rules || a.unknown != b.unknown ||
			a.maxChars != b.maxChars || a.cleanup != b.cleanup {
			t.Errorf("%s changed on the way", name)
		}
	}
}

// tinyPieces is the compact form of a WordPiece tokenizer of five tokens.
func tinyPieces(t testing.TB) []byte {
	t.Helper()
	tok, err := FromWordPieces(WordPieces{
		Tokens:    []string{"[UNK]", "a", "##b", "##", "é"},
		Kinds:     []Kind{Special, Normal, Normal, Normal, Added},
		Unknown:   "[UNK]",
		MaxChars:  100,
		CleanText: true,
		Lowercase: true,
		Cleanup:   true,
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := tok.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPiecesCompactFormIsAsDocumented(t *testing.T) {
	want := "EFTK\x01" + "\x05" + "\x19" + // magic, BERT, flags
		"\x05" + "\x0b" + "\x64" + "\x00" + // 5 tokens of 11 bytes, 100 characters, unknown 0
		"\x0a\x02\x03\x04\x04" + "[UNK]ab##é" +
		"\x02" + "\x01\x06" // added tokens: 0, special; 4
	if got := string(tinyPieces(t)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestParseRefusesDamagedPieces(t *testing.T) {
	whole := tinyPieces(t)
	replace := func(old, with string) []byte {
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("no %q in the file", old)
		}
		return bytes.Replace(whole, []byte(old), []byte(with), 1)
	}
	for _, c := range []struct {
		file []byte
		says string
	}{
		{replace("\x05\x19", "\x05\x39"), "flags has unknown bits"},
		{replace("\x05\x0b", "\x00\x0b"), "tokens is zero"},
		{replace("\x05\x0b", "\xff\xff\xff\xff\x0f"), "tokens is too large"},
		{replace("\x05\x0b", "\x05\x0c"), "do not add up"},
		{replace("\x64\x00", "\x00\x00"), "chars is zero"},
		{replace("\x64\x00", "\x81\x08\x00"), "chars is too large"},
		{replace("\x64\x00", "\x64\x05"), "unknown is too large"},
		{replace("\x0a\x02", "\x00\x0c"), "empty token"},
		{replace("[UNK]a", "[UNK]\xff"), "tokens[1] is not valid UTF-8"},
		{replace("\x03\x04\x04[UNK]ab##é", "\x02\x04\x04[UNK]aa##é"), "same text"},
		{append(slices.Clone(whole), 0), "surplus"},
	} {
		tok, err := Parse(c.file)
		if err == nil || tok != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%q): %v, want an error with %q", c.file, err, c.says)
		}
	}
	for n := range whole {
		if _, err := Parse(whole[:n]); err == nil {
			t.Errorf("cut to %d bytes: accepted", n)
		}
	}
	for i := range whole {
		for bit := range 8 {
			whole[i] ^= 1 << bit
			if tok, err := Parse(whole); err == nil {
				tok.Decode(tok.Encode(nil, "aé abb [UNK]\xff"))
			}
			whole[i] ^= 1 << bit
		}
	}
}

func TestFromWordPiecesRefuses(t *testing.T) {
	for says, spoil := range map[string]func(v *WordPieces){
		"at most 0 characters":    func(v *WordPieces) { v.MaxChars = 0 },
		"at most 1025 characters": func(v *WordPieces) { v.MaxChars = 1025 },
		`unknown token "?"`:       func(v *WordPieces) { v.Unknown = "?" },
		"1 kinds for 2 tokens":    func(v *WordPieces) { v.Kinds = v.Kinds[:1] },
		"tokens[1] is the same":   func(v *WordPieces) { v.Tokens[1] = "[UNK]" },
		"tokens[1] is empty":      func(v *WordPieces) { v.Tokens[1] = "" },
		"kinds[1] is unknown":     func(v *WordPieces) { v.Kinds[1] = 9 },
	} {
		v := WordPieces{Tokens: []string{"[UNK]", "a"}, Kinds: []Kind{Special, Normal}, Unknown: "[UNK]", MaxChars: 100}
		spoil(&v)
		if tok, err := FromWordPieces(v); err == nil || tok != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

// TestPiecesConcurrentUse is for the race detector.
func TestPiecesConcurrentUse(t *testing.T) {
	compact := readTestdata(t, "odd.bin.gz")
	list := piecesGoldens(t, "odd")[:100]
	done := make(chan bool)
	for range 4 {
		go func() {
			tok, err := Parse(compact)
			ok := err == nil
			for _, g := range list {
				ok = ok && slices.Equal(tok.Encode(nil, g.text), g.ids)
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
