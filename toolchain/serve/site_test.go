package serve_test

import (
	"context"
	"fmt"
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
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/serve"
	builder "github.com/effir/effir/toolchain/site"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/simd128"
	format "github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// pages are what the tests search.
var pages = []format.Page{
	goPage("context", "WithCancel", "WithCancel returns a derived context with a new Done channel. Canceling this context releases resources associated with it."),
	goPage("net/http", "Client.Timeout", "Timeout specifies a time limit for requests made by this Client."),
	goPage("bufio", "Scanner", "Scanner provides a convenient interface for reading data such as a file of newline-delimited lines of text."),
	goPage("sync", "WaitGroup", "A WaitGroup waits for a collection of goroutines to finish."),
	goPage("strings", "EqualFold", "EqualFold reports whether two strings are equal under simple Unicode case-folding."),
	goPage("encoding/json", "Marshal", "Marshal returns the JSON encoding of a value."),
	goPage("sync", "Mutex", "A Mutex is a mutual exclusion lock."),
	goPage("os", "ReadFile", "ReadFile reads the named file and returns the contents."),
}

func goPage(path, name, text string) format.Page {
	return format.Page{
		URL: "https://pkg.go.dev/" + path + "#" + name, Title: path + "." + name, Language: "en",
		Filters:  []format.Field{{Key: "area", Value: strings.Split(path, "/")[0]}},
		Passages: []format.Passage{{Text: text}},
	}
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

// newSite serves a bundle without vectors.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, browser: browsertest.Open(t), modelDir: filepath.Join(t.TempDir(), "model"), bundle: t.TempDir(), progress: serve.Progress{Done: true}}
	if err := publish.Model(t.Context(), s.modelDir, os.DirFS(tinymodel.Write(t))); err != nil {
		t.Fatal(err)
	}
	s.write(contentOf(pages))
	page, err := web.Build(true)
	if err != nil {
		t.Fatal(err)
	}
	modules := web.Assets{
		"guest.wasm":            guestbuild.Module(t),
		"kernels_baseline.wasm": simd128.Baseline,
		"kernels_relaxed.wasm":  simd128.Relaxed,
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

func (s *site) write(content format.Content) {
	s.t.Helper()
	if _, err := format.Write(s.t.Context(), s.bundle, content, nil); err != nil {
		s.t.Fatal(err)
	}
}

// embed gives the bundle vectors.
func (s *site) embed() {
	s.t.Helper()
	embedder, err := builder.NewEmbedder(os.DirFS(s.modelDir), s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	vectors, err := embedder.Embed(s.t.Context(), pages, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(format.Content{Pages: pages, Fusion: index.DefaultFusion(), Vectors: vectors, Model: embedder.Model()})
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
		if got, err = browsertest.Await[string](s.browser, "(async () => String(await ("+expression+")))()"); err != nil {
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

// part returns the expression of an element in the search component.
func part(selector string) string {
	return fmt.Sprintf(`document.querySelector("effir-search").shadowRoot.querySelector(%q)`, selector)
}

// said returns the expression of the text of an element in the search component.
func said(selector string) string { return part(selector) + "?.textContent" }

// contentOf is a bundle for search by keyword.
func contentOf(pages []format.Page) format.Content {
	return format.Content{Pages: pages, Fusion: index.DefaultFusion()}
}
