package tokenizer

import (
	"errors"
	"strconv"
)

// PreTokenizer is the rule that splits text into words, within which alone
// pairs are merged.
type PreTokenizer uint8

const (
	// GPT2 splits by the pattern of GPT-2:
	//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
	GPT2 PreTokenizer = 1
	// SmolLM first makes each numeric character a word of its own, then splits
	// what lies between, each stretch by itself, as GPT2 does.
	SmolLM PreTokenizer = 2
	// Llama3 splits by the pattern of Llama 3:
	//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
	//	 ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
	Llama3 PreTokenizer = 3
	// Qwen2 is Llama3 with \p{N} in place of \p{N}{1,3}.
	Qwen2 PreTokenizer = 4
	// BERT belongs to WordPiece tokenizers: it splits at white space and makes
	// punctuation marks words of their own.
	BERT PreTokenizer = 5
)

// PreTokenizerByName returns the rule that GGUF files name in
// tokenizer.ggml.pre. "qwen2" is refused, because its models also normalise
// text to NFC, which this package does not.
func PreTokenizerByName(name string) (PreTokenizer, error) {
	switch name {
	case "smollm":
		return SmolLM, nil
	case "gpt-2", "gpt2":
		return GPT2, nil
	case "llama-bpe", "llama3", "llama-v3":
		return Llama3, nil
	}
	return 0, errors.New("tokenizer: pre-tokenizer " + strconv.Quote(name) +
		" is not supported: use a model with smollm, gpt-2 or llama-bpe")
}

// next returns the length of the first word of s, at least 1. s is not empty.
func (p PreTokenizer) next(s string) int {
	switch p {
	case SmolLM:
		return nextGPT2(s, &classesDigitsCut)
	case Llama3:
		return nextLlama3(s, 3)
	case Qwen2:
		return nextLlama3(s, 1)
	}
	return nextGPT2(s, &classesPlain)
}

// classCut is a character that ends the stretch before it and is a word itself.
const classCut = 5

// What a class of the table means to GPT2 and to SmolLM.
var (
	classesPlain     = [8]uint8{classOther, classLetter, classNumber, classSpace, classOther}
	classesDigitsCut = [8]uint8{classOther, classLetter, classCut, classSpace, classCut}
)

func nextGPT2(s string, classes *[8]uint8) int {
	if n := contraction(s); n > 0 {
		return n
	}
	start := 0
	if s[0] == ' ' && len(s) > 1 {
		start = 1
	}
	class, size := classAt(s, start)
	class = classes[class]
	if class == classCut {
		if start == 1 {
			return 1 // a stretch of one space
		}
		return size
	}
	if class == classSpace {
		return nextSpaces(s, classes)
	}
	for i := start + size; i < len(s); i += size {
		var c uint8
		if c, size = classAt(s, i); classes[c] != class {
			return i
		}
	}
	return len(s)
}

// nextSpaces is \s+(?!\S)|\s+ where s starts with a space: the run of spaces,
// less its last character if something follows in the same stretch and the run
// is longer than one.
func nextSpaces(s string, classes *[8]uint8) int {
	last := 0 // where the last space of the run begins
	for i := 0; i < len(s); {
		class, size := classAt(s, i)
		if class = classes[class]; class != classSpace {
			if class == classCut || last == 0 {
				return i
			}
			return last
		}
		last = i
		i += size
	}
	return len(s)
}

// contraction is 's|'t|'re|'ve|'m|'ll|'d.
func contraction(s string) int {
	if s[0] != '\'' || len(s) < 2 {
		return 0
	}
	switch s[1] {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(s) > 2 && s[2] == 'e' {
			return 3
		}
	case 'l':
		if len(s) > 2 && s[2] == 'l' {
			return 3
		}
	}
	return 0
}

func nextLlama3(s string, maxDigits int) int {
	if n := contractionFold(s); n > 0 {
		return n
	}
	class, size := classAt(s, 0)
	class = classesPlain[class]
	after := uint8(classSpace) // of the second character; a space ends all runs
	if size < len(s) {
		after, _ = classAt(s, size)
		after = classesPlain[after]
	}
	newline := s[0] == '\r' || s[0] == '\n'

	switch {
	case class == classLetter, class != classNumber && !newline && after == classLetter:
		return runOf(s, size, classLetter)
	case class == classNumber:
		n := size
		for digits := 1; digits < maxDigits && n < len(s); digits++ {
			c, size := classAt(s, n)
			if c != classNumber {
				break
			}
			n += size
		}
		return n
	case class == classOther, s[0] == ' ' && after == classOther:
		n := runOf(s, size, classOther)
		for n < len(s) && (s[n] == '\r' || s[n] == '\n') {
			n++
		}
		return n
	}
	// \s*[\r\n]+ reaches to the last newline of the run of spaces.
	lastNewline := 0
	for i := 0; i < len(s); {
		c, size := classAt(s, i)
		if c != classSpace {
			break
		}
		if s[i] == '\r' || s[i] == '\n' {
			lastNewline = i + 1
		}
		i += size
	}
	if lastNewline > 0 {
		return lastNewline
	}
	return nextSpaces(s, &classesPlain)
}

// runOf returns where the run of a class that reaches i ends.
func runOf(s string, i int, class uint8) int {
	for i < len(s) {
		c, size := classAt(s, i)
		if classesPlain[c] != class {
			break
		}
		i += size
	}
	return i
}

// contractionFold is (?i:'s|'t|'re|'ve|'m|'ll|'d). Without case, s is also the
// long s, U+017F.
func contractionFold(s string) int {
	if s[0] != '\'' || len(s) < 2 {
		return 0
	}
	switch s[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(s) > 2 && s[2]|0x20 == 'e' {
			return 3
		}
	case 'l':
		if len(s) > 2 && s[2]|0x20 == 'l' {
			return 3
		}
	}
	if len(s) > 2 && s[1:3] == "ſ" {
		return 3
	}
	return 0
}
