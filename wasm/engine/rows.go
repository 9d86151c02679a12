package engine

import (
	"errors"
	"slices"

	"github.com/effir/effir/wasm/encoder"
)

// tokenTable is the tensor of which a text reads only the rows of its tokens.
// Every family has it.
const tokenTable = "embedding"

// Range is a part of the weights image.
type Range struct{ Offset, Bytes int }

// Reads says which parts of the token table one text reads.
type Reads struct {
	Tokens int
	Table  Range
	Rows   []Range // inside Table, ascending, neither overlapping nor adjacent
}

// Reads tells a host that has everything but the token table yet what it must
// put in place before Embed. A text without tokens reads nothing. Rows are valid
// until the next call. Embed of the same text does not tokenize it again.
func (e *Engine) Reads(text string, kind encoder.Kind) (Reads, error) {
	if e.session == nil {
		return Reads{}, ErrNoModel
	}
	table, _ := e.manifest.Tensor(tokenTable)
	ids, err := e.session.Read(text, kind)
	if err != nil && !errors.Is(err, encoder.ErrEmpty) {
		return Reads{}, err
	}
	r := Reads{Tokens: len(ids), Table: Range{table.Offset, table.Bytes}, Rows: e.rows[:0]}
	row := table.Bytes / e.manifest.Vocab()
	e.ids = append(e.ids[:0], ids...)
	slices.Sort(e.ids)
	for _, id := range slices.Compact(e.ids) {
		at := table.Offset + int(id)*row
		if n := len(r.Rows); n > 0 && r.Rows[n-1].Offset+r.Rows[n-1].Bytes == at {
			r.Rows[n-1].Bytes += row
			continue
		}
		r.Rows = append(r.Rows, Range{at, row})
	}
	e.rows = r.Rows
	return r, nil
}
