//go:build !wasm

package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const (
	byteLevelJSON = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`
	modelJSON     = `{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}`
)

func jsonWith(preTokenizer, model, more string) string {
	return `{"version":"1.0","pre_tokenizer":` + preTokenizer + `,"model":` + model + more + `}`
}

func sequence(steps ...string) string {
	return `{"type":"Sequence","pretokenizers":[` + strings.Join(steps, ",") + `]}`
}

func with(model, field string) string { return strings.Replace(model, "{", "{"+field+",", 1) }

func addedJSON(fields string) string {
	return `,"added_tokens":[{"id":3,"content":"<x>","special":true},{"id":4,"content":"<y>"` + fields + `}]`
}

var refusals = []struct{ file, says string }{
	{``, "tokenizer.json"},
	{`[]`, "tokenizer.json"},
	{"\x00\xff", "tokenizer.json"},
	{`{}`, "pre_tokenizer must be"},
	{jsonWith(byteLevelJSON, modelJSON, `,"normalizer":{"type":"NFC"}`), "normalizer must be null"},
	{jsonWith(byteLevelJSON, modelJSON, `,"decoder":{"type":"WordPiece"}`), "decoder.type"},
	{jsonWith(`{"type":"Whitespace"}`, modelJSON, ``), "pre_tokenizer must be"},
	{jsonWith(`{"type":"Sequence"}`, modelJSON, ``), "pre_tokenizer must be"},
	{jsonWith(sequence(`null`, byteLevelJSON), modelJSON, ``), "pre_tokenizer must be"},
	{jsonWith(strings.Replace(byteLevelJSON, "false", "true", 1), modelJSON, ``), "pre_tokenizer.add_prefix_space"},
	{jsonWith(`{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}`, modelJSON, ``), "pre_tokenizer.use_regex"},
	{jsonWith(sequence(`{"type":"Digits","individual_digits":false}`, byteLevelJSON), modelJSON, ``), "individual_digits"},
	{jsonWith(sequence(`{"type":"Punctuation"}`, byteLevelJSON), modelJSON, ``), `not "Punctuation"`},
	{jsonWith(sequence(`{"type":"Digits","individual_digits":true}`, `{"type":"Digits"}`), modelJSON, ``), "pretokenizers[1].type"},
	{jsonWith(sequence(`{"type":"Split","behavior":"Isolated","pattern":{"Regex":"\\s+"}}`, byteLevelJSON), modelJSON, ``), "pattern"},
	{jsonWith(sequence(`{"type":"Split","behavior":"Removed"}`, byteLevelJSON), modelJSON, ``), "behavior"},
	{jsonWith(byteLevelJSON, `{"type":"Unigram"}`, ``), "model.type must be BPE or WordPiece"},
	{jsonWith(byteLevelJSON, with(modelJSON, `"dropout":0.1`), ``), "model.dropout"},
	{jsonWith(byteLevelJSON, with(modelJSON, `"unk_token":"a"`), ``), "model.unk_token"},
	{jsonWith(byteLevelJSON, with(modelJSON, `"continuing_subword_prefix":"#"`), ``), "model.continuing_subword_prefix"},
	{jsonWith(byteLevelJSON, with(modelJSON, `"end_of_word_suffix":"#"`), ``), "model.end_of_word_suffix"},
	{jsonWith(byteLevelJSON, with(modelJSON, `"byte_fallback":true`), ``), "model.byte_fallback"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0},"merges":3}`, ``), "model.merges"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0},"merges":[["a"]]}`, ``), "model.merges[0]"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0},"merges":["aa"]}`, ``), "merges[0]"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"b":1},"merges":["a b"]}`, ``), `merges[0] names "ab"`},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b","a b"]}`, ``), "merges[1] repeats"},
	{jsonWith(byteLevelJSON, `{"vocab":{},"merges":[]}`, ``), "0 tokens"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":1},"merges":[]}`, ``), "without gaps"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":-1},"merges":[]}`, ``), "without gaps"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"b":0},"merges":[]}`, ``), "model.vocab gives"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"":1},"merges":[]}`, ``), "no token of id 1"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"▁b":1},"merges":[]}`, ``), "tokens[1]"},
	{jsonWith(byteLevelJSON, `{"vocab":{"a":0,"`+strings.Repeat("b", 5000)+`":1},"merges":[]}`, ``), "tokens[1] is longer"},
	{jsonWith(byteLevelJSON, modelJSON, addedJSON(`,"lstrip":true`)), "added_tokens[1]"},
	{jsonWith(byteLevelJSON, modelJSON, addedJSON(`,"normalized":true`)), "added_tokens[1].normalized"},
	{jsonWith(byteLevelJSON, modelJSON, strings.Replace(addedJSON(``), "<y>", "", 1)), "added_tokens[1].content"},
	{jsonWith(byteLevelJSON, modelJSON, strings.Replace(addedJSON(``), `"id":4`, `"id":3`, 1)), `the id of "<x>"`},
	{jsonWith(byteLevelJSON, modelJSON, strings.Replace(addedJSON(``), `"id":4`, `"id":5`, 1)), "without gaps"},
}

