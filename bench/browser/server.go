package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/kernel/simd128/generator"
	"github.com/effir/effir/web"
)

// tree is what the pages load: address without the leading slash to content.
type tree struct {
	mounts map[string]fs.FS
	digest string // of the scripts and modules of ours
}

// newTree compiles the pages' scripts and collects the folders. root is the module's folder.
func newTree(root, guest string, p *prepared) (*tree, error) {
	var entries []api.EntryPoint
	for _, name := range []string{"page", "effir", "transformers", "wllama"} {
		entries = append(entries, api.EntryPoint{InputPath: "bench/browser/page/" + name + ".ts", OutputPath: name})
	}
	page, err := web.Compile(os.DirFS(root), entries, true)
	if err != nil {
		return nil, err
	}
	if page["index.html"], err = os.ReadFile(filepath.Join(root, "bench", "browser", "page", "index.html")); err != nil {
		return nil, err
	}
	page["limits.wasm"] = generator.Limits()
	runtime, err := web.Library(true)
	if err != nil {
		return nil, err
	}
	if runtime["guest.wasm"], err = os.ReadFile(guest); err != nil {
		return nil, fmt.Errorf("%w; run `go tool task build` first", err)
	}
	runtime["kernels_baseline.wasm"], runtime["kernels_relaxed.wasm"] = simd128.Baseline, simd128.Relaxed
	t := &tree{digest: digest(page, runtime), mounts: map[string]fs.FS{
		"page":        page,
		"runtime":     runtime,
		"npm":         os.DirFS(filepath.Join(root, "bench", "node_modules")),
		"models/onnx": os.DirFS(p.onnx),
		"models/gguf": os.DirFS(filepath.Join(p.dir, "gguf")), // where p.gguf lies
	}}
	for name, files := range p.packages {
		t.mounts["models/effir/"+name] = files
	}
	for name, dir := range p.sites {
		t.mounts["sites/"+name] = os.DirFS(dir)
	}
	return t, nil
}

// digest is a hash of files and their names.
func digest(folders ...web.Assets) string {
	h := sha256.New()
	for _, files := range folders {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintln(h, name, len(files[name]))
			h.Write(files[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Open returns a file of the tree.
func (t *tree) Open(name string) (fs.File, error) {
	for prefix := name; prefix != "."; prefix = path.Dir(prefix) {
		if files, ok := t.mounts[prefix]; ok && prefix != name {
			return files.Open(strings.TrimPrefix(name, prefix+"/"))
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// server serves a tree on this machine. It counts what it sends.
type server struct {
	url string
	*http.Server
	tree *tree

	mu   sync.Mutex
	pace float64 // bytes per second of all answers together; 0: as fast as it goes
	free time.Time
	sent map[string]*transfer // by address
}

// transfer is what was sent of a file.
type transfer struct {
	size  int64 // of the file
	whole int64 // bytes of answers with the whole file
	parts int64 // bytes of answers with a range of it
}

// serve listens on a free port.
func serve(t *tree) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &server{url: "http://" + listener.Addr().String(), tree: t, sent: map[string]*transfer{}}
	v.Server = &http.Server{Handler: v, ReadHeaderTimeout: 10 * time.Second, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(slice) // what waits in it would count as sent
		}
		return ctx
	}}
	go v.Serve(listener)
	return v, nil
}

// slice is how much is sent at once by a server with a pace.
const slice = 64 << 10

// record counts anew from here on and sends at a pace.
func (v *server) record(pace float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pace, v.free, v.sent = pace, time.Now(), map[string]*transfer{}
}

// recorded returns what was sent since record, by address.
func (v *server) recorded() map[string]transfer {
	v.mu.Lock()
	defer v.mu.Unlock()
	copied := map[string]transfer{}
	for name, t := range v.sent {
		copied[name] = *t
	}
	return copied
}

// count notes bytes of an answer and returns how long to wait before the next ones.
func (v *server) count(name string, size int64, ranged bool, bytes int) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.sent[name]
	if t == nil {
		t = &transfer{size: size}
		v.sent[name] = t
	}
	if ranged {
		t.parts += int64(bytes)
	} else {
		t.whole += int64(bytes)
	}
	if v.pace == 0 {
		return 0
	}
	now := time.Now()
	if v.free.Before(now) {
		v.free = now
	}
	v.free = v.free.Add(time.Duration(float64(bytes) / v.pace * float64(time.Second)))
	return v.free.Sub(now)
}

func (v *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	file, err := v.tree.Open(name)
	if err != nil {
		http.NotFound(w, r) // also browsers' wish for an icon
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	content, ok := file.(io.ReadSeeker)
	if !ok {
		data, err := io.ReadAll(file)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		content = bytes.NewReader(data)
	}
	h := w.Header()
	// As a good host of static files: only pages are asked for again.
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	switch path.Ext(name) {
	case ".html":
		h.Set("Cache-Control", "no-cache")
		if r.URL.Query().Has("threads") { // isolated, see system.withThreads
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		}
	case ".js":
		h.Set("Cross-Origin-Embedder-Policy", "require-corp") // for workers of isolated pages
	case ".mjs":
		h.Set("Content-Type", "text/javascript")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	case ".wasm":
		h.Set("Content-Type", "application/wasm")
	case ".bin", ".onnx", ".gguf":
		h.Set("Content-Type", "application/octet-stream")
	}
	ranged := r.Header.Get("Range") != ""
	http.ServeContent(&counter{w, func(bytes int) {
		time.Sleep(v.count(name, info.Size(), ranged, bytes))
	}}, r, name, time.Time{}, content)
}

// counter tells of the bytes of an answer.
type counter struct {
	http.ResponseWriter
	tell func(bytes int)
}

func (c *counter) Write(b []byte) (int, error) {
	total := 0
	for part := range slices.Chunk(b, slice) {
		n, err := c.ResponseWriter.Write(part)
		total += n
		if err != nil {
			return total, err
		}
		c.tell(n)
	}
	return total, nil
}
