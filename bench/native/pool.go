package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/effir/effir/bench/peer"
)

// setting is how a peer computes: with which weights, as how many processes or contexts, each with
// how many threads.
type setting struct {
	script  string
	weights string // file
	format  string // of the weights, for people
	threads int    // of one process (onnxruntime) or context (llama.cpp)
	copies  int    // processes or contexts
	batch   int    // texts that onnxruntime computes at once
}

func (s setting) String() string { return s.format + ", " + s.how() }

// how is the setting without the format.
func (s setting) how() string {
	text := strconv.Itoa(s.copies) + " x " + strconv.Itoa(s.threads) + " threads"
	if s.batch > 0 {
		text += ", " + strconv.Itoa(s.batch) + " texts at once"
	}
	return text
}

// pool starts the processes that settings need and keeps them, since settings share them.
type pool struct {
	dir    string
	peers  map[processes][]*peer.Process
	others []*peer.Process // that no setting asks for
}

// processes are what settings share.
type processes struct {
	script, weights   string
	threads, contexts int
}

// processes returns the kind of processes that a setting runs in, and how many: one for each copy of
// onnxruntime, one with all contexts of llama.cpp.
func (s setting) processes() (kind processes, count int) {
	if s.script == llamaScript {
		return processes{s.script, s.weights, s.threads, s.copies}, 1
	}
	return processes{s.script, s.weights, s.threads, 1}, s.copies
}

func newPool(dir string) *pool { return &pool{dir: dir, peers: map[processes][]*peer.Process{}} }

const (
	onnxScript  = "onnxruntime.mjs"
	llamaScript = "llamacpp.mjs"
)

// open returns the processes of a setting. ids are all texts that they will be asked for.
func (p *pool) open(ctx context.Context, s setting, ids [][]int32) ([]*peer.Process, error) {
	key, count := s.processes()
	for len(p.peers[key]) < count {
		// Node's own threads run what blocks: each context needs one of them.
		new, err := peer.Start(ctx, p.dir, s.script, "UV_THREADPOOL_SIZE="+strconv.Itoa(key.contexts+2))
		if err != nil {
			return nil, err
		}
		p.peers[key] = append(p.peers[key], new)
		arguments := map[string]any{"weights": s.weights, "threads": s.threads, "contexts": key.contexts, "ids": ids}
		if err := new.Ask("open", arguments, nil); err != nil {
			return nil, err
		}
	}
	return p.peers[key][:count], nil
}

// keepOnly ends the processes that none of the settings needs.
func (p *pool) keepOnly(settings []setting) {
	need := map[processes]int{}
	for _, s := range settings {
		key, count := s.processes()
		need[key] = max(need[key], count)
	}
	for key, list := range p.peers {
		for _, old := range list[min(need[key], len(list)):] {
			old.Close()
		}
		p.peers[key] = list[:min(need[key], len(list))]
	}
}

func (p *pool) close() {
	for _, list := range append(slices.Collect(maps.Values(p.peers)), p.others) {
		for _, one := range list {
			one.Close()
		}
	}
	clear(p.peers)
	p.others = nil
}
