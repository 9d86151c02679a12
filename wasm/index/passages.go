package index

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"
	"unsafe"
)

// Passage is one search result's content.
type Passage struct {
	Title   string // what the passage is about: a heading, a symbol
	Text    string // what is shown and searched
	URL     string // where it comes from
	Section string // the chapter, package or page that it belongs to
}

// Passages is a store of passages, read in place. Its binary form,
// little-endian:
//
//	magic    8 bytes "EFFIRPA1"
//	count    uint32
//	offsets  4 count + 1 uint32, into strings: ascending, the first 0, the last
//	         the size of strings
//	strings  per passage title, text, URL, section; valid UTF-8
type Passages struct {
	count   int
	offsets []byte
	strings []byte
}

const (
	passagesMagic  = "EFFIRPA1"
	passagesHeader = 12
	passageFields  = 4
)

// MarshalPassages returns the binary form of passages.
func MarshalPassages(passages []Passage) ([]byte, error) {
	if len(passages) > maxPassages {
		return nil, errors.New("passages: too many: split the corpus into several bundles")
	}
	var total uint64
	for i := range passages {
		for _, field := range passages[i].fields() {
			if !utf8.ValidString(field) {
				return nil, errors.New("passages: the text of " + passages[i].Title + " is not UTF-8: convert it first")
			}
			total += uint64(len(field))
		}
	}
	if total > math.MaxUint32 {
		return nil, errors.New("passages: over 4 GiB of text: split the corpus into several bundles")
	}
	out := make([]byte, 0, passagesHeader+4*(passageFields*len(passages)+1)+int(total))
	out = append(out, passagesMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(passages)))
	offset := uint32(0)
	out = binary.LittleEndian.AppendUint32(out, offset)
	for i := range passages {
		for _, field := range passages[i].fields() {
			offset += uint32(len(field))
			out = binary.LittleEndian.AppendUint32(out, offset)
		}
	}
	for i := range passages {
		for _, field := range passages[i].fields() {
			out = append(out, field...)
		}
	}
	return out, nil
}

func (p *Passage) fields() [passageFields]string {
	return [passageFields]string{p.Title, p.Text, p.URL, p.Section}
}

// ParsePassages reads a store in place and checks all of it.
func ParsePassages(data []byte) (*Passages, error) {
	if len(data) < passagesHeader || string(data[:8]) != passagesMagic {
		return nil, corrupt("passages", "header", "is not that of a passage store")
	}
	count := binary.LittleEndian.Uint32(data[8:])
	offsetBytes := 4 * (passageFields*uint64(count) + 1)
	if count > maxPassages || passagesHeader+offsetBytes > uint64(len(data)) {
		return nil, corrupt("passages", "offsets", "are truncated")
	}
	p := &Passages{
		count:   int(count),
		offsets: data[passagesHeader : passagesHeader+offsetBytes],
		strings: data[passagesHeader+offsetBytes:],
	}
	if p.offset(0) != 0 || p.offset(passageFields*p.count) != uint64(len(p.strings)) {
		return nil, corrupt("passages", "offsets", "do not span the strings")
	}
	for i := range passageFields * p.count {
		start, end := p.offset(i), p.offset(i+1)
		if start > end || end > uint64(len(p.strings)) {
			return nil, corrupt("passages", "offsets", "are not in order")
		}
		if !utf8.Valid(p.strings[start:end]) {
			return nil, corrupt("passages", "strings", "are not UTF-8")
		}
	}
	return p, nil
}

// Len returns the number of passages.
func (p *Passages) Len() int { return p.count }

// At returns passage doc, which must be in [0, Len()). Its strings share the
// bytes that were parsed.
func (p *Passages) At(doc int) Passage {
	if doc < 0 || doc >= p.count {
		panic("index: passage number out of range")
	}
	first := passageFields * doc
	return Passage{
		Title:   p.field(first),
		Text:    p.field(first + 1),
		URL:     p.field(first + 2),
		Section: p.field(first + 3),
	}
}

func (p *Passages) field(n int) string {
	text := p.strings[p.offset(n):p.offset(n+1)]
	return unsafe.String(unsafe.SliceData(text), len(text))
}

func (p *Passages) offset(n int) uint64 {
	return uint64(binary.LittleEndian.Uint32(p.offsets[4*n:]))
}
