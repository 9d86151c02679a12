package serve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"
)

var module = bytes.Repeat([]byte("\x00asm of a guest "), 4000)

func testServer(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	sum := sha256.Sum256(module)
	name := hex.EncodeToString(sum[:]) + ".bin"
	bundle := t.TempDir()
	short := hex.EncodeToString(sum[:16]) + ".bin"
	for file, content := range map[string]string{"index.json": `{"format":"effir-site/1"}`, "notes.txt": "private", name: string(module), short: string(module)} {
		if err := os.WriteFile(filepath.Join(bundle, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	server := httptest.NewServer(New(Options{
		Page:     fstest.MapFS{"index.html": file("<!doctype html>"), "app.js": file("start()"), ".secret.js": file("x"), "key.pem": file("x")},
		Modules:  fstest.MapFS{"guest.wasm": {Data: module}},
		Model:    fstest.MapFS{"pages.json": file("{}"), "LICENSE": file("x")},
		Index:    os.DirFS(bundle),
		Progress: func() Progress { return Progress{Passages: 10, Embedded: 4} },
	}).Handler())
	t.Cleanup(server.Close)
	return server, name
}

// get asks without the transport's own compression.
func get(t *testing.T, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

func TestFilesTypesAndCaching(t *testing.T) {
	server, name := testServer(t)
	const forever, ask = "public, max-age=31536000, immutable", "no-cache"
	for path, want := range map[string][2]string{
		"/":                            {"text/html; charset=utf-8", ask},
		"/app.js":                      {"text/javascript; charset=utf-8", ask},
		"/guest.wasm":                  {"application/wasm", ask},
		"/index/index.json":            {"application/json", ask},
		"/index/" + name:               {"application/octet-stream", forever},
		"/index/" + name[:32] + ".bin": {"application/octet-stream", forever},
		"/model/pages.json":            {"application/json", ask},
		"/status.json":                 {"application/json", "no-store"},
	} {
		response, _ := get(t, server.URL+path)
		got := [2]string{response.Header.Get("Content-Type"), response.Header.Get("Cache-Control")}
		if response.StatusCode != 200 || got != want {
			t.Errorf("%s: %d %q, want 200 %q", path, response.StatusCode, got, want)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if path == "/status.json" {
			continue
		}
		again, _ := get(t, server.URL+path, "If-None-Match", response.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its ETag %q: %d, want 304", path, response.Header.Get("ETag"), again.StatusCode)
		}
	}
}

func TestOnlyServesWhatThePageNeeds(t *testing.T) {
	server, name := testServer(t)
	for _, path := range []string{
		"/index/notes.txt", "/index/", "/index/../serve.go", "/index/%2e%2e/serve.go", "/index/..%2fserve.go",
		"/index/" + strings.ToUpper(name), "/index/" + name + "/", "/model/model.json", "/model/LICENSE", "/model/" + name, "/index/pages.json",
		"/.secret.js", "/key.pem", "/missing.js", "/index", "/index/" + strings.Repeat("0", 64) + ".bin",
	} {
		if response, body := get(t, server.URL+path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %q, want 404", path, response.StatusCode, body)
		}
	}
	response, err := http.Post(server.URL+"/status.json", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", response.StatusCode)
	}
}

func TestCompressesModules(t *testing.T) {
	server, _ := testServer(t)
	var tags [2]string
	for i := range 2 { // the second answer comes from the cache
		response, body := get(t, server.URL+"/guest.wasm", "Accept-Encoding", "gzip, br")
		if got := response.Header.Get("Content-Encoding"); got != "br" || len(body) > len(module)/2 {
			t.Fatalf("%d bytes in encoding %q", len(body), got)
		}
		plain, err := io.ReadAll(brotli.NewReader(bytes.NewReader(body)))
		if err != nil || !bytes.Equal(plain, module) {
			t.Fatalf("the body does not decompress to the module: %v", err)
		}
		tags[i] = response.Header.Get("ETag")
	}
	response, body := get(t, server.URL+"/guest.wasm", "Accept-Encoding", "gzip, br;q=0")
	if response.Header.Get("Content-Encoding") != "" || !bytes.Equal(body, module) {
		t.Error("brotli was sent to a client that refuses it")
	}
	if plain := response.Header.Get("ETag"); tags[0] != tags[1] || tags[0] == plain {
		t.Errorf("ETags %q of brotli and %q of the plain body", tags, plain)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/guest.wasm", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "br")
	head, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	head.Body.Close()
	if head.ContentLength <= 0 || head.ContentLength > int64(len(module)/2) {
		t.Errorf("HEAD says %d bytes are sent", head.ContentLength)
	}
	if response.Header.Get("Vary") != "Accept-Encoding" {
		t.Error("caches are not told that the encoding varies")
	}
}

func TestAcceptsBrotli(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": false, "br": true, "gzip, BR": true, "br;q=1.0": true, "br; q=0.5": true, "br;q=0": false, "br;q=0.000": false, "brx": false,
	} {
		r := &http.Request{Header: http.Header{"Accept-Encoding": {header}}}
		if got := acceptsBrotli(r); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
}

func TestRangeOfAContentFile(t *testing.T) {
	server, name := testServer(t)
	response, body := get(t, server.URL+"/index/"+name, "Range", "bytes=100-199")
	if response.StatusCode != http.StatusPartialContent || !bytes.Equal(body, module[100:200]) {
		t.Errorf("%d with %d bytes", response.StatusCode, len(body))
	}
}

func TestStatus(t *testing.T) {
	server, _ := testServer(t)
	_, body := get(t, server.URL+"/status.json")
	var got Progress
	if err := json.Unmarshal(body, &got); err != nil || got != (Progress{Passages: 10, Embedded: 4}) {
		t.Errorf("%s: %v", body, err)
	}
	idle := httptest.NewServer(New(Options{}).Handler())
	defer idle.Close()
	if _, body := get(t, idle.URL+"/status.json"); !strings.Contains(string(body), `"done":true`) {
		t.Errorf("a server that indexes nothing says %s", body)
	}
}

func TestManifestMayChange(t *testing.T) {
	dir := fstest.MapFS{"index.json": {Data: []byte("{}")}}
	server := httptest.NewServer(New(Options{Index: dir}).Handler())
	defer server.Close()
	before, _ := get(t, server.URL+"/index/index.json")
	dir["index.json"].Data = []byte(`{"count":1}`)
	after, body := get(t, server.URL+"/index/index.json", "If-None-Match", before.Header.Get("ETag"))
	if after.StatusCode != 200 || string(body) != `{"count":1}` {
		t.Errorf("%d %s after the change", after.StatusCode, body)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	urls, done := make(chan string, 1), make(chan error, 1)
	page := fstest.MapFS{"index.html": {Data: []byte("page")}}
	go func() {
		done <- New(Options{Page: page}).Run(ctx, "127.0.0.1:0", func(url string) { urls <- url })
	}()
	url := <-urls
	if _, body := get(t, url); string(body) != "page" {
		t.Errorf("%s answered %q", url, body)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still serving")
	}
	if err := New(Options{}).Run(t.Context(), "nowhere.invalid:1", nil); err == nil {
		t.Error("listening on an address of nobody gave no error")
	}
}

func TestBrokenFile(t *testing.T) {
	server := httptest.NewServer(New(Options{Page: broken{}}).Handler())
	defer server.Close()
	if response, _ := get(t, server.URL+"/app.js"); response.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d, want 500", response.StatusCode)
	}
}

// broken is a file system whose disk fails.
type broken struct{}

func (broken) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: io.ErrUnexpectedEOF}
}
