package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"
)

// files is a tree of one folder.
func files(content []byte) *tree {
	return &tree{mounts: map[string]fs.FS{
		"models/a": fstest.MapFS{"w.bin": {Data: content}},
		"page":     fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "k.wasm": {Data: []byte("x")}},
	}}
}

// get asks for a file, or a range of it, and returns the answer's header and body.
func get(t *testing.T, url, part string) (http.Header, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if part != "" {
		request.Header.Set("Range", part)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s: %s (%v)", url, response.Status, err)
	}
	return response.Header, body
}

func TestServerCountsWhatItSends(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 10000)
	v, err := serve(files(content))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, body := get(t, v.url+"/models/a/w.bin", ""); !bytes.Equal(body, content) {
		t.Fatal("the file arrived changed")
	}
	v.record(0)
	get(t, v.url+"/models/a/w.bin", "bytes=0-99")
	get(t, v.url+"/models/a/w.bin", "bytes=1000-1199")
	header, _ := get(t, v.url+"/page/index.html", "")
	if header.Get("Cache-Control") != "no-cache" {
		t.Errorf("a page may be kept: %v", header)
	}
	if header, _ := get(t, v.url+"/page/k.wasm", ""); header.Get("Content-Type") != "application/wasm" {
		t.Errorf("a module is sent as %q: it cannot be compiled while it arrives", header.Get("Content-Type"))
	}
	sent := v.recorded()
	if got, want := sent["models/a/w.bin"], (transfer{size: int64(len(content)), parts: 300}); got != want {
		t.Errorf("ranges: %+v, want %+v", got, want)
	}
	if got, want := sent["page/index.html"], (transfer{size: 15, whole: 15}); got != want {
		t.Errorf("a whole file: %+v, want %+v", got, want)
	}
	response, err := http.Get(v.url + "/models/a/absent")
	if err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("a file that is not there: %v %v", response, err)
	}
	response.Body.Close()
}

func TestServerKeepsItsPace(t *testing.T) {
	content := make([]byte, 400_000)
	v, err := serve(files(content))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	v.record(2e6)
	began := time.Now()
	get(t, v.url+"/models/a/w.bin", "")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("400 kB at 2 MB/s took %v", took)
	}
}

func TestPackedSize(t *testing.T) {
	content := bytes.Repeat([]byte("how rivers shape the land "), 5000)
	var packed bytes.Buffer
	w := brotli.NewWriterLevel(&packed, 9)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := packer{filepath.Join(t.TempDir(), "sizes")}
	for range 2 { // the second time from the folder
		size, err := p.size(t.Context(), files(content), "models/a/w.bin", 9)
		if err != nil {
			t.Fatal(err)
		}
		if int(size) != packed.Len() {
			t.Errorf("%d bytes, want %d", size, packed.Len())
		}
	}
	b := &bench{server: &server{tree: files(content)}, packer: p}
	half, err := b.compressed(t.Context(), map[string]transfer{"models/a/w.bin": {size: int64(len(content)), whole: int64(len(content) / 2), parts: 70}})
	if want := (float64(packed.Len())/2 + 70) / 1e6; err != nil || half != want {
		t.Errorf("half a file and 70 bytes: %g MB (%v), want %g", half, err, want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.size(ended, files(content), "models/a/w.bin", 5); err == nil {
		t.Error("compressed after the end of the context")
	}
}
