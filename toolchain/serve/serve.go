// Package serve is the HTTP server of the demo: its pages and their scripts, the
// runtime's modules, a model package, a search bundle, and how far indexing is. Everything below it works as plain static hosting too; only
// status.json is made by the program.
package serve

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"
)

// DefaultAddress is on the loopback interface: what is indexed stays private
// until somebody chooses another address.
const DefaultAddress = "127.0.0.1:8787"

const (
	headerTimeout   = 10 * time.Second
	shutdownTimeout = 5 * time.Second
)

// Options say what to serve. A nil field answers 404.
type Options struct {
	// Page holds the pages and their scripts, at the root. See web.Build.
	Page fs.FS
	// Modules holds guest.wasm, kernels_baseline.wasm and kernels_relaxed.wasm.
	Modules fs.FS
	// Model is a model package, served below /model/.
	Model fs.FS
	// Index is a search bundle, served below /index/. Its manifest may be
	// replaced at any time, as long as the files that it names are there.
	Index fs.FS
	// Progress says how far indexing is; it is called for each request of
	// /status.json and must be safe for concurrent use. Nil means all is done.
	Progress func() Progress
}

// Progress of indexing, as /status.json gives it.
type Progress struct {
	Passages int    `json:"passages"`
	Embedded int    `json:"embedded"`
	Done     bool   `json:"done"`
	Error    string `json:"error,omitempty"`
}

// Server serves one page.
type Server struct {
	options Options
	cache   bodyCache
}

// New returns a server of what the options name.
func New(options Options) *Server { return &Server{options: options} }

// Handler answers GET and HEAD requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status.json", s.status)
	mux.Handle("GET /model/{file}", s.files(s.options.Model, packageFile("model.json", "pages.json")))
	mux.Handle("GET /index/{file}", s.files(s.options.Index, packageFile("index.json")))
	mux.Handle("GET /{file}", s.files(s.overlay(), rootFile))
	mux.Handle("GET /{$}", s.files(s.options.Page, func(*http.Request) string { return "index.html" }))
	return secured(mux)
}

// Run listens on address (empty: DefaultAddress), calls ready with the URL to
// open, and serves until ctx ends; open requests then get a few seconds.
func (s *Server) Run(ctx context.Context, address string, ready func(url string)) error {
	if address == "" {
		address = DefaultAddress
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTimeout}
	if ready != nil {
		ready("http://" + reachable(listener.Addr()) + "/")
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// reachable returns an address that a browser on this machine can open: browsers
// give the features that the page needs to secure origins and to localhost.
func reachable(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
