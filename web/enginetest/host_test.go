package enginetest

import (
	"bytes"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
)

const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"

// host is a static web server that can behave as bad ones do. Each has an origin
// of its own, hence an empty storage in any browser. Before each HTML page's own
// head it loads the scripts of the tests.
type host struct {
	t       *testing.T
	address string
	server  *http.Server

	mu       sync.Mutex
	layers   []fs.FS // the first that has a file counts
	faults   []*fault
	requests []request
}

// request is what was asked of the host, and how it was answered.
type request struct {
	path  string
	rang  string // header Range
	bytes int64  // of the body, as far as it was sent
}

// fault is how the host answers requests for paths that match a pattern, so many
// times; -1: for ever.
type fault struct {
	pattern string // as path.Match
	times   int
	answer  manner
}

// manner answers a request for content.
type manner func(w http.ResponseWriter, r *http.Request, content []byte)

func newHost(t *testing.T, layers ...fs.FS) *host {
	h := &host{t: t, address: "127.0.0.1:0", layers: layers}
	h.up()
	t.Cleanup(h.down)
	return h
}

// url returns the address of a path.
func (h *host) url(path string) string { return "http://" + h.address + path }

// up begins to listen, at the same address as before.
func (h *host) up() {
	h.t.Helper()
	var listener net.Listener
	var err error
	for range 50 {
		if listener, err = net.Listen("tcp", h.address); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.address = listener.Addr().String()
	h.server = &http.Server{Handler: h}
	go h.server.Serve(listener)
}

// down refuses connections from now on and ends those that are open.
func (h *host) down() { _ = h.server.Close() }

// publish puts files over those that were there.
func (h *host) publish(layers ...fs.FS) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.layers = layers
}

// fail makes requests for a pattern fail in a manner, so many times (-1: always).
func (h *host) fail(pattern string, times int, answer manner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &fault{pattern, times, answer})
}

// heal ends all faults.
func (h *host) heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = nil
}

// log returns the requests for a pattern since the last call of forget.
func (h *host) log(pattern string) []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []request
	for _, r := range h.requests {
		if matches(pattern, r.path) {
			list = append(list, r)
		}
	}
	return list
}

// sent returns how many bytes went out for a pattern since the last call of forget.
func (h *host) sent(pattern string) (bytes int64) {
	for _, r := range h.log(pattern) {
		bytes += r.bytes
	}
	return bytes
}

func (h *host) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = nil
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	content, answer := h.find(name)
	counted := &countingWriter{ResponseWriter: w}
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.requests = append(h.requests, request{name, r.Header.Get("Range"), counted.n})
	}()
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-cache")
	if path.Ext(name) == ".bin" {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if path.Base(name) == "sw.js" {
		header.Set("Service-Worker-Allowed", "/")
	}
	if content == nil {
		http.NotFound(counted, r)
		return
	}
	if kind := types[path.Ext(name)]; kind != "" {
		header.Set("Content-Type", kind)
	}
	answer(counted, r, content)
}

// types are those of a server of today, whatever this machine's are.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json",
	".wasm": "application/wasm", ".bin": "application/octet-stream",
}

// find returns a file, nil if there is none, and the manner in which it is served now.
func (h *host) find(name string) ([]byte, manner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var content []byte
	for _, layer := range h.layers {
		if text, err := fs.ReadFile(layer, strings.TrimPrefix(name, "/")); err == nil {
			content = text
			break
		}
	}
	switch {
	case content == nil:
	case path.Base(name) == "worker.js":
		content = append([]byte(workerWatch), content...)
	case path.Ext(name) == ".html":
		content = bytes.Replace(content, []byte("<meta charset"), []byte(testScripts+"<meta charset"), 1)
	}
	for _, f := range h.faults {
		if f.times != 0 && matches(f.pattern, name) {
			f.times--
			return content, f.answer
		}
	}
	return content, well
}

// workerWatch tells the page, see page/watch.ts, what nobody catches in a worker.
const workerWatch = `addEventListener("unhandledrejection", ({ reason }) => new BroadcastChannel("problems").postMessage("in the worker: " + String(reason?.stack ?? reason)));
`

const testScripts = `<script src="/watch.js"></script><script type="module" src="/harness.js"></script>`

// well is how a good server answers.
func well(w http.ResponseWriter, r *http.Request, content []byte) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// missing says that there is no such file.
func missing(w http.ResponseWriter, r *http.Request, _ []byte) { http.NotFound(w, r) }

// wrong serves other bytes, of the same length.
func wrong(w http.ResponseWriter, r *http.Request, content []byte) {
	other := bytes.Clone(content)
	for i := 0; i < len(other); i += 1000 {
		other[i] ^= 1
	}
	well(w, r, other)
}

// whole knows no Range.
func whole(w http.ResponseWriter, r *http.Request, content []byte) {
	r.Header.Del("Range")
	well(w, r, content)
}

// stuck never answers.
func stuck(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }

// instead serves another file, as servers of single-page applications do.
func instead(layer fs.FS, name string) manner {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) { well(w, r, must(fs.ReadFile(layer, name))) }
}

// before puts a line before a script.
func before(line string) manner {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		well(w, r, append([]byte(line+"\n"), content...))
	}
}

// cut ends the connection after so many bytes of the body.
func cut(after int) manner {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		well(&cuttingWriter{w, after}, r, content)
	}
}

// slow sends so many bytes a second.
func slow(rate int) manner {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		well(&slowWriter{w, r, rate}, r, content)
	}
}

type countingWriter struct {
	http.ResponseWriter
	n int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type cuttingWriter struct {
	http.ResponseWriter
	left int
}

func (w *cuttingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	if w.left -= n; w.left <= 0 && err == nil {
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		time.Sleep(200 * time.Millisecond) // browsers forget what they have received but not yet handed on
		panic(http.ErrAbortHandler)
	}
	return n, err
}

type slowWriter struct {
	http.ResponseWriter
	r    *http.Request
	rate int
}

func (w *slowWriter) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		n, err := w.ResponseWriter.Write(p[sent:min(len(p), sent+max(1, w.rate/50))])
		if sent += n; err != nil {
			return sent, err
		}
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		select {
		case <-w.r.Context().Done():
			return sent, w.r.Context().Err()
		case <-time.After(time.Duration(n) * time.Second / time.Duration(w.rate)):
		}
	}
	return sent, nil
}

// files is a layer of single files.
type files map[string][]byte

func (f files) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: os.ErrInvalid}
}

// ReadFile implements fs.ReadFileFS.
func (f files) ReadFile(name string) ([]byte, error) {
	if content, ok := f[name]; ok {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
