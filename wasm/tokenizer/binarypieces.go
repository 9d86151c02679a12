package tokenizer

import "unicode/utf8"

// The compact form of WordPiece. Numbers are unsigned LEB128 where no width is
// given.
//
//	magic       "EFTK" and the version, 1 byte
//	pre         BERT, 1 byte
//	flags       1 byte: bit 0 CleanText, 1 HandleChineseChars, 2 StripAccents,
//	            3 Lowercase, 4 Cleanup
//	tokens      number of tokens n
//	text        length of all tokens together in bytes, ## not counted
//	chars       MaxChars
//	unknown     id of the unknown token
//	lengths     for each token: its length in bytes<<1, plus 1 if it follows ##,
//	            which is not counted
//	bytes       the tokens, without ##
//	added       as in the form of BPE
//
// Keeping the lengths apart from the bytes helps compression: bge-small's 220 kB
// become 96 kB by brotli.

func (p *wordPiece) marshal(b []byte) []byte {
	var flags byte
	for i, on := range p.flags() {
		if *on {
			flags |= 1 << i
		}
	}
	b = append(b, flags)
	lengths, text := make([]byte, 0, p.count()), make([]byte, 0, len(p.text))
	for id := range int32(p.count()) {
		piece, inside := cutContinuing(p.token(id))
		length := uint64(len(piece)) << 1
		if inside {
			length |= 1
		}
		lengths = appendUvarint(lengths, length)
		text = append(text, piece...)
	}
	b = appendUvarint(b, uint64(p.count()))
	b = appendUvarint(b, uint64(len(text)))
	b = appendUvarint(b, uint64(p.maxChars))
	b = appendUvarint(b, uint64(p.unknown))
	b = append(b, lengths...)
	b = append(b, text...)
	return p.appendAdded(b)
}

// flags are the options in the order of their bits.
func (p *wordPiece) flags() [5]*bool {
	o := &p.options
	return [5]*bool{&o.CleanText, &o.Ideographs, &o.StripAccents, &o.Lowercase, &p.cleanup}
}

// parsePieces reads what marshal wrote.
func parsePieces(r *reader) (*Tokenizer, error) {
	p := &wordPiece{tokens: new(tokens)}
	flags := r.byte("flags")
	for i, on := range p.flags() {
		*on = flags>>i&1 != 0
	}
	if flags >= 1<<len(p.flags()) {
		r.fail("flags", "has unknown bits")
	}
	n := r.number("tokens", min(maxTokens, len(r.rest)))
	if n == 0 {
		r.fail("tokens", "is zero")
	}
	size := r.number("text", min(maxTextLength, len(r.rest)))
	if p.maxChars = r.number("chars", maxWordChars); p.maxChars == 0 {
		r.fail("chars", "is zero")
	}
	p.unknown = int32(r.number("unknown", n-1))
	p.readPieces(r, n, size)
	p.added = r.added(n)
	if len(r.rest) > 0 {
		r.fail("added", "is followed by surplus bytes")
	}
	if r.err != nil {
		return nil, r.err
	}
	return newWordPiece(p)
}

// readPieces reads n tokens of size bytes together, ## not counted.
func (t *tokens) readPieces(r *reader, n, size int) {
	lengths := make([]uint32, n)
	total := 0
	for id := range lengths {
		v := r.number("lengths", 2*maxTokenLength+1)
		lengths[id] = uint32(v)
		total += v >> 1
		if v>>1 == 0 {
			r.fail("lengths", "has an empty token")
		}
		if r.err != nil {
			return
		}
	}
	if total != size {
		r.fail("lengths", "do not add up to the length of text")
	}
	rest := r.bytes("bytes", size)
	if r.err != nil {
		return
	}
	text := make([]byte, 0, size+len(continuing)*n)
	t.offsets = make([]uint32, 1, n+1)
	for _, v := range lengths {
		if v&1 != 0 {
			text = append(text, continuing...)
		}
		if !utf8.Valid(rest[:v>>1]) {
			r.err = fail("tokens", len(t.offsets)-1, "is not valid UTF-8")
			return
		}
		text = append(text, rest[:v>>1]...)
		rest = rest[v>>1:]
		t.offsets = append(t.offsets, uint32(len(text)))
	}
	t.text = string(text)
}
