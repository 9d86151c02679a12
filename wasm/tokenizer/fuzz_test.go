package tokenizer

import (
	"bytes"
	"slices"
	"testing"
)

func FuzzEncodeDecode(f *testing.F) {
	for _, name := range []string{"smollm2", "gpt2", "llama3", "qwen2"} {
		for i, g := range goldens(f, name) {
			if i%40 == 0 && len(g.text) < 200 {
				f.Add(g.text)
			}
		}
	}
	f.Add("\xff\xfe'\xe9 \xe2\x80 \xf0\x9f\x98 9\xc3")
	f.Add("<|im_start|><|im_<a><b>two  words<|begin|>x")
	tokenizers := all(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range tokenizers {
			ids := tok.Encode(nil, text)
			if len(ids) > len(text) {
				t.Fatalf("%s: %d ids for %d bytes", name, len(ids), len(text))
			}
			back, err := tok.Decode(ids)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := text
			if name == "smollm2" {
				want = withoutMissing(tok, text)
			}
			if back != want {
				t.Fatalf("%s: Decode(Encode(%q)) = %q", name, text, back)
			}
		}
	})
}

func FuzzEncodePieces(f *testing.F) {
	for _, name := range []string{"uncased", "odd"} {
		for i, g := range piecesGoldens(f, name) {
			if i%20 == 0 && len(g.text) < 200 {
				f.Add(g.text)
			}
		}
	}
	f.Add("\xff\xfe'\xe9 \xe2\x80 [CLS]\u302e\U0001D15E##ing[UNK]xy")
	tokenizers := allPieces(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range tokenizers {
			ids := tok.Encode(nil, text)
			if len(ids) > len(text) {
				t.Fatalf("%s: %d ids for %d bytes", name, len(ids), len(text))
			}
			if again := tok.Encode(nil, string([]rune(text))); !slices.Equal(ids, again) {
				t.Fatalf("%s: %q is %v, as valid UTF-8 %v", name, text, ids, again)
			}
			if _, err := tok.Decode(ids); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	// Small seeds: the fuzzer shortens what it finds, which takes long for
	// long ones.
	whole := tiny(f)
	f.Add(whole)
	for _, pre := range []PreTokenizer{SmolLM, Llama3, Qwen2} {
		other := bytes.Clone(whole)
		other[len(magic)] = byte(pre)
		other[len(magic)+1] = flagIgnoreMerges
		f.Add(other)
	}
	f.Add(tinyPieces(f))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := Parse(b)
		if err != nil {
			if tok != nil {
				t.Fatal("both a tokenizer and an error")
			}
			return
		}
		text := "It's 12 o'clock\n <a><b>"
		for id := range int32(min(tok.Len(), 300)) {
			token, _ := tok.Token(id)
			text += token
			if _, ok := tok.ID(token); !ok {
				t.Fatalf("token %d has no id", id)
			}
		}
		if _, err := tok.Decode(tok.Encode(nil, text)); err != nil {
			t.Fatal(err)
		}
		// What was accepted is written and read again without change.
		first, err := tok.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := again.MarshalBinary(); !bytes.Equal(first, second) {
			t.Fatal("the compact form changed")
		}
	})
}
