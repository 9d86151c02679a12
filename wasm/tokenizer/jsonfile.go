//go:build !wasm

package tokenizer

import (
	"encoding/json"
	"strconv"
)

// jsonFile is tokenizer.json as far as it decides ids.
type jsonFile struct {
	Version       string      `json:"version"`
	Truncation    *struct{}   `json:"truncation"`
	Padding       *struct{}   `json:"padding"`
	AddedTokens   []jsonAdded `json:"added_tokens"`
	Normalizer    *jsonBERT   `json:"normalizer"`
	PreTokenizer  *jsonStep   `json:"pre_tokenizer"`
	PostProcessor *struct{}   `json:"post_processor"`
	Decoder       *jsonStep   `json:"decoder"`
	Model         jsonModel   `json:"model"`
}

type jsonAdded struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type jsonModel struct {
	Type                    string           `json:"type"`
	Dropout                 *float64         `json:"dropout"`
	UnkToken                *string          `json:"unk_token"`
	ContinuingSubwordPrefix *string          `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string          `json:"end_of_word_suffix"`
	FuseUnk                 bool             `json:"fuse_unk,omitempty"`
	ByteFallback            bool             `json:"byte_fallback,omitempty"`
	IgnoreMerges            bool             `json:"ignore_merges,omitempty"`
	MaxInputChars           *int             `json:"max_input_chars_per_word,omitempty"`
	Vocab                   map[string]int32 `json:"vocab"`
	Merges                  json.RawMessage  `json:"merges,omitempty"`
}

// jsonBERT is a normalizer with the fields of BertNormalizer.
type jsonBERT struct {
	Type               string `json:"type"`
	CleanText          *bool  `json:"clean_text"`
	HandleChineseChars *bool  `json:"handle_chinese_chars"`
	StripAccents       *bool  `json:"strip_accents"`
	Lowercase          *bool  `json:"lowercase"`
}

// jsonStep is a pre-tokenizer or decoder; which fields it has depends on Type.
type jsonStep struct {
	Type             string       `json:"type"`
	PreTokenizers    []*jsonStep  `json:"pretokenizers,omitempty"`
	IndividualDigits *bool        `json:"individual_digits,omitempty"`
	Pattern          *jsonPattern `json:"pattern,omitempty"`
	Behavior         string       `json:"behavior,omitempty"`
	Invert           *bool        `json:"invert,omitempty"`
	AddPrefixSpace   *bool        `json:"add_prefix_space,omitempty"`
	TrimOffsets      *bool        `json:"trim_offsets,omitempty"`
	UseRegex         *bool        `json:"use_regex,omitempty"`
	Prefix           *string      `json:"prefix,omitempty"`
	Cleanup          *bool        `json:"cleanup,omitempty"`
}

type jsonPattern struct {
	Regex string `json:"Regex"`
}

// The patterns by which Llama 3's and Qwen 2's tokenizer.json are recognised.
const (
	patternHead = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|`
	patternTail = `| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	patternLlama3 = patternHead + `\p{N}{1,3}` + patternTail
	patternQwen2  = patternHead + `\p{N}` + patternTail
)

var (
	yesValue, noValue = true, false
	yes, no           = &yesValue, &noValue
)

// is reports whether an optional flag is set; unset is what it means if absent.
func is(flag *bool, absent bool) bool {
	if flag == nil {
		return absent
	}
	return *flag
}

// kind recognises the pre-tokenizer.
func (s *jsonStep) kind() (PreTokenizer, error) {
	const field = "pre_tokenizer"
	if s == nil {
		return 0, refuse(field, "must be ByteLevel or a Sequence that ends with it")
	}
	if s.Type == "ByteLevel" {
		return GPT2, s.checkByteLevel(field, true)
	}
	steps := s.PreTokenizers
	if s.Type != "Sequence" || len(steps) != 2 || steps[0] == nil || steps[1] == nil {
		return 0, refuse(field, "must be ByteLevel, or a Sequence of Digits or Split and ByteLevel")
	}
	first, last := steps[0], steps[1]
	switch first.Type {
	case "Digits":
		if !is(first.IndividualDigits, false) {
			return 0, refuse(field+".pretokenizers[0].individual_digits", "must be true")
		}
		return SmolLM, last.checkByteLevel(field+".pretokenizers[1]", true)
	case "Split":
		if first.Behavior != "Isolated" || is(first.Invert, false) {
			return 0, refuse(field+".pretokenizers[0]", "must have behavior Isolated and not invert")
		}
		kind := Llama3
		switch {
		case first.Pattern != nil && first.Pattern.Regex == patternLlama3:
		case first.Pattern != nil && first.Pattern.Regex == patternQwen2:
			kind = Qwen2
		default:
			return 0, refuse(field+".pretokenizers[0].pattern", "must be the pattern of Llama 3 or of Qwen 2")
		}
		return kind, last.checkByteLevel(field+".pretokenizers[1]", false)
	}
	return 0, refuse(field+".pretokenizers[0].type", "must be Digits or Split, not "+strconv.Quote(first.Type))
}

func (s *jsonStep) checkByteLevel(field string, regex bool) error {
	switch {
	case s.Type != "ByteLevel":
		return refuse(field+".type", "must be ByteLevel, not "+strconv.Quote(s.Type))
	case is(s.AddPrefixSpace, true):
		return refuse(field+".add_prefix_space", "must be false")
	case is(s.UseRegex, true) != regex:
		return refuse(field+".use_regex", "must be "+strconv.FormatBool(regex))
	}
	return nil
}

func jsonPreTokenizerOf(p PreTokenizer) *jsonStep {
	byteLevel := &jsonStep{Type: "ByteLevel", AddPrefixSpace: no, TrimOffsets: yes, UseRegex: yes}
	var first *jsonStep
	switch p {
	case GPT2:
		return byteLevel
	case SmolLM:
		first = &jsonStep{Type: "Digits", IndividualDigits: yes}
	default:
		first = &jsonStep{Type: "Split", Behavior: "Isolated", Invert: no, Pattern: &jsonPattern{patternLlama3}}
		if p == Qwen2 {
			first.Pattern.Regex = patternQwen2
		}
		byteLevel.UseRegex = no
	}
	return &jsonStep{Type: "Sequence", PreTokenizers: []*jsonStep{first, byteLevel}}
}

// check refuses what the model could ask for beyond plain byte-level BPE.
func (m *jsonModel) check() error {
	switch {
	case m.Type != "BPE" && m.Type != "":
		return refuse("model.type", "must be BPE or WordPiece, not "+strconv.Quote(m.Type))
	case m.Dropout != nil && *m.Dropout != 0:
		return refuse("model.dropout", "must be null")
	case m.ContinuingSubwordPrefix != nil && *m.ContinuingSubwordPrefix != "":
		return refuse("model.continuing_subword_prefix", "must be null")
	case m.EndOfWordSuffix != nil && *m.EndOfWordSuffix != "":
		return refuse("model.end_of_word_suffix", "must be null")
	case m.ByteFallback:
		return refuse("model.byte_fallback", "must be false")
	}
	if m.UnkToken != nil {
		for b, r := range alphabetRune {
			if _, ok := m.Vocab[string(r)]; !ok {
				return refuse("model.unk_token", "must be null, because byte "+strconv.Itoa(b)+" has no token")
			}
		}
	}
	return nil
}
