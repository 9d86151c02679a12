package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	"github.com/effir/effir/web"
)

// tree is what the pages load: address without the leading slash to content.
type tree struct {
	mounts map[string]fs.FS
	digest string // of the scripts and modules of ours
}

// newTree compiles the pages' scripts and collects the folders. root is the module's folder.
func newTree(ctx context.Context, root, guest string, p *prepared) (*tree, error) {
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
	runtime, err := web.Library(true)
	if err != nil {
		return nil, err
	}
	if runtime["guest.wasm"], err = os.ReadFile(guest); err != nil {
		return nil, fmt.Errorf("%w; run `go tool task build` first", err)
	}
	runtime["kernels_baseline.wasm"], runtime["kernels_relaxed.wasm"] = simd128.Baseline, simd128.Relaxed
	s := &tree{digest: digest(page, runtime), mounts: map[string]fs.FS{
		"page":        page,
		"runtime":     runtime,
		"npm":         os.DirFS(filepath.Join(root, "bench", "node_modules")),
		"models/onnx": os.DirFS(filepath.Join(p.dir, "onnx")),
		"models/gguf": os.DirFS(filepath.Join(p.dir, "gguf")),
	}}
	for name, files := range p.packages {
		s.mounts["models/effir/"+name] = files
	}
	published, err := p.sites(ctx, "minilm", "bge-small-slim")
	if err != nil {
		return nil, err
	}
	for name, dir := range published {
		s.mounts[name] = os.DirFS(dir)
	}
	return s, nil
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

// server serves a tree on this machine. It counts what is asked for.
type server struct {
	url string
	*http.Server
	tree     *tree
	isolated bool

	mu    sync.Mutex
	asked map[string]*request // by address
}

// request is what was asked of a file since the last forget.
type request struct {
	whole bool  // the whole file, at least once
	parts int64 // bytes of it in ranges
}

// serve listens on a free port. An isolated server's pages may measure their memory, and nothing
// else changes for them: no system uses threads.
func serve(t *tree, isolated bool) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &server{url: "http://" + listener.Addr().String(), tree: t, isolated: isolated, asked: map[string]*request{}}
	v.Server = &http.Server{Handler: v, ReadHeaderTimeout: 10 * time.Second}
	go v.Serve(listener)
	return v, nil
}

// forget starts the count anew.
func (v *server) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = map[string]*request{}
}

// since returns what was asked for since the last forget.
func (v *server) since() map[string]request {
	v.mu.Lock()
	defer v.mu.Unlock()
	copied := map[string]request{}
	for name, r := range v.asked {
		copied[name] = *r
	}
	return copied
}

func (v *server) count(name string, ranged bool, sent int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.asked[name]
	if r == nil {
		r = new(request)
		v.asked[name] = r
	}
	if ranged {
		r.parts += sent
	} else {
		r.whole = true
	}
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
	case ".mjs":
		h.Set("Content-Type", "text/javascript")
	case ".wasm":
		h.Set("Content-Type", "application/wasm")
	case ".bin", ".onnx", ".gguf":
		h.Set("Content-Type", "application/octet-stream")
	}
	if v.isolated {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	}
	ranged := r.Header.Get("Range") != ""
	v.count(name, ranged, 0) // before it is sent: what is on its way counts
	counted := &counter{ResponseWriter: w}
	http.ServeContent(counted, r, name, time.Time{}, content)
	if ranged {
		v.count(name, true, counted.bytes)
	}
}

// counter notes the bytes of an answer.
type counter struct {
	http.ResponseWriter
	bytes int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the fast way of copying files.
func (c *counter) ReadFrom(r io.Reader) (int64, error) {
	if from, ok := c.ResponseWriter.(io.ReaderFrom); ok {
		n, err := from.ReadFrom(r)
		c.bytes += n
		return n, err
	}
	return 0, errors.ErrUnsupported
}
