package service

import (
	"errors"
	"sync"

	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

const (
	modelDir      = "model/"
	modelManifest = 4 << 20

	// fetches is how many chunks are under way at once: enough to hide the
	// latency of a cache, few enough for the buffers to stay small beside the
	// weights (a chunk has at most 4 MiB).
	fetches = 2
)

// modelState is how far the model is loaded.
type modelState struct {
	mu       sync.Mutex // guards the fields for the fetches of one request
	hash     string     // modeldir.Identity, "" before the manifest is there
	have     []bool     // chunks in kernel memory
	bytes    int        // of these chunks
	finished bool
}

// loadModel brings manifest, weights and tokenizer to the engine. What an
// earlier attempt loaded stays loaded.
func (s *Service) loadModel(progress func()) error {
	if err := s.loadManifest(); err != nil {
		return err
	}
	progress()
	if err := s.loadWeights(progress); err != nil {
		return err
	}
	file := s.engine.Manifest().Tokenizer
	tokens, err := s.host.File(modelDir+file.FileName(), file.SHA256, file.Bytes)
	if err != nil {
		return err
	}
	s.run.Lock()
	defer s.run.Unlock()
	if s.model.finished {
		return nil
	}
	if err := s.engine.SetTokenizer(tokens); err != nil {
		return err
	}
	s.model.finished = true
	return nil
}

func (s *Service) loadManifest() error {
	if s.model.hash != "" {
		return nil
	}
	text, err := s.host.Manifest(modelDir+model.FileName, modelManifest)
	if err != nil {
		return err
	}
	s.run.Lock()
	defer s.run.Unlock()
	if s.model.hash != "" {
		return nil
	}
	if _, err := s.engine.SetManifest(text); err != nil {
		return err
	}
	s.model.hash = modeldir.Identity(text)
	s.model.have = make([]bool, len(s.engine.Manifest().Weights.Chunks))
	return nil
}

// loadWeights fetches the chunks that are missing, several at once, and returns
// the first error after the last fetch under way has ended.
func (s *Service) loadWeights(progress func()) error {
	var (
		m       = &s.model
		chunks  = s.engine.Manifest().Weights.Chunks
		wait    sync.WaitGroup
		next    int
		at      = s.engine.Weights()
		failure error
	)
	fetch := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for failure == nil && next < len(chunks) {
			i, chunk, p := next, chunks[next], at
			next, at = next+1, at.Add(chunk.Bytes)
			if m.have[i] {
				continue
			}
			m.mu.Unlock()
			err := s.host.Weights(p, modelDir+chunk.FileName(), chunk.SHA256, chunk.Bytes)
			m.mu.Lock()
			switch {
			case err == nil && !m.have[i]:
				m.have[i] = true
				m.bytes += chunk.Bytes
				progress()
			case err != nil && failure == nil:
				failure = err
			}
		}
	}
	for range fetches {
		wait.Go(fetch)
	}
	wait.Wait()
	return failure
}

// errOtherModel is the error of vectors that do not fit the model.
var errOtherModel = errors.New("index/index.json: its vectors were made with another model than model/model.json; index again with this model or deploy the model that the index was built with")
