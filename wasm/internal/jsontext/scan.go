package jsontext

import (
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth bounds nesting.
const MaxDepth = 32

// scanner checks JSON text. After an error positions have no meaning.
type scanner struct {
	text []byte
	err  error
}

// fail keeps the first error and returns the text's end, where scanning stops.
func (s *scanner) fail(at int, problem string) int {
	if s.err == nil {
		s.err = errors.New("JSON: " + problem + " at byte " + strconv.Itoa(at))
	}
	return len(s.text)
}

// at returns the byte at i, 0 behind the end.
func (s *scanner) at(i int) byte {
	if i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// space returns the position behind white space.
func (s *scanner) space(i int) int {
	for i < len(s.text) {
		switch s.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// comma returns the position of what follows an element of a checked list or
// object: the next element or the closing bracket.
func (s *scanner) comma(i int) int {
	if i = s.space(i); s.at(i) == ',' {
		return s.space(i + 1)
	}
	return i
}

// value returns the position behind the value at i.
func (s *scanner) value(i, depth int) int {
	switch c := s.at(i); {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return s.fail(i, "too many levels of nesting")
		}
		return s.elements(i, depth)
	case c == '"':
		return s.string(i)
	case c == '-' || c >= '0' && c <= '9':
		return s.number(i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if end := i + len(word); end <= len(s.text) && string(s.text[i:end]) == word {
			return end
		}
	}
	return s.fail(i, "no value")
}

// elements returns the position behind the list or object at i.
func (s *scanner) elements(i, depth int) int {
	object := s.text[i] == '{'
	closing := s.text[i] + 2 // of "[" and "{" alike
	if i = s.space(i + 1); s.at(i) == closing {
		return i + 1
	}
	for s.err == nil {
		if object {
			if s.at(i) != '"' {
				return s.fail(i, "no member name")
			}
			if i = s.space(s.string(i)); s.at(i) != ':' {
				return s.fail(i, "no colon")
			}
			i = s.space(i + 1)
		}
		i = s.space(s.value(i, depth+1))
		switch s.at(i) {
		case closing:
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return s.fail(i, "no comma or closing bracket")
		}
	}
	return len(s.text)
}

// string returns the position behind the string at i.
func (s *scanner) string(i int) int {
	for i++; ; i++ {
		switch c := s.at(i); {
		case c == '"':
			return i + 1
		case c < ' ': // the end as well
			return s.fail(i, "an unfinished string")
		case c == '\\':
			i++
			switch s.at(i) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(s.text, i+1); !ok {
					return s.fail(i, "a broken escape")
				}
				i += 4
			default:
				return s.fail(i, "a broken escape")
			}
		}
	}
}

// number returns the position behind the number at i.
func (s *scanner) number(i int) int {
	digits := func() bool {
		start := i
		for c := s.at(i); c >= '0' && c <= '9'; c = s.at(i) {
			i++
		}
		return i > start
	}
	if s.at(i) == '-' {
		i++
	}
	if s.at(i) == '0' {
		i++
	} else if !digits() {
		return s.fail(i, "no digit")
	}
	if s.at(i) == '.' {
		if i++; !digits() {
			return s.fail(i, "no digit")
		}
	}
	if c := s.at(i); c == 'e' || c == 'E' {
		i++
		if c := s.at(i); c == '+' || c == '-' {
			i++
		}
		if !digits() {
			return s.fail(i, "no digit")
		}
	}
	return i
}

// hex4 reads four hex digits.
func hex4(text []byte, i int) (r rune, ok bool) {
	if i+4 > len(text) {
		return 0, false
	}
	for _, c := range text[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unquote returns the string that a checked literal stands for. Escaped halves of
// surrogate pairs and bytes that are no UTF-8 become U+FFFD.
func unquote(literal []byte) string {
	body := literal[1 : len(literal)-1]
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			r, size := utf8.DecodeRune(body[i:])
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		escape := body[i+1]
		i += 2
		if escape != 'u' {
			out = append(out, unescape(escape))
			continue
		}
		r, _ := hex4(body, i)
		i += 4
		if utf16.IsSurrogate(r) {
			second := rune(utf8.RuneError)
			if i+6 <= len(body) && body[i] == '\\' && body[i+1] == 'u' {
				second, _ = hex4(body, i+2)
			}
			if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
				i += 6
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
