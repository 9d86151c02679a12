package serve

import (
	"encoding/json"
	"net/http"
)

// policy lets the page run its own scripts, compile WebAssembly and talk to its
// own server, and nothing else.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secured sets the headers that every answer has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// status answers how far indexing is.
func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	progress := Progress{Done: true}
	if s.options.Progress != nil {
		progress = s.options.Progress()
	}
	w.Header().Set("Content-Type", mimeTypes[".json"])
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(progress) // a client that left needs no answer
}