func TestParseJSONRefuses(t *testing.T) {
	for _, c := range refusals {
		tok, err := ParseJSON([]byte(c.file))
		if err == nil || tok != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.300s\n got %v\nwant an error with %q", c.file, err, c.says)
		}
	}
}

func TestParseJSONAccepts(t *testing.T) {
	for _, file := range []string{
		jsonWith(byteLevelJSON, modelJSON, ``),
		jsonWith(byteLevelJSON, `{"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}`, ``),
		jsonWith(byteLevelJSON, modelJSON, `,"decoder":`+byteLevelJSON+`,"post_processor":{"type":"X"},"padding":{"length":3}`),
		jsonWith(byteLevelJSON, with(modelJSON, `"dropout":0,"unk_token":null,"end_of_word_suffix":""`), ``),
		jsonWith(byteLevelJSON, modelJSON, addedJSON(``)),
	} {
		tok, err := ParseJSON([]byte(file))
		if err != nil {
			t.Errorf("%s\n%v", file, err)
			continue
		}
		if ids := tok.Encode(nil, "abb"); !slices.Equal(ids, []int32{2, 1}) {
			t.Errorf("%s\nEncode: %v", file, ids)
		}
	}
}

// TestParseJSONReadsTheReferencesFiles compares with the compact form of the
// same files, whose ids TestEncodeEqualsReference checks.
func TestParseJSONReadsTheReferencesFiles(t *testing.T) {
	for _, name := range []string{"gpt2", "llama3", "qwen2"} {
		tok, err := ParseJSON(readTestdata(t, name+".json"))
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := tok.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, readTestdata(t, name+".bin.gz")) {
			t.Errorf("%s.json and %s.bin.gz differ", name, name)
		}
		for _, g := range goldens(t, name)[:100] {
			if ids := tok.Encode(nil, g.text); !slices.Equal(ids, g.ids) {
				t.Fatalf("%s: Encode(%q) = %v, want %v", name, g.text, ids, g.ids)
			}
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for name, tok := range all(t) {
		file, err := tok.JSON()
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := ParseJSON(file)
		if err != nil {
			t.Fatal(name, err)
		}
		want, _ := tok.MarshalBinary()
		if got, _ := again.MarshalBinary(); !bytes.Equal(got, want) {
			t.Errorf("%s changed on the way", name)
		}
	}
}

func TestFromVocabRefuses(t *testing.T) {
	good := func() Vocabulary {
		return Vocabulary{
			Tokens:       []string{"a", "b", "ab", "<é>"},
			Kinds:        []Kind{Normal, Normal, Normal, Special},
			Merges:       []string{"a b"},
			PreTokenizer: SmolLM,
		}
	}
	if _, err := FromVocab(good()); err != nil {
		t.Fatal(err)
	}
	for says, spoil := range map[string]func(v *Vocabulary){
		"pre-tokenizer 0 is unknown": func(v *Vocabulary) { v.PreTokenizer = 0 },
		"3 kinds for 4 tokens":       func(v *Vocabulary) { v.Kinds = v.Kinds[:3] },
		"kinds[1] is unknown":        func(v *Vocabulary) { v.Kinds[1] = 9 },
		"tokens[1] is empty":         func(v *Vocabulary) { v.Tokens[1] = "" },
		"tokens[1] is not valid":     func(v *Vocabulary) { v.Tokens[1] = "\xff" },
		"tokens[1] is the same":      func(v *Vocabulary) { v.Tokens[1] = "a" },
		"outside the byte alphabet":  func(v *Vocabulary) { v.Tokens[1] = "a b" },
		"merges[0] names \"c\"":      func(v *Vocabulary) { v.Merges[0] = "a c" },
		"is not of the form":         func(v *Vocabulary) { v.Merges[0] = "a " },
		"which is an added token":    func(v *Vocabulary) { v.Merges[0] = "<é> a" },
		"0 tokens":                   func(v *Vocabulary) { v.Tokens, v.Kinds = nil, nil },
	} {
		v := good()
		spoil(&v)
		if _, err := FromVocab(v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

func TestPreTokenizerByName(t *testing.T) {
	for name, want := range map[string]PreTokenizer{"smollm": SmolLM, "gpt-2": GPT2, "llama-bpe": Llama3} {
		if got, err := PreTokenizerByName(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "qwen2", "bert"} {
		if _, err := PreTokenizerByName(name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	tok, err := Parse(tiny(f))
	if err != nil {
		f.Fatal(err)
	}
	file, err := tok.JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(piecesJSON))
	for _, c := range refusals {
		f.Add([]byte(c.file))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := ParseJSON(b)
		if err != nil {
			return
		}
		compact, err := tok.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(compact)
		if err != nil {
			t.Fatal(err)
		}
		file, err := again.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if again, err = ParseJSON(file); err != nil {
			t.Fatal(err)
		}
		if second, _ := again.MarshalBinary(); !bytes.Equal(compact, second) {
			t.Fatal("tokenizer.json changed on the way")
		}
	})
}
