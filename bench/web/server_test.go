package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"
)

func startServer(t *testing.T) *server {
	t.Helper()
	files := func(name, content string) fs.FS { return fstest.MapFS{name: {Data: []byte(content)}} }
	s, err := serveFiles(map[string]fs.FS{
		"":      files("page.html", "<p>page"),
		"effir": files("effir.js", strings.Repeat("let x;", 1000)),
		"data":  files("x.bin", "0123456789"),
	}, packer{t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ask(t *testing.T, method, address, header, value string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	if header != "" {
		r.Header.Set(header, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

// A visit is what was asked for before the page had its answer, and no more.
func TestServerRecordsVisits(t *testing.T) {
	s := startServer(t)
	s.begin(nil)
	if _, _, err := s.before(); err == nil {
		t.Error("a visit without an answer has a record")
	}
	ask(t, http.MethodGet, s.url+"/page.html?question=x", "", "")
	answer, packed := ask(t, http.MethodGet, s.url+"/effir/effir.js", "Accept-Encoding", "gzip, br")
	script, err := io.ReadAll(brotli.NewReader(bytes.NewReader(packed)))
	if err != nil || len(script) != 6000 || answer.Header.Get("Content-Encoding") != "br" || answer.Header.Get("Content-Type") != "text/javascript" {
		t.Errorf("script of %d bytes, %v, %v", len(script), err, answer.Header)
	}
	answer, part := ask(t, http.MethodGet, s.url+"/data/x.bin", "Range", "bytes=2-4")
	if answer.StatusCode != http.StatusPartialContent || string(part) != "234" {
		t.Errorf("part: %d, %q", answer.StatusCode, part)
	}
	if answer, _ := ask(t, http.MethodGet, s.url+"/data/missing.bin", "", ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("missing file: %d", answer.StatusCode)
	}
	ask(t, http.MethodPost, s.url+"/answered/keyword", "", "")
	ask(t, http.MethodGet, s.url+"/data/x.bin", "", "")
	got, sent, err := s.before()
	if err != nil {
		t.Fatal(err)
	}
	want := []request{{"page.html", 0, 7}, {"effir/effir.js", 0, int64(len(packed))}, {"data/x.bin", 3, 3}}
	if len(got) != len(want) {
		t.Fatalf("asked for %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("asked for %v, want %v", got[i], want[i])
		}
	}
	if sent != int64(7+len(packed)+3) {
		t.Errorf("%d bytes sent", sent)
	}
}

func TestServerLink(t *testing.T) {
	s := startServer(t)
	s.begin(&link{rate: 200, latency: 30 * time.Millisecond})
	began := time.Now()
	for range 2 {
		if _, body := ask(t, http.MethodGet, s.url+"/data/x.bin", "", ""); string(body) != "0123456789" {
			t.Errorf("body %q", body)
		}
	}
	// Two requests, ten bytes each at 200 bytes a second.
	if took := time.Since(began); took < 160*time.Millisecond {
		t.Errorf("two requests took %v", took)
	}
}

func TestPackerKeepsByContent(t *testing.T) {
	p := packer{t.TempDir()}
	text := []byte(strings.Repeat("what hosts compress ", 100))
	for _, how := range []coding{plainCoding, gzipCoding, brotliCoding} {
		first, err := p.pack(t.Context(), how, text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.pack(t.Context(), how, text)
		if err != nil || !bytes.Equal(first, again) || (how == plainCoding) != (len(first) == len(text)) {
			t.Errorf("%s: %d and %d bytes, %v", how, len(first), len(again), err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.pack(ended, brotliCoding, []byte("new")); err == nil {
		t.Error("a cancelled context packs")
	}
}
