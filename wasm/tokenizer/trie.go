package tokenizer

import "errors"

var errDuplicate = errors.New("tokenizer: two tokens have the same text")

// trie holds the added tokens, to be found in text in one pass per starting byte. The zero
// value is empty.
type trie struct {
	root  [256]int32 // node of each first byte, 0: none
	nodes []trieNode // node 0 is not used
}

// trieNode is one byte of a token, after those of its parents.
type trieNode struct {
	child, sibling int32 // 0: none
	id             int32 // of the token that ends here, or -1
	char           byte
}

// insert adds a token; a token of the same text is an error.
func (t *trie) insert(token string, id int32) error {
	if len(t.nodes) == 0 {
		t.nodes = append(t.nodes, trieNode{})
	}
	at := t.root[token[0]]
	if at == 0 {
		at = t.add(token[0], 0)
		t.root[token[0]] = at
	}
	for i := 1; i < len(token); i++ {
		child := t.step(at, token[i])
		if child == 0 {
			child = t.add(token[i], t.nodes[at].child)
			t.nodes[at].child = child
		}
		at = child
	}
	if t.nodes[at].id >= 0 {
		return errDuplicate
	}
	t.nodes[at].id = id
	return nil
}

func (t *trie) add(char byte, sibling int32) int32 {
	t.nodes = append(t.nodes, trieNode{sibling: sibling, id: -1, char: char})
	return int32(len(t.nodes) - 1)
}

func (t *trie) step(at int32, char byte) int32 {
	at = t.nodes[at].child
	for at != 0 && t.nodes[at].char != char {
		at = t.nodes[at].sibling
	}
	return at
}

// find returns the leftmost, and there the longest, token in text: its id and
// where it begins and ends. If there is none, id is -1 and start len(text).
func (t *trie) find(text string) (id int32, start, end int) {
	id = -1
	for start = 0; start < len(text); start++ {
		at := t.root[text[start]]
		for i := start + 1; at != 0; i++ {
			if found := t.nodes[at].id; found >= 0 {
				id, end = found, i
			}
			if i == len(text) {
				break
			}
			at = t.step(at, text[i])
		}
		if id >= 0 {
			return id, start, end
		}
	}
	return -1, start, start
}
