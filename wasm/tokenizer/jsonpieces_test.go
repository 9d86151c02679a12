//go:build !wasm

package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const piecesJSON = `{"version":"1.0","truncation":{"max_length":3},"padding":{"pad_id":0},` +
	`"added_tokens":[{"id":0,"content":"[UNK]","special":true,"normalized":false}],` +
	`"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},` +
	`"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,` +
	`"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},` +
	`"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":4,` +
	`"vocab":{"[UNK]":0,"e":1,"##e":2,"é":3}}}`

func TestParseJSONReadsPieces(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     []int32 // ids of "Éé eeeee E\x00e [UNK]"
	}{
		{"", "", []int32{1, 2, 0, 1, 2, 0}},
		{`"normalized":false`, `"single_word":false`, []int32{1, 2, 0, 1, 2, 0}},
		{`"strip_accents":null`, `"strip_accents":false`, []int32{0, 0, 1, 2, 0}},
		{`"strip_accents":null,"lowercase":true`, `"lowercase":false`, []int32{0, 0, 0, 0}},
		{`"strip_accents":null,"lowercase":true`, `"strip_accents":true,"lowercase":false`, []int32{0, 0, 0, 0}},
		{`"clean_text":true`, `"clean_text":false`, []int32{1, 2, 0, 0, 0}},
		{`"clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true`, `"x":1`, []int32{1, 2, 0, 1, 2, 0}},
		{`"max_input_chars_per_word":4,`, ``, []int32{1, 2, 1, 2, 2, 2, 2, 1, 2, 0}},
		{`"continuing_subword_prefix":"##",`, ``, []int32{1, 2, 0, 1, 2, 0}},
		{`"unk_token":"[UNK]",`, ``, []int32{1, 2, 0, 1, 2, 0}},
		{`"unk_token":"[UNK]"`, `"unk_token":"é"`, []int32{1, 2, 3, 1, 2, 0}},
		{`{"type":"WordPiece","prefix":"##","cleanup":true}`, `null`, []int32{1, 2, 0, 1, 2, 0}},
		{`"normalized":false}`, `"normalized":false},{"id":4,"content":"two e","special":false}`, []int32{1, 2, 0, 1, 2, 0}},
	} {
		file := strings.Replace(piecesJSON, c.old, c.new, 1)
		tok, err := ParseJSON([]byte(file))
		if err != nil {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		if ids := tok.Encode(nil, "Éé eeeee E\x00e [UNK]"); !slices.Equal(ids, c.want) {
			t.Errorf("%s: got %v, want %v", c.new, ids, c.want)
		}
	}
}

func TestParseJSONRefusesPieces(t *testing.T) {
	for _, c := range []struct{ old, new, says string }{
		{`"type":"BertNormalizer"`, `"type":"NFC"`, "normalizer must be a BertNormalizer"},
		{`"normalizer"`, `"other"`, "normalizer must be a BertNormalizer"},
		{`"BertPreTokenizer"`, `"Whitespace"`, "pre_tokenizer must be a BertPreTokenizer"},
		{`"pre_tokenizer"`, `"other"`, "pre_tokenizer must be a BertPreTokenizer"},
		{`{"type":"WordPiece","prefix"`, `{"type":"ByteLevel","prefix"`, "decoder must be"},
		{`"prefix":"##"`, `"prefix":"@"`, "decoder must be"},
		{`"continuing_subword_prefix":"##"`, `"continuing_subword_prefix":"@"`, "model.continuing_subword_prefix"},
		{`_word":4`, `_word":0`, "model.max_input_chars_per_word"},
		{`_word":4`, `_word":1025`, "model.max_input_chars_per_word"},
		{`"unk_token":"[UNK]"`, `"unk_token":"?"`, `model.unk_token names "?"`},
		{`"é":3`, `"é":4`, "without gaps"},
		{`"é":3`, `"":3`, "no token of id 3"},
		{`"é":3`, `"é":2`, "model.vocab gives"},
		{`"normalized":false`, `"normalized":true`, "added_tokens[0].normalized must be false"},
		{`"normalized":false`, `"lstrip":true`, "added_tokens[0] must not have"},
		{`"normalized":false}`, `"normalized":false},{"id":4,"content":"two"}`, `added_tokens[1].content is "two"`},
		{`"normalized":false}`, `"normalized":false},{"id":4,"content":"##t!"}`, `added_tokens[1].content is "##t!"`},
		{`"type":"WordPiece","unk`, `"type":"WordLevel","unk`, "normalizer must be null"},
	} {
		file := strings.Replace(piecesJSON, c.old, c.new, 1)
		tok, err := ParseJSON([]byte(file))
		if err == nil || tok != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.new, err, c.says)
		}
	}
}

// TestParseJSONReadsTheReferencesPieces compares with the compact form of the
// same files, whose ids TestPiecesEqualReference checks, and sends them through
// JSON.
func TestParseJSONReadsTheReferencesPieces(t *testing.T) {
	for _, name := range []string{"uncased", "cased", "odd"} {
		tok, err := ParseJSON(readTestdata(t, name+".json"))
		if err != nil {
			t.Fatal(name, err)
		}
		want := readTestdata(t, name+".bin.gz")
		if got, _ := tok.MarshalBinary(); !bytes.Equal(got, want) {
			t.Errorf("%s.json and %s.bin.gz differ", name, name)
		}
		file, err := tok.JSON()
		if err != nil {
			t.Fatal(name, err)
		}
		if tok, err = ParseJSON(file); err != nil {
			t.Fatal(name, err)
		}
		if got, _ := tok.MarshalBinary(); !bytes.Equal(got, want) {
			t.Errorf("%s has changed on the way through JSON", name)
		}
	}
}
