package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/effir/effir/bench/peer"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/index/scan"
	"github.com/effir/effir/wasm/kernel/native"
)

// answer is what a system found for some queries, and the milliseconds of each.
type answer struct {
	Found [][]int   `json:"found"`
	Times []float64 `json:"times"`
}

// system is one way to search.
type system interface {
	// build makes the index and returns the seconds that it took; progress is told the rows done.
	build(ctx context.Context, progress func(done, total int)) (float64, error)
	// efforts that a search may make, ascending; nil if there is no choice.
	efforts() []int
	// tune sets the effort of what follows.
	tune(effort int) error
	// search answers queries from first on.
	search(first, count int) (answer, error)
}

// The settings of graphs: those of hnswlib's documentation for high recall, with half of its effort in
// construction, which changed the recall of no search here and halves the minutes.
const (
	connections    = 16
	efConstruction = 100
	chunk          = 2000 // rows at a time
)

// searchEfforts are the lengths of a graph search's list of candidates.
var searchEfforts = []int{10, 20, 40, 80, 160, 320, 640, 1280}

// inPage is a system of the page.
type inPage struct {
	page       *page
	name       string
	parameters map[string]int
	tunable    bool
	rows       int
	effort     int
}

func (s *inPage) build(ctx context.Context, progress func(done, total int)) (float64, error) {
	if _, err := call[any](s.page, "open", s.name, s.parameters); err != nil {
		return 0, err
	}
	seconds := 0.0
	for first := 0; first < s.rows; first += chunk {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		took, err := call[float64](s.page, "add", s.name, first, chunk)
		if err != nil {
			return 0, err
		}
		seconds += took / 1000
		progress(min(first+chunk, s.rows), s.rows)
	}
	return seconds, nil
}

func (s *inPage) efforts() []int {
	if !s.tunable {
		return nil
	}
	return searchEfforts
}

func (s *inPage) tune(effort int) error {
	s.effort = effort
	return nil
}

func (s *inPage) search(first, count int) (answer, error) {
	return call[answer](s.page, "search", s.name, nearest, first, count, s.effort)
}

// ours searches in this process, on one core.
type ours struct {
	data     *data
	find     func(query []float32) ([]index.Match, error)
	twoStage bool
	kernels  string
}

func (s *ours) build(_ context.Context, progress func(done, total int)) (float64, error) {
	start := time.Now()
	k, err := native.Open()
	if err != nil {
		return 0, err
	}
	s.kernels = k.Name()
	v := s.data.vectors
	all, err := scan.New(k, v.Dims(), v.Len())
	if err == nil {
		err = all.Set(v)
	}
	if err != nil {
		return 0, err
	}
	searcher := index.NewSearcher(v, all)
	s.find = func(query []float32) ([]index.Match, error) { return searcher.Search(query, nearest) }
	if s.twoStage {
		two, err := scan.NewTwoStage(all, v, 0)
		if err != nil {
			return 0, err
		}
		s.find = func(query []float32) ([]index.Match, error) { return two.Search(query, nearest) }
	}
	progress(v.Len(), v.Len())
	return time.Since(start).Seconds(), nil
}

func (s *ours) efforts() []int { return nil }

func (s *ours) tune(int) error { return errors.New("there is nothing to tune") }

func (s *ours) search(first, count int) (a answer, err error) {
	for _, query := range s.data.queries[first : first+count] {
		start := time.Now()
		found, err := s.find(query)
		if err != nil {
			return a, err
		}
		a.Times = append(a.Times, float64(time.Since(start))/float64(time.Millisecond))
		var rows []int
		for _, m := range found {
			rows = append(rows, m.Doc)
		}
		a.Found = append(a.Found, rows)
	}
	return a, nil
}

// usearch is the graph of usearch, or its search of all rows, in a process of its own.
type usearch struct {
	process *peer.Process
	kind    string // of its numbers: F32, I8
	exact   bool
	rows    int
	file    string
}

// startUsearch starts the process and gives it the data, which it reads from files.
func startUsearch(ctx context.Context, dir, work string, d *data) (*peer.Process, error) {
	vectors, err := d.vectors.MarshalBinary()
	if err != nil {
		return nil, err
	}
	files := map[string]any{}
	for name, content := range map[string][]byte{"vectors": vectors, "queries": d.queryBytes()} {
		path := filepath.Join(work, "index-"+name+".bin")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return nil, err
		}
		files[name] = path
	}
	p, err := peer.Start(ctx, dir, "usearch.mjs")
	if err != nil {
		return nil, err
	}
	if err := p.Ask("load", files, nil); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (s *usearch) settings(effort int) map[string]any {
	return map[string]any{"kind": s.kind, "m": connections, "efConstruction": efConstruction, "efSearch": effort, "path": s.file}
}

// build uses all cores.
func (s *usearch) build(ctx context.Context, progress func(done, total int)) (float64, error) {
	if s.exact {
		return 0, nil
	}
	if err := s.process.Ask("open", s.settings(searchEfforts[0]), nil); err != nil {
		return 0, err
	}
	seconds := 0.0
	for first := 0; first < s.rows; first += chunk {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		var took float64
		add := map[string]any{"first": first, "count": min(chunk, s.rows-first), "threads": runtime.NumCPU()}
		if err := s.process.Ask("add", add, &took); err != nil {
			return 0, err
		}
		seconds += took / 1000
		progress(min(first+chunk, s.rows), s.rows)
	}
	if err := s.process.Ask("save", s.settings(0), nil); err != nil {
		return 0, fmt.Errorf("%s: %w", s.file, err)
	}
	return seconds, nil
}

func (s *usearch) efforts() []int {
	if s.exact {
		return nil
	}
	return searchEfforts
}

func (s *usearch) tune(effort int) error { return s.process.Ask("reopen", s.settings(effort), nil) }

func (s *usearch) search(first, count int) (a answer, err error) {
	err = s.process.Ask("search", map[string]any{"limit": nearest, "first": first, "count": count, "exact": s.exact}, &a)
	return a, err
}
