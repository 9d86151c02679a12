package serve_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/toolchain/serve"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// passages are what the tests search.
var passages = []corpus.Passage{
	{ID: "1", Title: "context.WithCancel", Section: "package context", URL: "https://pkg.go.dev/context#WithCancel", Text: "WithCancel returns a derived context with a new Done channel. Canceling this context releases resources associated with it."},
	{ID: "2", Title: "net/http.Client.Timeout", Section: "type net/http.Client", URL: "https://pkg.go.dev/net/http#Client", Text: "Timeout specifies a time limit for requests made by this Client."},
	{ID: "3", Title: "bufio.Scanner", Section: "package bufio", URL: "https://pkg.go.dev/bufio#Scanner", Text: "Scanner provides a convenient interface for reading data such as a file of newline-delimited lines of text."},
	{ID: "4", Title: "sync.WaitGroup", Section: "package sync", URL: "https://pkg.go.dev/sync#WaitGroup", Text: "A WaitGroup waits for a collection of goroutines to finish."},
	{ID: "5", Title: "strings.EqualFold", Section: "package strings", URL: "https://pkg.go.dev/strings#EqualFold", Text: "EqualFold reports whether two strings are equal under simple Unicode case-folding."},
	{ID: "6", Title: "encoding/json.Marshal", Section: "package encoding/json", URL: "https://pkg.go.dev/encoding/json#Marshal", Text: "Marshal returns the JSON encoding of a value."},
	{ID: "7", Title: "sync.Mutex", Section: "package sync", URL: "https://pkg.go.dev/sync#Mutex", Text: "A Mutex is a mutual exclusion lock."},
	{ID: "8", Title: "os.ReadFile", Section: "package os", URL: "https://pkg.go.dev/os#ReadFile", Text: "ReadFile reads the named file and returns the contents."},
}

// site is a server of real modules, a real model package (tiny, of random
// weights) and a real bundle, with a browser in front of it.
type site struct {
	t        *testing.T
	browser  context.Context
	url      string
	modelDir string
	bundle   string

	mu       sync.Mutex
	requests []string
	progress serve.Progress
}

// newSite serves a bundle without vectors. alter may exchange modules.
func newSite(t *testing.T, alter func(modules web.Assets)) *site {
	t.Helper()
	s := &site{t: t, browser: browsertest.Open(t), modelDir: tinymodel.Write(t), bundle: t.TempDir(), progress: serve.Progress{Done: true}}
	if _, err := corpus.WriteBundle(s.bundle, passages, corpus.BundleOptions{Fusion: index.DefaultFusion()}); err != nil {
		t.Fatal(err)
	}
	page, err := web.Build(true)
	if err != nil {
		t.Fatal(err)
	}
	modules := web.Assets{
		"guest.wasm":            guestbuild.Module(t),
		"kernels_baseline.wasm": simd128.Baseline,
		"kernels_relaxed.wasm":  simd128.Relaxed,
	}
	if alter != nil {
		alter(modules)
	}
	handler := serve.New(serve.Options{
		Page: page, Modules: modules, Model: os.DirFS(s.modelDir), Index: os.DirFS(s.bundle), Progress: s.getProgress,
	}).Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.URL.Path)
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	return s
}

func (s *site) getProgress() serve.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

func (s *site) setProgress(p serve.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = p
}

// embed gives the bundle's first n passages vectors.
func (s *site) embed(n int) {
	s.t.Helper()
	if err := embed.Bundle(s.t.Context(), s.bundle, os.DirFS(s.modelDir), passages[:n], func(int) {}); err != nil {
		s.t.Fatal(err)
	}
}

// fetched counts requests whose path contains part, and forgets all.
func (s *site) fetched(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, path := range s.requests {
		if strings.Contains(path, part) {
			n++
		}
	}
	s.requests = nil
	return n
}

func (s *site) navigate(path string) {
	s.t.Helper()
	if err := chromedp.Do(s.browser, chromedp.Navigate(s.url+path)); err != nil {
		s.t.Fatal(err)
	}
}

// want waits until an expression in the page has a value.
func (s *site) want(expression, want string) {
	s.t.Helper()
	var got string
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got, err = browsertest.Await[string](s.browser, "String("+expression+")"); err != nil {
			s.t.Fatal(err)
		} else if got == want {
			return
		}
	}
	s.t.Fatalf("%s is %q, want %q", expression, got, want)
}

// text returns the expression of an element's text.
func text(selector string) string {
	return fmt.Sprintf("document.querySelector(%q)?.textContent.trim()", selector)
}

// packageFiles returns the names of the content files in a folder.
func packageFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := fs.Glob(os.DirFS(dir), "*.bin")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s holds no files: %v", dir, err)
	}
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names
}
