package main

import (
	"context"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/effir/effir/bench/peer"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// system is EffiR or a peer with one model on a number of cores.
type system interface {
	// embed computes the vectors of documents, given by their indices.
	embed(ctx context.Context, rows []int) error
	// each returns the milliseconds that each of the texts takes alone.
	each(ctx context.Context, rows []int) ([]float64, error)
	// vectors returns what a text becomes, up to its length.
	vectors(ctx context.Context, rows []int) ([][]float32, error)
}

// ours is EffiR.
type ours struct {
	*native.Encoder
	texts *texts
}

func openOurs(pkg fs.FS, workers int) (*native.Encoder, error) {
	return native.Open(pkg, native.Options{Workers: workers})
}

func (o ours) strings(rows []int) []string {
	var list []string
	for _, row := range rows {
		list = append(list, o.texts.list[row])
	}
	return list
}

func (o ours) embed(ctx context.Context, rows []int) error {
	_, err := o.Embed(ctx, o.strings(rows), encoder.Passage, nil)
	return err
}

func (o ours) each(_ context.Context, rows []int) ([]float64, error) {
	var times []float64
	for _, text := range o.strings(rows) {
		start := time.Now()
		if _, err := o.EmbedOne(text, encoder.Query); err != nil {
			return nil, err
		}
		times = append(times, milliseconds(time.Since(start)))
	}
	return times, nil
}

func (o ours) vectors(ctx context.Context, rows []int) ([][]float32, error) {
	return o.Embed(ctx, o.strings(rows), encoder.Passage, nil)
}

// running is a peer with a setting.
type running struct {
	setting
	peers []*peer.Process
	texts *texts
}

func (r running) embed(ctx context.Context, rows []int) error {
	if r.script == llamaScript {
		return r.peers[0].Ask("batch", map[string]any{"rows": rows}, nil)
	}
	return r.share(ctx, r.batches(rows))
}

// batches are texts of similar length, the longest batches first: the short ones at the end keep all
// processes busy until it.
func (r running) batches(rows []int) [][]int {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b int) int { return len(r.texts.ids[b]) - len(r.texts.ids[a]) })
	return slices.Collect(slices.Chunk(sorted, r.batch))
}

// share gives each process the next batch as soon as it is done with one.
func (r running) share(ctx context.Context, batches [][]int) error {
	var (
		mu      sync.Mutex
		wait    sync.WaitGroup
		failure error
	)
	next := func(err error) (batch []int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if failure == nil {
			failure = err
		}
		if failure == nil {
			failure = ctx.Err()
		}
		if failure != nil || len(batches) == 0 {
			return nil, false
		}
		batch, batches = batches[0], batches[1:]
		return batch, true
	}
	for _, p := range r.peers {
		wait.Go(func() {
			var err error
			for batch, ok := next(nil); ok; batch, ok = next(err) {
				err = p.Ask("batch", map[string]any{"rows": batch}, nil)
			}
		})
	}
	wait.Wait()
	return failure
}

func (r running) each(_ context.Context, rows []int) (times []float64, err error) {
	err = r.peers[0].Ask("each", map[string]any{"rows": rows}, &times)
	return times, err
}

func (r running) vectors(_ context.Context, rows []int) (vectors [][]float32, err error) {
	err = r.peers[0].Ask("vectors", map[string]any{"rows": rows}, &vectors)
	return vectors, err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
