package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// TestInBrowser runs test/*.test.ts in Chromium against a server that serves
// files well and badly.
func TestInBrowser(t *testing.T) {
	browser := browsertest.Open(t)
	scripts, err := web.Compile(os.DirFS("."), []api.EntryPoint{{InputPath: "test/all.ts", OutputPath: "all"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newFixtures(scripts))
	defer server.Close()

	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/")); err != nil {
		t.Fatal(err)
	}
	outcomes, err := browsertest.Await[[]struct{ Name, Error string }](browser, `import("/all.js").then((tests) => tests.run())`)
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) < 20 {
		t.Fatalf("only %d tests ran", len(outcomes))
	}
	for _, outcome := range outcomes {
		t.Run(outcome.Name, func(t *testing.T) {
			if outcome.Error != "" {
				t.Error(outcome.Error)
			}
		})
	}
}

// fixtures serves random files in the manners that test/fixtures.ts lists.
type fixtures struct {
	http.ServeMux
	files map[string][]byte // by file name
	mu    sync.Mutex
	count map[string]int // requests by path
}

func newFixtures(scripts web.Assets) *fixtures {
	f := &fixtures{files: map[string][]byte{}, count: map[string]int{}}
	random := rand.New(rand.NewPCG(1, 2))
	var list []map[string]any
	for i := range 12 {
		content := make([]byte, 50000+17000*i)
		for j := range content {
			content[j] = byte(random.Uint32())
		}
		sum := sha256.Sum256(content)
		name := hex.EncodeToString(sum[:])
		f.files[name+".bin"], f.files[name[:32]+".bin"] = content, content
		list = append(list, map[string]any{"name": name, "bytes": len(content)})
	}
	f.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>tests</title>") })
	f.HandleFunc("GET /fixtures.json", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(list) })
	f.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		fmt.Fprint(w, f.count[r.FormValue("path")])
	})
	f.HandleFunc("GET /fixtures/{manner}/{n}/{file}", f.serve)
	f.HandleFunc("GET /fixtures/endless/model.json", func(w http.ResponseWriter, r *http.Request) {
		for line := []byte(strings.Repeat("no manifest ", 4096)); r.Context().Err() == nil; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	f.HandleFunc("GET /kernels_baseline.wasm", func(w http.ResponseWriter, _ *http.Request) { w.Write(simd128.Baseline) })
	f.HandleFunc("GET /kernels_relaxed.wasm", func(w http.ResponseWriter, _ *http.Request) { w.Write(simd128.Relaxed) })
	f.HandleFunc("GET /{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(scripts[r.PathValue("file")])
	})
	return f
}

func (f *fixtures) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.count[r.URL.Path]++
	first := f.count[r.URL.Path] == 1
	f.mu.Unlock()
	content, ok := f.files[path.Base(r.URL.Path)]
	manner := r.PathValue("manner")
	if !ok || manner == "missing" {
		http.NotFound(w, r)
		return
	}
	// As a careless static host: even wrong bytes may be kept for a year.
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	wrong := append([]byte{content[0] ^ 1}, content[1:]...)
	switch {
	case manner == "stuck":
		<-r.Context().Done()
	case manner == "wrong" || manner == "wrong-once" && first:
		w.Write(wrong)
	case manner == "cut":
		w.Write(content[:len(content)/2])
	case manner == "long":
		for range 4000 {
			if _, err := w.Write(content); err != nil {
				return
			}
		}
	case manner == "broken-once" && first:
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:len(content)/2])
	default:
		w.Write(content)
	}
}
