package finetune

import (
	"errors"
	"fmt"
)

// feed hands out the batches from a place on; the next chunk is made while the
// current one is trained on.
type feed struct {
	at      cursor
	current []batch
	ahead   chan made
	done    chan struct{}
}

// made is a chunk that was made ahead.
type made struct {
	at      cursor
	batches []batch
	last    bool
	err     error
}

// from starts at a cursor. Call stop after use.
func (s *stream) from(at cursor) *feed {
	f := &feed{at: at, ahead: make(chan made, 1), done: make(chan struct{})}
	go s.makeChunks(cursor{Epoch: at.Epoch, Chunk: at.Chunk}, f)
	return f
}

func (s *stream) makeChunks(at cursor, f *feed) {
	empty := 0
	for {
		m := made{at: at}
		m.batches, m.err = s.chunk(at.Epoch, at.Chunk)
		m.last = (at.Chunk+1)*chunkPairs >= len(s.order)
		if empty++; len(m.batches) > 0 {
			empty = 0
		}
		if empty > 1000 && m.err == nil {
			m.err = errors.New("the data gives no text with a token in it: empty texts, or weights so small that no pair is ever drawn")
		}
		select {
		case f.ahead <- m:
		case <-f.done:
			return
		}
		if m.err != nil {
			return
		}
		if at.Chunk++; m.last {
			at = cursor{Epoch: at.Epoch + 1}
		}
	}
}

func (f *feed) stop() { close(f.done) }

// next returns a batch and the place behind it.
func (f *feed) next() (batch, cursor, error) {
	for f.current == nil || f.at.Batch >= len(f.current) {
		m := <-f.ahead
		if m.err != nil {
			return batch{}, cursor{}, m.err
		}
		f.current = m.batches
		if m.at.Epoch != f.at.Epoch || m.at.Chunk != f.at.Chunk {
			f.at = m.at
		}
		if f.current == nil {
			f.current = []batch{}
		}
	}
	b := f.current[f.at.Batch]
	f.at.Batch++
	return b, f.at, nil
}

// shape names the sizes of a batch, one program each.
func (b batch) shape() string {
	text := ""
	for i, block := range b.blocks {
		if i > 0 {
			text += " + "
		}
		text += fmt.Sprintf("%d x %d", block.padded[0].rows, block.padded[0].length)
		if n := block.padded[1].length; n > 0 {
			text += fmt.Sprintf(" (teacher %d)", n)
		}
	}
	return text
}
