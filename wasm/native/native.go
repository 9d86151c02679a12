// Package native embeds texts in the calling process, on all cores, with the
// fastest kernels that its CPU has. The vectors equal those of every other host
// bit by bit.
package native

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Options of Open. The zero value is right for most programs.
type Options struct {
	// Workers is the number of goroutines that compute. Default: one a CPU.
	Workers int

	// BatchTokens bounds the tokens that one worker computes at once. Default
	// 512: more gains little and takes more scratch memory.
	BatchTokens int

	// Kernels to compute with. Default: the fastest that this CPU runs.
	Kernels kernel.Kernels
}

// Encoder is a model in this process. It is safe for concurrent use.
type Encoder struct {
	manifest *model.Manifest
	kernels  kernel.Kernels
	encoder  *encoder.Encoder
	sessions chan *encoder.Session
}

// Open loads a model package.
func Open(dir fs.FS, o Options) (*Encoder, error) {
	m, _, err := modeldir.Open(dir)
	if err != nil {
		return nil, err
	}
	k := o.Kernels
	if k == nil {
		if k, err = native.Open(); err != nil {
			return nil, err
		}
	}
	weights, err := modeldir.Load(dir, m, k)
	if err != nil {
		return nil, err
	}
	e := &Encoder{manifest: m, kernels: k}
	return e, e.start(dir, weights, o)
}

// start reads the tokenizer and makes the workers' sessions.
func (e *Encoder) start(dir fs.FS, weights kernel.Ptr, o Options) error {
	tokens, err := modeldir.Tokenizer(dir, e.manifest)
	if err != nil {
		return err
	}
	if e.encoder, err = encoder.New(e.kernels, e.manifest, weights, tokens); err != nil {
		return err
	}
	workers, capacity := o.Workers, o.BatchTokens
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if capacity == 0 {
		capacity = 512
	}
	e.sessions = make(chan *encoder.Session, workers)
	for range workers {
		s, err := e.encoder.NewSession(capacity)
		if err != nil {
			return err
		}
		e.sessions <- s
	}
	return nil
}

// Manifest describes the model.
func (e *Encoder) Manifest() *model.Manifest { return e.manifest }

// KernelName says which kernels compute.
func (e *Encoder) KernelName() string { return e.kernels.Name() }

// Dims returns the length of an embedding.
func (e *Encoder) Dims() int { return e.encoder.Dims() }

// EmbedOne returns the embedding of one text.
func (e *Encoder) EmbedOne(text string, kind encoder.Kind) ([]float32, error) {
	s := <-e.sessions
	defer func() { e.sessions <- s }()
	out := make([]float32, e.Dims())
	_, err := s.Embed(out, text, kind)
	return out, err
}

// batch is a run of texts, by index, that one worker computes at once.
type batch struct {
	texts []int
	ids   []int32
	sizes []int
}

// Embed returns the embeddings of texts, nil for a text without tokens. Texts of
// similar length are computed together; done (which may be nil) is told after
// each batch how many texts are finished, in no particular order of texts.
func (e *Encoder) Embed(ctx context.Context, texts []string, kind encoder.Kind, done func(texts, tokens int)) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	batches, err := e.batches(texts, kind)
	if err != nil {
		return nil, err
	}
	var (
		mu                  sync.Mutex
		next, count, tokens int
		wait                sync.WaitGroup
		failure             error
	)
	take := func() (batch, bool) {
		mu.Lock()
		defer mu.Unlock()
		if failure == nil {
			failure = ctx.Err()
		}
		if failure != nil || next == len(batches) {
			return batch{}, false
		}
		next++
		return batches[next-1], true
	}
	work := func() {
		s := <-e.sessions
		defer func() { e.sessions <- s }()
		for b, ok := take(); ok; b, ok = take() {
			out := make([]float32, len(b.texts)*e.Dims())
			err := s.EmbedTokens(out, b.ids, b.sizes)
			mu.Lock()
			for i, text := range b.texts {
				vectors[text] = out[i*e.Dims():][:e.Dims():e.Dims()]
			}
			failure = errors.Join(failure, err)
			count, tokens = count+len(b.texts), tokens+len(b.ids)
			if done != nil {
				done(count, tokens)
			}
			mu.Unlock()
		}
	}
	for range cap(e.sessions) {
		wait.Go(work)
	}
	wait.Wait()
	return vectors, failure
}

// batches tokenizes texts, on all workers, and fills batches with texts in order
// of length, the longest first: short ones at the end keep all workers busy until
// then. There are several batches for each worker if the texts allow.
func (e *Encoder) batches(texts []string, kind encoder.Kind) ([]batch, error) {
	ids, err := e.tokens(texts, kind)
	if err != nil {
		return nil, err
	}
	var order []int
	total := 0
	for i, list := range ids {
		if len(list) > 0 {
			order, total = append(order, i), total+len(list)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(ids[b]) - len(ids[a]) })
	s := <-e.sessions
	capacity := s.Capacity()
	e.sessions <- s
	capacity = min(capacity, max(leastBatch, total/(shares*cap(e.sessions))))
	var list []batch
	room := 0
	for _, i := range order {
		if room < len(ids[i]) {
			list, room = append(list, batch{}), max(capacity, len(ids[i]))
		}
		b := &list[len(list)-1]
		b.texts, b.ids, b.sizes = append(b.texts, i), append(b.ids, ids[i]...), append(b.sizes, len(ids[i]))
		room -= len(ids[i])
	}
	return list, nil
}

const (
	// shares is how many batches a worker has at least where there are few texts:
	// so many that one more or less matters little.
	shares = 8
	// leastBatch is the tokens with which products reach their full rate.
	leastBatch = 128
)

// tokens returns the ids of each text, none for one without tokens.
func (e *Encoder) tokens(texts []string, kind encoder.Kind) ([][]int32, error) {
	ids := make([][]int32, len(texts))
	workers := min(cap(e.sessions), len(texts))
	failures := make([]error, workers)
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			for i := worker; i < len(texts); i += workers {
				var err error
				ids[i], err = e.encoder.Tokens(nil, texts[i], kind)
				if err != nil && !errors.Is(err, encoder.ErrEmpty) {
					failures[worker] = err
					return
				}
			}
		})
	}
	wait.Wait()
	return ids, errors.Join(failures...)
}

// Tokens returns the token ids that the model sees for a text.
func (e *Encoder) Tokens(text string, kind encoder.Kind) ([]int32, error) {
	return e.encoder.Tokens(nil, text, kind)
}
