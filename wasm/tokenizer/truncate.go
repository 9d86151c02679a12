//go:build !wasm

package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// TruncateMerges makes a smaller tokenizer.json of a BPE one: of the merges only
// the first n stay, and of the tokens those that the other merges make are
// dropped, unless they are added tokens or a merge that stays names them. The
// tokens that stay keep their order and get the ids 0, 1, 2 and so on; kept[i] is
// what the id i was before, so the new embedding table has the rows kept of the
// old one. Everything else in the file stays as it is, but for the ids in
// post_processor and padding.
//
// A file that ParseJSON refuses is an error, and so is n below 0 or above the
// number of merges.
func TruncateMerges(file []byte, n int) (truncated []byte, kept []int32, err error) {
	t, err := ParseJSON(file)
	if err != nil {
		return nil, nil, err
	}
	m, ok := t.model.(*bytePairs)
	if !ok {
		return nil, nil, refuse("model.type", "must be BPE to have merges")
	}
	if n < 0 || n > len(m.merges.list) {
		return nil, nil, errors.New("tokenizer: cannot keep " + strconv.Itoa(n) + " of " +
			strconv.Itoa(len(m.merges.list)) + " merges: choose a number from 0 to that")
	}
	drop := make([]bool, t.Len())
	for _, merge := range m.merges.list[n:] {
		drop[merge.result] = true
	}
	for _, merge := range m.merges.list[:n] {
		drop[merge.left], drop[merge.right], drop[merge.result] = false, false, false
	}
	for _, a := range t.added {
		drop[a.id] = false
	}
	return cutFile(file, drop, n)
}

// DropTokens makes a smaller tokenizer.json of a WordPiece one, without the
// tokens for which drop returns true ("[unused7]", say); kept is as for
// TruncateMerges. Added tokens and the unknown token stay.
func DropTokens(file []byte, drop func(token string) bool) (truncated []byte, kept []int32, err error) {
	t, err := ParseJSON(file)
	if err != nil {
		return nil, nil, err
	}
	p, ok := t.model.(*wordPiece)
	if !ok {
		return nil, nil, refuse("model.type", "must be WordPiece to drop tokens")
	}
	dropped := make([]bool, t.Len())
	for id := range dropped {
		dropped[id] = drop(t.token(int32(id)))
	}
	dropped[p.unknown] = false
	for _, a := range t.added {
		dropped[a.id] = false
	}
	return cutFile(file, dropped, 0)
}

// cutFile writes a tokenizer.json without the tokens to drop and, if it has
// merges, with the first n only.
func cutFile(file []byte, drop []bool, n int) (cut []byte, kept []int32, err error) {
	r := renumbering{ids: make([]int32, len(drop))}
	for id := range drop {
		r.ids[id] = -1
		if !drop[id] {
			r.ids[id] = int32(len(kept))
			kept = append(kept, int32(id))
		}
	}
	var f map[string]any
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber()
	if err := decoder.Decode(&f); err != nil {
		return nil, nil, errors.New("tokenizer: tokenizer.json: " + err.Error())
	}
	r.model(f["model"], n)
	r.addedTokens(f["added_tokens"])
	r.padding(f["padding"])
	r.postProcessor(f["post_processor"])
	if r.err != nil {
		return nil, nil, r.err
	}
	if cut, err = json.Marshal(f); err != nil {
		return nil, nil, err
	}
	if _, err := ParseJSON(cut); err != nil {
		return nil, nil, err
	}
	return cut, kept, nil
}
