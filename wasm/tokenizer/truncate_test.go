//go:build !wasm

package tokenizer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestTruncatedEqualsReference(t *testing.T) {
	lines := bytes.Split(bytes.TrimSpace(readTestdata(t, "truncated.jsonl.gz")), []byte("\n"))
	if len(lines) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		var want struct {
			File    string
			Merges  int
			Drop    []string
			Kept    []int32
			Strings []string
			IDs     [][]int32
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		cut, kept, err := []byte(nil), []int32(nil), error(nil)
		if file := readTestdata(t, want.File+".json"); want.Drop == nil {
			cut, kept, err = TruncateMerges(file, want.Merges)
		} else {
			cut, kept, err = DropTokens(file, func(token string) bool { return slices.Contains(want.Drop, token) })
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(kept, want.Kept) {
			t.Errorf("%s to %d merges: kept %v\nwant %v", want.File, want.Merges, kept, want.Kept)
		}
		tok, err := ParseJSON(cut)
		if err != nil {
			t.Fatal(err)
		}
		if tok.Len() != len(kept) || len(want.Strings) < 60 {
			t.Errorf("%s: %d tokens, %d kept; %d strings", want.File, tok.Len(), len(kept), len(want.Strings))
		}
		for i, text := range want.Strings {
			if ids := tok.Encode(nil, text); !slices.Equal(ids, want.IDs[i]) {
				t.Fatalf("%s to %d merges: Encode(%q)\n got %v\nwant %v", want.File, want.Merges, text, ids, want.IDs[i])
			}
		}
	}
}

func TestTruncatingNothingChangesNothing(t *testing.T) {
	for _, name := range []string{"gpt2", "qwen2", "uncased"} {
		file := readTestdata(t, name+".json")
		tok, err := ParseJSON(file)
		if err != nil {
			t.Fatal(err)
		}
		cut, kept, err := []byte(nil), []int32(nil), error(nil)
		if m, ok := tok.model.(*bytePairs); ok {
			cut, kept, err = TruncateMerges(file, len(m.merges.list))
		} else {
			cut, kept, err = DropTokens(file, func(token string) bool { return token == "[UNK]" })
		}
		if err != nil || len(kept) != tok.Len() {
			t.Fatalf("%s: %d of %d kept, %v", name, len(kept), tok.Len(), err)
		}
		again, err := ParseJSON(cut)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := again.MarshalBinary()
		if b, _ := tok.MarshalBinary(); !bytes.Equal(a, b) {
			t.Errorf("%s has changed", name)
		}
	}
}

// templates have ids of the tokens 3 and 2 in them: <x> and ab.
const (
	templateJSON = `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<x>","type_id":0}}],` +
		`"special_tokens":{"<x>":{"id":"<x>","ids":[3],"tokens":["<x>"]}}}`
	sequenceJSON = `{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"RobertaProcessing","sep":["<x>",3],"cls":["<x>",3]}]}`
)

func TestTruncatingRenumbersOtherIDs(t *testing.T) {
	file := jsonWith(byteLevelJSON, modelJSON, addedJSON(``)+`,"padding":{"pad_id":3,"length":7},"truncation":null,"post_processor":`)
	for _, c := range []struct{ processor, want string }{
		{`null`, `"padding":{"length":7,"pad_id":2}`},
		{templateJSON, `"ids":[2]`},
		{sequenceJSON, `{"cls":["\u003cx\u003e",2],"sep":["\u003cx\u003e",2],"type":"RobertaProcessing"}`},
	} {
		cut, kept, err := TruncateMerges([]byte(strings.Replace(file, `"post_processor":`, `"post_processor":`+c.processor, 1)), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(kept, []int32{0, 1, 3, 4}) || !strings.Contains(string(cut), c.want) {
			t.Errorf("kept %v\n got %s\nwant %s", kept, cut, c.want)
		}
	}
}

func TestTruncatingRefuses(t *testing.T) {
	file := jsonWith(byteLevelJSON, modelJSON, addedJSON(``))
	with := func(more string) string { return strings.TrimSuffix(file, "}") + more + "}" }
	for _, c := range []struct {
		file   string
		merges int
		says   string
	}{
		{file, -1, "cannot keep -1 of 1 merges"},
		{file, 2, "cannot keep 2 of 1 merges"},
		{`{`, 0, "tokenizer.json"},
		{string(readTestdata(t, "uncased.json")), 0, "must be BPE"},
		{with(`,"padding":{"pad_id":2}`), 0, "padding.pad_id must be the id of a token that stays"},
		{with(`,"padding":{"pad_id":2.5}`), 0, "padding.pad_id must be the id of a token"},
		{with(`,"post_processor":{"type":"Other"}`), 0, `not "Other"`},
		{with(`,"post_processor":{"type":"BertProcessing","sep":["<x>",3]}`), 0, "post_processor.cls must be"},
		{strings.Replace(file, `"vocab"`, `"Vocab"`, 1), 0, "model.vocab must be"},
		{strings.Replace(file, `"a":0`, `"a":null`, 1), 0, "model.vocab must be"},
	} {
		cut, kept, err := TruncateMerges([]byte(c.file), c.merges)
		if err == nil || cut != nil || kept != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.300s\n got %v\nwant an error with %q", c.file, err, c.says)
		}
	}
	if _, _, err := DropTokens([]byte(file), func(string) bool { return true }); err == nil || !strings.Contains(err.Error(), "must be WordPiece") {
		t.Errorf("DropTokens of BPE: %v", err)
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add([]byte(jsonWith(byteLevelJSON, modelJSON, addedJSON(``)+`,"padding":{"pad_id":3},"post_processor":`+templateJSON)), 0)
	f.Add([]byte(jsonWith(byteLevelJSON, modelJSON, addedJSON(``)+`,"post_processor":`+sequenceJSON)), 1)
	f.Add([]byte(piecesJSON), 1)
	f.Fuzz(func(t *testing.T, file []byte, n int) {
		cut, kept, err := TruncateMerges(file, n)
		if err != nil {
			cut, kept, err = DropTokens(file, func(token string) bool { return len(token) > n })
		}
		if err != nil {
			return
		}
		tok, err := ParseJSON(cut)
		if err != nil || tok.Len() != len(kept) {
			t.Fatalf("%d kept, %v", len(kept), err)
		}
	})
}
