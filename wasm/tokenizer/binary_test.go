package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// tiny is the compact form of a tokenizer of five tokens.
func tiny(t testing.TB) []byte {
	t.Helper()
	tok, err := FromVocab(Vocabulary{
		Tokens:       []string{"a", "b", "ab", "aba", "<é>"},
		Kinds:        []Kind{Normal, Normal, Normal, Normal, Special},
		Merges:       []string{"a b", "ab a"},
		PreTokenizer: GPT2,
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

func TestCompactFormIsAsDocumented(t *testing.T) {
	want := "EFTK\x01" + "\x01" + "\x00" + // magic, GPT2, flags
		"\x05" + "\x0b" + // 5 tokens of 11 bytes
		"\x03" + "\x00\x01a" + "\x00\x01b" + "\x02\x04<é>" + // literals 0, 1, 4
		"\x02" + "\x02\x02" + // 2 merges: results 2, 3
		"\x00\x02\x00\x00" + "\x01\x00\x00\x00" + // left 0, 2; right 1, 0
		"\x01" + "\x09" // one added token: 4, special
	if got := string(tiny(t)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCompactFormRoundTrip(t *testing.T) {
	for name, tok := range all(t) {
		compact, err := tok.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(compact)
		if err != nil {
			t.Fatal(name, err)
		}
		a, b := bytePairsOf(again), bytePairsOf(tok)
		if a.text != b.text || !slices.Equal(a.offsets, b.offsets) || a.bytes != b.bytes ||
			!slices.Equal(a.added, b.added) || !slices.Equal(a.merges.list, b.merges.list) ||
			a.pre != b.pre || a.ignoreMerges != b.ignoreMerges {
			t.Errorf("%s changed on the way", name)
		}
	}
}

// TestMergesInAnyOrder uses tokens before the merge that makes them, which the
// reference library allows.
func TestMergesInAnyOrder(t *testing.T) {
	tok, err := FromVocab(Vocabulary{
		Tokens:       []string{"abcd", "cd", "ab", "d", "c", "b", "a", "abc"},
		Merges:       []string{"ab cd", "c d", "a b", "abc d", "ab c"},
		PreTokenizer: GPT2,
	})
	if err != nil {
		t.Fatal(err)
	}
	compact, _ := tok.MarshalBinary()
	again, err := Parse(compact)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int32{"abcd": {0}, "abc": {7}, "dcba": {3, 4, 5, 6}} {
		if got := again.Encode(nil, text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseRefusesDamage(t *testing.T) {
	whole := tiny(t)
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
		{nil, "not a compact tokenizer"},
		{[]byte("GGUF and more"), "not a compact tokenizer"},
		{replace("EFTK\x01", "EFTK\x02"), "not a compact tokenizer"},
		{replace("\x01\x01\x00\x05", "\x01\x09\x00\x05"), "pre is unknown"},
		{replace("\x01\x01\x00\x05", "\x01\x01\x02\x05"), "flags"},
		{replace("\x05\x0b", "\x00\x0b"), "tokens is zero"},
		{replace("\x05\x0b", "\xff\xff\xff\xff\x0f"), "tokens is too large"},
		{replace("\x05\x0b", "\x05\x0c"), "text is not 12 bytes"},
		{replace("\x05\x0b", "\x05\x0a"), "text is not 10 bytes"},
		{replace("\x05\x0b", "\x04\x0b"), "literals is too large"},
		{replace("\x00\x01b", "\x00\x01a"), "same bytes as token 0"},
		{replace("\x03\x00\x01a\x00\x01b", "\x02\x00\x01a"), "merges"},
		{replace("\x02\x02\x02", "\x02\x02\x00"), "empty run"},
		{replace("\x02\x02\x02", "\x02\x00\x02"), "merges[0] does not spell its result"},
		{replace("\x00\x02\x00\x00", "\x07\x02\x00\x00"), "does not exist"},
		{replace("\x00\x02\x00\x00", "\x03\x02\x00\x00"), "merges[0] uses a token that is not defined"},
		{replace("\x01\x09", "\x01\x0b"), "added is too large"},
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
}

// TestParseSurvivesFlippedBits must not panic, whatever it answers.
func TestParseSurvivesFlippedBits(t *testing.T) {
	whole, err := load(t, "qwen2").MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for _, mask := range []byte{0x01, 0x80, 0xFF} {
			whole[i] ^= mask
			if tok, err := Parse(whole); err == nil {
				tok.Encode(nil, "It's <a><b> two  words")
			}
			whole[i] ^= mask
		}
	}
}

// TestParseRefusesExponentialTokens: each merge doubles the token before.
func TestParseRefusesExponentialTokens(t *testing.T) {
	b := append([]byte(magic), byte(GPT2), 0, 41, 0x80, 0x80, 0x80, 0x08, 1, 0, 1, 'a', 40, 1, 40)
	for range 2 { // left and right ids are equal
		for i := range 40 {
			b = append(b, byte(i))
		}
		b = append(b, make([]byte, 40)...)
	}
	b = append(b, 0)
	if _, err := Parse(b); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("2^40 bytes: %v", err)
	}
}
