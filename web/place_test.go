package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
)

// strictPolicy is the Content-Security-Policy under which everything must work.
const strictPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"

// place is a static host: the library, the runtime's modules, and under /t/NAME/
// for any NAME, so that each test has caches of its own, a site's index and model
// packages. A test may spoil it, see spoil in test/place.ts.
type place struct {
	*httptest.Server
	folders map[string]string // by name below /t/NAME/
	mu      sync.Mutex
	spoils  []*spoil
	log     []request
}

// spoil is one way in which requests go wrong.
type spoil struct {
	Path   string // prefix of the URL's path
	Manner string
	Times  int // left; 0: always
	Change string
}

type request struct {
	Path  string `json:"path"`
	Range string `json:"range"`
}

// newPlace serves scripts, which win over the library's of the same name.
func newPlace(t *testing.T, entries []api.EntryPoint) *place {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	assets, err := web.Library(false)
	check(err)
	scripts, err := web.Compile(os.DirFS("."), entries, false)
	check(err)
	for name, script := range scripts {
		assets[name] = script
	}
	assets["guest.wasm"] = guestbuild.Module(t)
	assets["kernels_baseline.wasm"], assets["kernels_relaxed.wasm"] = simd128.Baseline, simd128.Relaxed

	tiny := tinymodel.Write(t)
	p := &place{folders: map[string]string{"model": t.TempDir(), "big": t.TempDir(), "plain": tiny}}
	check(publish.Model(t.Context(), p.folders["model"], os.DirFS(tiny)))
	check(publish.Model(t.Context(), p.folders["big"], models.Default()))
	p.folders["lies"] = t.TempDir()
	check(os.WriteFile(path.Join(p.folders["lies"], publish.PagesName), lies(t, p.folders["model"]), 0o600))
	for name, content := range map[string]site.Content{
		"index":   docs(t, "first edition", tiny),
		"newer":   docs(t, "second edition", tiny),
		"words":   docs(t, "without meaning", ""),
		"foreign": foreign(docs(t, "another model", tiny)),
	} {
		p.folders[name] = t.TempDir()
		_, err := site.Write(t.Context(), p.folders[name], content, nil)
		check(err)
	}

	// Last-Modified counts seconds: that of what is published later must be later.
	later := time.Now().Add(time.Minute)
	check(os.Chtimes(path.Join(p.folders["newer"], "index.json"), later, later))

	var mux http.ServeMux
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>tests</title>") })
	mux.HandleFunc("GET /empty/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>tests</title>") })
	mux.Handle("/", http.FileServerFS(assets))
	for _, folder := range []string{"/wide", "/nested"} {
		mux.Handle(folder+"/", http.StripPrefix(folder, http.FileServerFS(assets)))
	}
	broken, wrong := maps.Clone(assets), maps.Clone(assets)
	for _, name := range []string{"kernels_baseline.wasm", "kernels_relaxed.wasm"} {
		broken[name], wrong[name] = trapping(t, assets[name]), miscounting(assets[name])
	}
	mux.Handle("/bare/", http.StripPrefix("/bare", http.FileServerFS(web.Assets{web.ClientFile: assets[web.ClientFile]})))
	// As effir index writes it: with the scripts and modules beside the index.
	for _, name := range []string{web.WorkerFile, "guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm"} {
		check(os.WriteFile(path.Join(p.folders["index"], name), assets[name], 0o600))
	}
	mux.Handle("/wrong/", http.StripPrefix("/wrong", http.FileServerFS(wrong)))
	mux.Handle("/broken/", http.StripPrefix("/broken", http.FileServerFS(broken)))
	mux.HandleFunc("GET /t/{name}/{folder}/{file...}", p.serve)
	mux.HandleFunc("POST /spoil", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		times, _ := strconv.Atoi(r.FormValue("times"))
		p.spoils = append(p.spoils, &spoil{Path: r.FormValue("path"), Manner: r.FormValue("manner"), Times: times, Change: r.FormValue("change")})
	})
	mux.HandleFunc("POST /mend", func(http.ResponseWriter, *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spoils = nil
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		found := []request{}
		for _, entry := range p.log {
			if strings.HasPrefix(entry.Path, r.FormValue("path")) {
				found = append(found, entry)
			}
		}
		json.NewEncoder(w).Encode(found)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strictPolicy)
		p.mu.Lock()
		p.log = append(p.log, request{r.URL.Path, r.Header.Get("Range")})
		p.mu.Unlock()
		if manner := p.spoilt(r); manner != "" {
			misbehave(w, r, &mux, manner)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/wide/") { // its service worker may speak for the whole site
			w.Header().Set("Service-Worker-Allowed", "/")
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Server.Close)
	return p
}

