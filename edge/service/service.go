// Package service answers HTTP requests from one model package and one search
// bundle. It is the worker without its JavaScript runtime: the worker brings the
// SIMD kernels and a [Host] of promises, tests bring reference kernels and a folder.
//
// # Blocking
//
// An edge runtime ties every stream, timer and promise to the request that made
// it, and a request that waits for another one's is refused or hangs. Code here
// therefore blocks only in calls of [Host], which complete within their own
// request, and never on a channel or lock that another request must release.
package service

import (
	"net/http"
	"sync"
	"time"

	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/kernel"
)

// Host gives a service what lies outside it. Calls block the calling request
// only. Errors are complete sentences for a client: file, problem, remedy.
type Host interface {
	// Manifest returns the content of a manifest of at most limit bytes.
	Manifest(path string, limit int) ([]byte, error)
	// File returns the content of path after checking its size and SHA-256.
	File(path, sha256 string, size int) ([]byte, error)
	// Weights is File with the kernels' memory at p as destination; nothing
	// is written there before the check.
	Weights(p kernel.Ptr, path, sha256 string, size int) error
	// Pause lets other requests run for about d, or once around for 0.
	Pause(d time.Duration)
	// Background runs task once the present request has been answered.
	Background(task func())
	// Memory returns how many bytes are in use.
	Memory() Memory
}

// Memory is what a worker takes of its limit, in bytes.
type Memory struct {
	Kernels int `json:"kernels"` // weights, activations and vectors
	Program int `json:"program"` // the Go program with index and passages
}

// Service is an http.Handler. Everything is loaded on first use: keyword search
// needs only the keyword index and the passages, embeddings only the model.
type Service struct {
	host    Host
	kernels kernel.Kernels
	run     sync.Mutex // guards engine; never held during a call of host
	engine  *engine.Engine

	index, vectors, encoder *load

	bundle bundleState
	model  modelState
}

// New returns a service that has loaded nothing yet.
func New(k kernel.Kernels, host Host) *Service {
	s := &Service{host: host, kernels: k, engine: engine.New(k)}
	s.index = newLoad(host, s.loadIndex)
	s.vectors = newLoad(host, s.loadVectors)
	s.encoder = newLoad(host, s.loadModel)
	return s
}

// ServeHTTP routes a request. No request, however odd, panics or ends without
// an answer.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			fail(w, http.StatusInternalServerError, "internal", "", "the worker failed on this request; please report it")
			println("effir: panic while answering", r.Method, r.URL.Path)
		}
	}()
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions {
		preflight(header)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	switch r.URL.Path {
	case "/search":
		s.only(http.MethodGet, s.search)(w, r)
	case "/v1/embeddings":
		s.only(http.MethodPost, s.embeddings)(w, r)
	case "/health":
		s.only(http.MethodGet, s.health)(w, r)
	default:
		fail(w, http.StatusNotFound, "not_found", "", "there is nothing here; the worker answers GET /search?q=, POST /v1/embeddings and GET /health")
	}
}

// only refuses other methods than the given one.
func (s *Service) only(method string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
			next(w, r)
			return
		}
		w.Header().Set("Allow", method+", OPTIONS")
		fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "", r.URL.Path+" takes "+method)
	}
}

// preflight allows browsers of any origin to call the worker. The star does not
// cover Authorization, which is therefore named.
func preflight(header http.Header) {
	header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
	header.Set("Access-Control-Allow-Headers", "Authorization, *")
	header.Set("Access-Control-Max-Age", "86400")
}
