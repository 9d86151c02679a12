package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/effir/effir/toolchain/gguf"
)

const (
	tokensKey     = "tokenizer.ggml.tokens"
	mergesKey     = "tokenizer.ggml.merges"
	tokenTypesKey = "tokenizer.ggml.token_type"
	modelKey      = "tokenizer.ggml.model"
	preKey        = "tokenizer.ggml.pre"
	addBOSKey     = "tokenizer.ggml.add_bos_token"

	remedyGGUF      = "use a file made by a current llama.cpp converter"
	remedyTokenizer = "import the model's Hugging Face folder, which has its tokenizer.json, instead"
)

// Token types of GGUF that matter to us.
const (
	tokenControl     = 3 // such as <|im_start|>: matched before the text is split, marked special
	tokenUserDefined = 4 // matched before the text is split
)

// ggufTokenizer writes a GGUF file's byte-level BPE as a tokenizer.json of the "tokenizers" library.
func ggufTokenizer(f *gguf.File) ([]byte, error) {
	r := metadataReader{file: f}
	if model := r.text(modelKey); r.err == nil && model != "gpt2" {
		r.fail(modelKey, fmt.Sprintf("is %q; only byte-level BPE (\"gpt2\") can be converted", model), remedyTokenizer)
	}
	pre := "default"
	if f.Has(preKey) {
		pre = r.text(preKey)
	}
	splitter, ok := preTokenizers[pre]
	if !ok {
		r.fail(preKey, fmt.Sprintf("is %q, which is not supported", pre), remedyTokenizer)
	}
	tokens := take(&r, tokensKey, f.Texts)
	merges := take(&r, mergesKey, f.Texts)
	types := r.ints(tokenTypesKey)
	if r.err == nil && len(types) != len(tokens) {
		r.fail(tokenTypesKey, fmt.Sprintf("has %d entries for %d tokens", len(types), len(tokens)), remedyGGUF)
	}
	if r.err == nil {
		r.checkMerges(tokens, merges)
	}
	bos := r.bosToAdd(splitter, tokens)
	if r.err != nil {
		return nil, r.err
	}
	return encodeTokenizer(splitter, tokens, types, merges, bos), nil
}

// checkMerges checks that tokens are distinct and can be written as JSON, and that each merge joins two of them into a third:
// the library refuses a file where this fails.
func (r *metadataReader) checkMerges(tokens, merges []string) {
	ids := make(map[string]int, len(tokens))
	for id, token := range tokens {
		if !utf8.ValidString(token) {
			r.fail(tokensKey, fmt.Sprintf("token %d, %q, is not UTF-8", id, token), remedyGGUF)
			return
		}
		if other, twice := ids[token]; twice {
			r.fail(tokensKey, fmt.Sprintf("tokens %d and %d are the same, %q", other, id, token), remedyGGUF)
			return
		}
		ids[token] = id
	}
	for i, merge := range merges {
		left, right, ok := strings.Cut(merge, " ")
		_, hasLeft := ids[left]
		_, hasRight := ids[right]
		_, hasBoth := ids[left+right]
		if !ok || !hasLeft || !hasRight || !hasBoth {
			r.fail(mergesKey, fmt.Sprintf("merge %d, %q, does not join two tokens into a third", i, merge), remedyGGUF)
			return
		}
	}
}

// bosToAdd returns the id of the token to put before every text, or -1. Files without the key mean
// llama.cpp's default for their kind of tokenizer.
func (r *metadataReader) bosToAdd(p preTokenizer, tokens []string) int {
	add := p.addBOS
	if r.file.Has(addBOSKey) {
		add = take(r, addBOSKey, r.file.Bool)
	}
	if !add {
		return -1
	}
	id := r.uint("tokenizer.ggml.bos_token_id")
	if r.err == nil && id >= len(tokens) {
		r.fail("tokenizer.ggml.bos_token_id", fmt.Sprintf("%d is not a token: there are %d", id, len(tokens)), remedyGGUF)
	}
	return id
}

// preTokenizer is how a kind of byte-level BPE splits text before it merges bytes.
type preTokenizer struct {
	normalizer   string // JSON, "null" for none
	steps        string // JSON of the pre_tokenizer
	ignoreMerges bool   // a piece that is a token as a whole is taken whole
	addBOS       bool   // unless the file says otherwise
}

// Patterns of the Llama 3 and Qwen 2 tokenizers, as published in their tokenizer.json. They differ
// in how many digits stay together.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// byteLevel is the step that maps bytes to printable characters, after splitting by GPT-2's pattern
// if the step has to split at all.
func byteLevel(split bool) string {
	return fmt.Sprintf(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":%t}`, split)
}

func sequence(steps ...string) string {
	return `{"type":"Sequence","pretokenizers":[` + strings.Join(steps, ",") + `]}`
}

func splitBy(pattern string) string {
	return `{"type":"Split","pattern":{"Regex":` + string(quote(pattern)) + `},"behavior":"Isolated","invert":false}`
}

// preTokenizers maps tokenizer.ggml.pre to the steps. "default" is what converters wrote before the
// key existed and when they did not recognise a model; GPT-2's steps are what such models have.
var preTokenizers = map[string]preTokenizer{
	"smollm":    {"null", sequence(`{"type":"Digits","individual_digits":true}`, byteLevel(true)), false, false},
	"gpt-2":     {"null", byteLevel(true), false, false},
	"default":   {"null", byteLevel(true), false, false},
	"llama-bpe": {"null", sequence(splitBy(llama3Pattern), byteLevel(false)), true, true},
	"qwen2":     {`{"type":"NFC"}`, sequence(splitBy(qwen2Pattern), byteLevel(false)), false, false},
}

// encodeTokenizer writes the JSON by hand, because the vocabulary shall be in the order of its ids.
func encodeTokenizer(p preTokenizer, tokens []string, types []int, merges []string, bos int) []byte {
	var b bytes.Buffer
	b.WriteString("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\n\"added_tokens\":[")
	separator := "\n"
	for id, token := range tokens {
		if types[id] != tokenControl && types[id] != tokenUserDefined {
			continue
		}
		fmt.Fprintf(&b, `%s{"id":%d,"content":%s,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":%t}`,
			separator, id, quote(token), types[id] == tokenControl)
		separator = ",\n"
	}
	fmt.Fprintf(&b, "],\n\"normalizer\":%s,\n\"pre_tokenizer\":%s,\n\"post_processor\":", p.normalizer, p.steps)
	if bos < 0 {
		b.WriteString("null")
	} else {
		name := quote(tokens[bos])
		fmt.Fprintf(&b, `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":%[1]s,"type_id":0}},{"Sequence":{"id":"A","type_id":0}}],`+
			`"pair":[{"SpecialToken":{"id":%[1]s,"type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":%[1]s,"type_id":1}},{"Sequence":{"id":"B","type_id":1}}],`+
			`"special_tokens":{%[1]s:{"id":%[1]s,"ids":[%[2]d],"tokens":[%[1]s]}}}`, name, bos)
	}
	b.WriteString(",\n\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}")
	fmt.Fprintf(&b, ",\n\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,"+
		"\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":%t,\n\"vocab\":{", p.ignoreMerges)
	for id, token := range tokens {
		if id > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n%s:%d", quote(token), id)
	}
	b.WriteString("},\n\"merges\":[")
	for i, merge := range merges {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n%s", quote(merge))
	}
	b.WriteString("]}}\n")
	return b.Bytes()
}

// quote writes a JSON string, without the escapes that encoding/json adds for HTML.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a JSON form
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
