// Package bert splits text into words as BERT's normalizer and pre-tokenizer do:
// control characters are dropped, ideographs and punctuation marks are words of
// their own, accents and case are removed if asked for.
//
// The measure is the Hugging Face "tokenizers" library, whose Unicode tables
// (ztables.go) this package uses.
package bert

import "unicode/utf8"

// Options are the fields of the reference's BertNormalizer.
type Options struct {
	CleanText    bool // drop control characters and U+FFFD
	Ideographs   bool // make Chinese characters words of their own
	StripAccents bool // decompose canonically, then drop nonspacing marks
	Lowercase    bool
}

// Word is a normalised word. Its memory is used again by the next one.
type Word struct {
	// Text is its UTF-8 form, cut after Max characters.
	Text []byte
	// Chars is its number of characters; it may exceed Max.
	Chars int
	// Max limits what is kept of a word.
	Max int
}

// Next puts the first word of text into w and returns what follows it. If there
// is no word left, w.Chars is 0. A byte that is not part of valid UTF-8 counts as
// U+FFFD.
func (r *Rules) Next(text string, w *Word) (rest string) {
	w.Text, w.Chars = w.Text[:0], 0
	// Marks are not sorted past this point of w.Text: what stands before it has
	// combining class 0, or a character that was removed here had.
	fixed := 0
	for at := 0; at < len(text); {
		c, size := rune(text[at]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[at:])
		}
		e := r.entry(c)
		switch e.action() {
		case letter:
			w.append(e.charOr(c))
			fixed = len(w.Text)
		case space:
			if w.Chars > 0 {
				return text[at+size:]
			}
		case alone:
			if w.Chars > 0 {
				return text[at:]
			}
			w.append(e.charOr(c))
			return text[at+size:]
		case dropped:
		case droppedStarter:
			fixed = len(w.Text)
		case mark:
			w.insert(r, e, fixed)
		case hangul:
			w.appendJamo(c)
			fixed = len(w.Text)
		case sequence:
			for _, part := range r.sequences[e.char()] {
				if part.action() == mark {
					w.insert(r, part, fixed)
				} else {
					w.append(part.char())
					fixed = len(w.Text)
				}
			}
		}
		at += size
	}
	return ""
}

func (w *Word) append(c rune) {
	if w.Chars < w.Max {
		w.Text = utf8.AppendRune(w.Text, c)
	}
	w.Chars++
}

// insert adds a mark in canonical order: before the marks of higher combining
// class that stand behind fixed.
func (w *Word) insert(r *Rules, mark entry, fixed int) {
	at := len(w.Text)
	w.append(mark.char())
	size := len(w.Text) - at
	if size == 0 {
		return // the word is longer than Max
	}
	for at > fixed {
		before, n := utf8.DecodeLastRune(w.Text[:at])
		if r.entry(before).rank() <= mark.rank() {
			break
		}
		copy(w.Text[at-n+size:], w.Text[at-n:at])
		at -= n
		utf8.AppendRune(w.Text[:at], mark.char())
	}
}

// appendJamo decomposes a Hangul syllable (Unicode, section 3.12).
func (w *Word) appendJamo(syllable rune) {
	const vowels, finals = 21, 28
	i := syllable - hangulFirst
	w.append(0x1100 + i/(vowels*finals))
	w.append(0x1161 + i%(vowels*finals)/finals)
	if final := i % finals; final > 0 {
		w.append(0x11A7 + final)
	}
}
