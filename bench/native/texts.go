package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// texts are documents and queries with the token ids that a model sees of them. All systems of a model
// get the same ids, the peers ready-made.
type texts struct {
	list    []string
	ids     [][]int32
	queries map[int][]int // by their number of tokens, indices into list
}

// passageWords is the length at which the documentation is split: about a hundred tokens a passage.
const passageWords = 100

// queryTokens are the lengths of queries, special tokens included; queriesEach of each are measured.
var queryTokens = []int{16, 128}

const queriesEach = 8

// passages reads the documentation of the installed Go.
func passages(ctx context.Context) ([]string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w; the documents are those of an installed Go", err)
	}
	list, err := corpus.GoDoc(ctx, strings.TrimSpace(string(root)), corpus.GoDocOptions{MaxWords: passageWords})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, p := range list {
		all = append(all, p.EmbedText(0))
	}
	return all, nil
}

// documents is how many documents a model's runs choose from.
const documents = 2048

// newTexts spreads documents over all passages, and cuts queries from some.
func newTexts(passages []string, e *native.Encoder) (*texts, error) {
	t := &texts{queries: map[int][]int{}}
	for i := range min(documents, len(passages)) {
		text := passages[i*len(passages)/min(documents, len(passages))]
		if err := t.add(text, e, encoder.Passage); err != nil {
			return nil, err
		}
	}
	for _, n := range queryTokens {
		for _, text := range passages {
			query, ok := cut(text, n, e)
			if !ok {
				continue
			}
			t.queries[n] = append(t.queries[n], len(t.list))
			if err := t.add(query, e, encoder.Query); err != nil {
				return nil, err
			}
			if len(t.queries[n]) == queriesEach {
				break
			}
		}
		if len(t.queries[n]) < queriesEach {
			return nil, fmt.Errorf("the documents have less than %d passages of %d tokens", queriesEach, n)
		}
	}
	return t, nil
}

func (t *texts) add(text string, e *native.Encoder, kind encoder.Kind) error {
	ids, err := e.Tokens(text, kind)
	if err != nil && !errors.Is(err, encoder.ErrEmpty) {
		return err
	}
	t.list, t.ids = append(t.list, text), append(t.ids, ids)
	return nil
}

// cut returns as many words of a text as have n tokens.
func cut(text string, n int, e *native.Encoder) (string, bool) {
	words := strings.Fields(text)
	for i := range words {
		start := strings.Join(words[:i+1], " ")
		ids, err := e.Tokens(start, encoder.Query)
		if err != nil || len(ids) > n {
			return "", false
		}
		if len(ids) == n {
			return start, true
		}
	}
	return "", false
}

// spread returns n documents, evenly spaced, and their tokens.
func (t *texts) spread(n int) (rows []int, tokens int) {
	count := len(t.list) - len(queryTokens)*queriesEach
	n = min(n, count)
	for i := range n {
		row := i * count / n
		rows, tokens = append(rows, row), tokens+len(t.ids[row])
	}
	return rows, tokens
}