// setSpoils replaces all ways in which requests go wrong.
func (p *place) setSpoils(spoils ...*spoil) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoils = spoils
}

func (p *place) serve(w http.ResponseWriter, r *http.Request) {
	folder := r.PathValue("folder")
	p.mu.Lock()
	for _, s := range p.spoils {
		if s.Manner == "change" && strings.HasPrefix(r.URL.Path, s.Path) {
			folder = s.Change
		}
	}
	p.mu.Unlock()
	dir, ok := p.folders[folder]
	if !ok {
		http.NotFound(w, r)
		return
	}
	// As a careless static host: even wrong bytes may be kept for a year.
	if path.Ext(r.URL.Path) == ".bin" {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, os.DirFS(dir), r.PathValue("file"))
}

// spoilt returns how a request goes wrong.
func (p *place) spoilt(r *http.Request) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.spoils {
		if s.Manner == "change" || !strings.HasPrefix(r.URL.Path, s.Path) {
			continue
		}
		if s.Times == 1 {
			p.spoils = append(p.spoils[:i:i], p.spoils[i+1:]...)
		}
		s.Times--
		return s.Manner
	}
	return ""
}

// misbehave answers as the manners of test/place.ts say.
func misbehave(w http.ResponseWriter, r *http.Request, well http.Handler, manner string) {
	recorded := func() *httptest.ResponseRecorder {
		record := httptest.NewRecorder()
		well.ServeHTTP(record, r)
		for key, values := range record.Header() {
			w.Header()[key] = values
		}
		return record
	}
	switch manner {
	case "missing":
		http.NotFound(w, r)
	case "broken":
		http.Error(w, "out of order", http.StatusInternalServerError)
	case "wrong":
		record := recorded()
		content := record.Body.Bytes()
		content[0] ^= 1
		w.WriteHeader(record.Code)
		w.Write(content)
	case "cut":
		record := recorded()
		w.Header().Set("Content-Length", strconv.Itoa(record.Body.Len()))
		w.WriteHeader(record.Code)
		w.Write(record.Body.Bytes()[:record.Body.Len()*2/5])
		w.(http.Flusher).Flush()
		time.Sleep(time.Second) // what was sent arrives
	case "whole":
		r.Header.Del("Range")
		well.ServeHTTP(w, r)
	case "slow":
		record := recorded()
		w.WriteHeader(record.Code)
		for content := record.Body.Bytes(); len(content) > 0 && r.Context().Err() == nil; {
			n := min(len(content), 1<<17)
			w.Write(content[:n])
			w.(http.Flusher).Flush()
			content = content[n:]
			time.Sleep(50 * time.Millisecond)
		}
	case "stuck":
		<-r.Context().Done()
	case "offline":
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			connection.Close()
		}
	}
}

// miscounting makes each integer dot product of kernels (i32x4.dot_i16x8_s, fd ba 01)
// an addition.
func miscounting(module []byte) []byte {
	return bytes.ReplaceAll(module, []byte{0xfd, 0xba, 0x01}, []byte{0xfd, 0xae, 0x01})
}

