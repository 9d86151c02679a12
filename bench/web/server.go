package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// server is a host of static files, as site owners have one: it compresses what hosts compress, and lets
// everything be cached.
type server struct {
	url string
	*http.Server
	mounts map[string]fs.FS // by first folder; "" holds the pages of the systems
	packer packer

	mu       sync.Mutex
	asked    []*request // since begin, in order
	answered int        // how many of them when the page had its answer; -1 before
	sent     int64      // bytes of bodies until then
	link     *link
}

// request is one file that a page asked for.
type request struct {
	name string
	part int64 // bytes, if it asked for a range; else 0
	sent int64 // bytes so far
}

// serveFiles listens on a free port of this machine.
func serveFiles(mounts map[string]fs.FS, p packer) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + listener.Addr().String(), mounts: mounts, packer: p}
	s.Server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return s, nil
}

// begin starts the record of a visit over a link, nil for none.
func (s *server) begin(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.answered, s.sent, s.link = nil, -1, 0, l
}

// before returns what a visit had asked for when it had its answer, and how many bytes had come.
func (s *server) before() ([]request, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered < 0 {
		return nil, 0, errors.New("the page did not say that it had its answer")
	}
	var copied []request
	for _, r := range s.asked[:s.answered] {
		copied = append(copied, *r)
	}
	return copied, s.sent, nil
}

// mark notes that the page has its answer.
func (s *server) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = len(s.asked)
	for _, r := range s.asked {
		s.sent += r.sent
	}
}

// open returns the content of a file. The first folder of its name is that of the mount.
func (s *server) open(name string) ([]byte, error) {
	files, within := s.mounts[""], name
	if first, rest, ok := strings.Cut(name, "/"); ok && s.mounts[first] != nil {
		files, within = s.mounts[first], rest
	}
	return fs.ReadFile(files, within)
}

// compressible are the kinds of files that hosts compress. What is compressed already, and what they
// do not know, goes as it is.
var compressible = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
	".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml",
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if r.Method == http.MethodPost && strings.HasPrefix(name, "answered/") {
		s.mark()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	content, err := s.open(name)
	if err != nil {
		http.NotFound(w, r) // also browsers' wish for an icon
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", "application/octet-stream")
	asked := &request{name: name}
	s.mu.Lock()
	s.asked = append(s.asked, asked)
	out := &answerWriter{ResponseWriter: w, server: s, request: asked, link: s.link}
	s.mu.Unlock()
	out.link.wait(r.Context())
	if kind := compressible[path.Ext(name)]; kind != "" {
		h.Set("Content-Type", kind)
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "br") {
			if content, err = s.packer.pack(r.Context(), brotliCoding, content); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			h.Set("Content-Encoding", "br")
		}
		h.Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = out.Write(content)
		return
	}
	out.ranged = r.Header.Get("Range") != ""
	http.ServeContent(out, r, name, time.Time{}, strings.NewReader(string(content)))
}

// answerWriter counts, and sends no faster than the link.
type answerWriter struct {
	http.ResponseWriter
	server  *server
	request *request
	link    *link
	ranged  bool
	partial bool
}

func (a *answerWriter) WriteHeader(status int) {
	a.partial = a.ranged && status == http.StatusPartialContent
	a.ResponseWriter.WriteHeader(status)
}

// piece is how much is sent before the link is asked again.
const piece = 16 << 10

func (a *answerWriter) Write(b []byte) (int, error) {
	written := 0
	for len(b) > 0 {
		part := b
		if a.link != nil {
			part = b[:min(len(b), piece)]
			a.link.pass(len(part))
		}
		n, err := a.ResponseWriter.Write(part)
		written += n
		a.server.mu.Lock()
		a.request.sent += int64(n)
		if a.partial {
			a.request.part += int64(n)
		}
		a.server.mu.Unlock()
		if err != nil {
			return written, err
		}
		if flusher, ok := a.ResponseWriter.(http.Flusher); ok && a.link != nil {
			flusher.Flush()
		}
		b = b[n:]
	}
	return written, nil
}

// ReadFrom hides that of the connection, which would not count.
func (a *answerWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{a}, r)
}

// link is a slow connection that all answers share. A nil one is as fast as this machine.
type link struct {
	rate    float64       // bytes a second
	latency time.Duration // of each request

	mu   sync.Mutex
	free time.Time // when what was passed has gone
}

func (l *link) wait(ctx context.Context) {
	if l == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(l.latency):
	}
}

// pass returns when n bytes have gone.
func (l *link) pass(n int) {
	l.mu.Lock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	until := l.free
	l.mu.Unlock()
	time.Sleep(time.Until(until))
}
