package tokenizer

// The compact form of BPE (binarypieces.go has that of WordPiece). A token that results from a merge is the concatenation of
// the merge's sides, so only the others (bytes and added tokens) are spelled
// out. Numbers are unsigned LEB128 where no width is given.
//
//	magic       "EFTK" and the version, 1 byte
//	pre         PreTokenizer, 1 byte
//	flags       1 byte: bit 0 IgnoreMerges
//	tokens      number of tokens n
//	text        length of all tokens together in bytes
//	literals    number, then for each: id less the previous id less one; length;
//	            the bytes
//	merges      number m
//	runs        the results of the merges as runs that each ascend by one, until
//	            m are covered: first result, length of the run
//	planes      the left ids, then the right ids: the low bytes of all m ids,
//	            then their next bytes, and so on; 2 planes if n <= 65536, else 3
//	added       number, then for each: (id less the previous id less one)<<1,
//	            plus 1 if it is Special
//
// The planes make the file compress well: SmolLM2's 196 kB become 152 kB by
// brotli, less than its vocabulary alone as text.
const magic = "EFTK\x01"

const flagIgnoreMerges = 1

// MarshalBinary returns the compact form, which Parse reads. It never fails.
func (t *Tokenizer) MarshalBinary() ([]byte, error) {
	return t.model.marshal(append([]byte(magic), byte(t.PreTokenizer()))), nil
}

func (m *bytePairs) marshal(b []byte) []byte {
	if m.ignoreMerges {
		b = append(b, flagIgnoreMerges)
	} else {
		b = append(b, 0)
	}
	b = appendUvarint(b, uint64(m.count()))
	b = appendUvarint(b, uint64(len(m.text)))

	literals := m.literals()
	b = appendUvarint(b, uint64(len(literals)))
	previous := int32(-1)
	for _, id := range literals {
		token := m.token(id)
		b = appendUvarint(b, uint64(id-previous-1))
		b = appendUvarint(b, uint64(len(token)))
		b = append(b, token...)
		previous = id
	}

	list := m.merges.list
	b = appendUvarint(b, uint64(len(list)))
	for i := 0; i < len(list); {
		run := 1
		for i+run < len(list) && list[i+run].result == list[i].result+uint32(run) {
			run++
		}
		b = appendUvarint(b, uint64(list[i].result))
		b = appendUvarint(b, uint64(run))
		i += run
	}
	for plane := range planes(m.count()) {
		for _, m := range list {
			b = append(b, byte(m.left>>(8*plane)))
		}
	}
	for plane := range planes(m.count()) {
		for _, m := range list {
			b = append(b, byte(m.right>>(8*plane)))
		}
	}

	return m.appendAdded(b)
}

// appendAdded appends the list of added tokens.
func (t *tokens) appendAdded(b []byte) []byte {
	b = appendUvarint(b, uint64(len(t.added)))
	previous := int32(-1)
	for _, a := range t.added {
		v := uint64(a.id-previous-1) << 1
		if a.special {
			v |= 1
		}
		b = appendUvarint(b, v)
		previous = a.id
	}
	return b
}

// planes is the number of bytes of an id, given the number of tokens.
func planes(tokens int) int {
	if tokens <= 1<<16 {
		return 2
	}
	return 3
}

// literals returns, ascending, the tokens that no merge makes, and those that a
// merge needs before another one makes them.
func (m *bytePairs) literals() []int32 {
	made := make([]bool, m.count())
	literal := make([]bool, m.count())
	for _, m := range m.merges.list {
		for _, side := range [2]uint32{m.left, m.right} {
			if !made[side] {
				literal[side] = true
			}
		}
		made[m.result] = true
	}
	var ids []int32
	for id := range m.count() {
		if literal[id] || !made[id] {
			ids = append(ids, int32(id))
		}
	}
	return ids
}