// trapping makes the reading of results by the guest, peek64, a trap: what kernels
// compute is right, and the guest starts, but stops at its first text. The body is
// local.get 0, i64.load, return, which becomes unreachable and nops.
func trapping(t *testing.T, module []byte) []byte {
	t.Helper()
	body := []byte{0x20, 0x00, 0x29, 0x00, 0x00, 0x0f}
	if n := bytes.Count(module, body); n != 1 {
		t.Fatalf("kernels have %d functions like peek64", n)
	}
	return bytes.Replace(module, body, []byte{0x00, 0x01, 0x01, 0x01, 0x01, 0x01}, 1)
}

var subjects = []struct{ title, text string }{
	{"Cancel a request", "A context that is cancelled ends the request it was made with."},
	{"Read a file", "ReadFile reads the named file and returns its contents."},
	{"Sort a slice", "Slice sorts the given slice with a less function, in place."},
	{"Wait for goroutines", "A WaitGroup waits for a collection of goroutines to finish."},
}

// docs is a site of some hundred passages, embedded by a model package unless
// that is empty. The edition stands in every text.
func docs(t *testing.T, edition, modelDir string) site.Content {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	content := site.Content{Fusion: index.DefaultFusion()}
	for n := range 120 {
		s := subjects[n%len(subjects)]
		page := site.Page{
			URL: fmt.Sprintf("../pages/%d/", n), Title: fmt.Sprintf("%s %d", s.title, n), Language: []string{"en", "de"}[n%2],
			Meta:    []site.Field{{Key: "author", Value: fmt.Sprintf("author %d", n%3)}},
			Filters: []site.Field{{Key: "section", Value: []string{"guide", "reference"}[n%2]}},
			Sorts:   []site.Field{{Key: "date", Value: fmt.Sprintf("2024-%02d-01", 1+n%12)}},
		}
		for part := range 2 {
			words := make([]string, 40)
			for i := range words {
				words[i] = fmt.Sprintf("w%d", random.IntN(4000))
			}
			page.Passages = append(page.Passages, site.Passage{
				Heading: fmt.Sprintf("Part %d", part), Anchor: fmt.Sprintf("part %d", part),
				Text: s.text + " " + edition + " " + strings.Join(words, " "),
			})
		}
		content.Pages = append(content.Pages, page)
	}
	if modelDir == "" {
		return content
	}
	manifest, err := os.ReadFile(path.Join(modelDir, "model.json"))
	if err != nil {
		t.Fatal(err)
	}
	content.Model = modeldir.Identity(manifest)
	content.Vectors = embedded(t, modelDir, content.Pages)
	return content
}

// foreign says that other vectors' model made these.
func foreign(content site.Content) site.Content {
	content.Model = strings.Repeat("ab", 32)
	return content
}

// lies is a package's pages.json with other hashes.
func lies(t *testing.T, modelDir string) []byte {
	t.Helper()
	text, err := os.ReadFile(path.Join(modelDir, publish.PagesName))
	if err != nil {
		t.Fatal(err)
	}
	var pages publish.Pages
	if err := json.Unmarshal(text, &pages); err != nil {
		t.Fatal(err)
	}
	for i := range pages.SHA256 {
		pages.SHA256[i] = strings.Repeat("ab", 16)
	}
	if text, err = json.Marshal(pages); err != nil {
		t.Fatal(err)
	}
	return text
}

func embedded(t *testing.T, modelDir string, pages []site.Page) *index.Vectors {
	t.Helper()
	host, err := native.Open(os.DirFS(modelDir), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := index.NewVectors(host.Dims())
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		for _, passage := range page.Passages {
			row, err := host.EmbedOne(page.Title+"\n"+passage.Heading+"\n"+passage.Text, encoder.Passage)
			if err != nil {
				t.Fatal(err)
			}
			if err := vectors.Append(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	return vectors
}

// within bounds a step of a test.
func within(t *testing.T, ctx context.Context, limit time.Duration) context.Context {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, limit)
	t.Cleanup(cancel)
	return bounded
}
