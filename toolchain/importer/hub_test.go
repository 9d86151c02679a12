package importer

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/toolchain/checkpoint"
)

// standIn is a local hub: it answers the repository listing and file addresses of a hub as the real
// one does, and redirects large files to a store with other ETags.
type standIn struct {
	*httptest.Server
	sync.Mutex
	files      map[string][]byte
	commit     string
	breakAfter int64             // cut the next transfers of a file after so many bytes; 0 for never
	noRanges   bool              // ignore Range headers
	etags      map[string]string // lies
	authorized string            // the last Authorization header
	log        []string          // "GET name Range"
}

func newHub(t *testing.T, files map[string][]byte) *standIn {
	t.Helper()
	h := &standIn{files: files, commit: strings.Repeat("c0ffee00", 5), etags: map[string]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	t.Setenv("HF_ENDPOINT", h.URL)
	t.Setenv("HF_TOKEN", "")
	return h
}

func (h *standIn) serve(w http.ResponseWriter, r *http.Request) {
	h.Lock()
	defer h.Unlock()
	h.authorized = r.Header.Get("Authorization")
	if r.URL.Path == "/api/models/owner/name/revision/main" {
		var siblings []map[string]string
		for name := range h.files {
			siblings = append(siblings, map[string]string{"rfilename": name})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "owner/name", "sha": h.commit, "siblings": siblings})
		return
	}
	name, stored := strings.CutPrefix(r.URL.Path, "/store/")
	if !stored {
		name = strings.TrimPrefix(r.URL.Path, "/owner/name/resolve/"+h.commit+"/")
	}
	content, ok := h.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(content)
	etag := hex.EncodeToString(sum[:])
	if len(content) < 20000 { // small files are named by git's hash
		git := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...))
		etag = hex.EncodeToString(git[:])
	} else if !stored {
		w.Header().Set("X-Linked-Etag", `"`+h.etag(name, etag)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
		http.Redirect(w, r, "/store/"+name+"?signature=1", http.StatusFound)
		return
	} else {
		etag = "store-" + etag[:16]
	}
	w.Header().Set("ETag", `"`+h.etag(name, etag)+`"`)
	if r.Method == http.MethodGet {
		h.log = append(h.log, strings.TrimSpace("GET "+name+" "+r.Header.Get("Range")))
		if h.noRanges {
			r.Header.Del("Range")
		}
		if h.breakAfter > 0 {
			w = &breaking{w, h.breakAfter}
		}
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func (h *standIn) etag(name, honest string) string {
	if lie, ok := h.etags[name]; ok {
		return lie
	}
	return honest
}

// breaking cuts the connection after some bytes of the body.
type breaking struct {
	http.ResponseWriter
	left int64
}

func (b *breaking) Write(data []byte) (int, error) {
	if int64(len(data)) > b.left {
		_, _ = b.ResponseWriter.Write(data[:b.left])
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= int64(len(data))
	return b.ResponseWriter.Write(data)
}

func (h *standIn) takeLog() string {
	h.Lock()
	defer h.Unlock()
	log := strings.Join(h.log, ", ")
	h.log = nil
	return log
}

func ggufRepo(t *testing.T) map[string][]byte {
	return map[string][]byte{"README.md": []byte("hello"), "tiny-Q4_1.gguf": readFile(t, "testdata/tiny.gguf")}
}

func TestImportFromHub(t *testing.T) {
	h := newHub(t, ggufRepo(t))
	opts := Options{CacheDir: t.TempDir()}
	dest := filepath.Join(t.TempDir(), "m")
	t.Setenv("HF_TOKEN", "secret")
	result, err := Import(t.Context(), "owner/name", dest, opts)
	if err != nil {
		t.Fatal(err)
	}
	wantTinyModel(t, dest)
	if p := result.Config.Provenance; p.Source != "owner/name" || p.Revision != h.commit {
		t.Errorf("provenance is %+v", p)
	}
	if got := h.takeLog(); got != "GET tiny-Q4_1.gguf" {
		t.Errorf("transfers: %s", got)
	}
	if h.authorized != "Bearer secret" {
		t.Errorf("authorization was %q", h.authorized)
	}
	// The file comes from the cache, even for another destination.
	if _, err := Import(t.Context(), "owner/name/tiny-Q4_1.gguf", filepath.Join(t.TempDir(), "m"), opts); err != nil {
		t.Fatal(err)
	}
	if got := h.takeLog(); got != "" {
		t.Errorf("transfers although all is in the cache: %s", got)
	}
	// The same import again needs no hub.
	h.Close()
	if r, err := Import(t.Context(), "owner/name", dest, opts); err != nil || !r.Unchanged {
		t.Errorf("second import: %+v, %v", r, err)
	}
	_, err = Import(t.Context(), "owner/name", filepath.Join(t.TempDir(), "m"), opts)
	wantError(t, err, "owner/name", "", "did not list the repository")
}

func TestInterruptedDownloadResumes(t *testing.T) {
	for _, noRanges := range []bool{false, true} {
		h := newHub(t, ggufRepo(t))
		h.noRanges = noRanges
		opts := Options{CacheDir: t.TempDir()}
		dest := filepath.Join(t.TempDir(), "m")
		h.breakAfter = 10000
		_, err := Import(t.Context(), "owner/name", dest, opts)
		wantError(t, err, "owner/name", "tiny-Q4_1.gguf", "the connection broke after 10000 of 32672 bytes")
		wantEmpty(t, filepath.Dir(dest))
		h.takeLog()
		if noRanges { // a hub that cannot resume costs a whole transfer
			h.breakAfter = 0
			if _, err := Import(t.Context(), "owner/name", dest, opts); err != nil {
				t.Fatal(err)
			}
			wantTinyModel(t, dest)
			continue
		}
		_, err = Import(t.Context(), "owner/name", dest, opts)
		wantError(t, err, "owner/name", "tiny-Q4_1.gguf", "the connection broke after 20000 of 32672 bytes")
		h.breakAfter = 0
		if _, err := Import(t.Context(), "owner/name", dest, opts); err != nil {
			t.Fatal(err)
		}
		wantTinyModel(t, dest)
		if got, want := h.takeLog(), "GET tiny-Q4_1.gguf bytes=10000-, GET tiny-Q4_1.gguf bytes=20000-"; got != want {
			t.Errorf("transfers %q, want %q", got, want)
		}
	}
}

func TestHubFolder(t *testing.T) {
	files := map[string][]byte{}
	entries, err := os.ReadDir("../checkpoint/testdata/sharded")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files[e.Name()] = readFile(t, "../checkpoint/testdata/sharded/"+e.Name())
	}
	files["other/big.bin"] = make([]byte, 1<<20)
	h := newHub(t, files)
	dest := filepath.Join(t.TempDir(), "m")
	result, err := Import(t.Context(), "owner/name", dest, Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if result.Config.VocabSize != 40 {
		t.Errorf("configuration is %+v", result.Config)
	}
	if got := h.takeLog(); strings.Count(got, "GET") != 6 || strings.Contains(got, "big.bin") {
		t.Errorf("transfers: %s", got)
	}
}

func TestHubErrors(t *testing.T) {
	tiny := readFile(t, "testdata/tiny.gguf")
	for name, c := range map[string]struct {
		source          string
		change          func(h *standIn)
		field, mentions string
	}{
		"unknown repository": {"owner/other", nil, "", "did not list the repository"},
		"several GGUFs":      {"owner/name", func(h *standIn) { h.files["b.gguf"] = tiny }, "", "there are 2 GGUF files"},
		"unknown file":       {"owner/name/c.gguf", nil, "c.gguf", "there is no such file"},
		"nothing":            {"owner/name", func(h *standIn) { delete(h.files, "tiny-Q4_1.gguf") }, "", "there is neither"},
		"no tokenizer":       {"owner/name", func(h *standIn) { h.files = map[string][]byte{"config.json": nil, "model.safetensors": nil} }, "tokenizer.json", "is not in the repository"},
		"path in file name":  {"owner/name", func(h *standIn) { h.files["../evil.gguf"] = tiny }, "siblings", "unusable file name"},
		"path in commit":     {"owner/name", func(h *standIn) { h.commit = "../../evil" }, "sha", "evil"},
		"path in ETag":       {"owner/name", func(h *standIn) { h.etags["tiny-Q4_1.gguf"] = "../../evil" }, "tiny-Q4_1.gguf", "unusable ETag"},
		"other content":      {"owner/name", func(h *standIn) { h.etags["tiny-Q4_1.gguf"] = zeros(64) }, "tiny-Q4_1.gguf", "has the hash"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, ggufRepo(t))
			if c.change != nil {
				c.change(h)
			}
			root := t.TempDir()
			opts := Options{CacheDir: filepath.Join(root, "cache")}
			dest := filepath.Join(root, "out", "m")
			_, err := Import(t.Context(), c.source, dest, opts)
			wantError(t, err, c.source, c.field, c.mentions)
			wantEmpty(t, filepath.Join(root, "out"))
			if matches, _ := filepath.Glob(filepath.Join(root, "*evil*")); len(matches) > 0 {
				t.Errorf("written outside the cache: %v", matches)
			}
		})
	}
}

// TestHubRetriever imports a repository in the layout of the sentence-transformers library, and one
// with an ONNX file only.
func TestHubRetriever(t *testing.T) {
	files := map[string][]byte{
		"config.json":               readFile(t, "testdata/bert/config.json"),
		"tokenizer.json":            readFile(t, "testdata/bert/tokenizer.json"),
		"modules.json":              []byte(modules("Transformer", "Pooling", "Dense", "Normalize")),
		"1_Pooling/config.json":     []byte(poolingConfig("cls_token")),
		"2_Dense/config.json":       []byte(identityHead),
		"2_Dense/model.safetensors": []byte(linearWeights(5, 12, true)),
		"README.md":                 []byte("---\nlicense: mit\n---\n"),
		"onnx/model.onnx":           readFile(t, "testdata/bert/opset11.onnx"),
		"pytorch_model.bin":         []byte("never fetched"),
	}
	want := checkpoint.Embedding{Pooling: "cls", Normalize: true, MaxTokens: 9, HeadDims: 5}

	for name, weights := range map[string]string{"safetensors": "model.safetensors", "ONNX": "onnx/model.onnx"} {
		t.Run(name, func(t *testing.T) {
			served := maps.Clone(files)
			if weights == "model.safetensors" {
				served[weights] = readFile(t, "testdata/bert/tiny.safetensors")
			}
			h := newHub(t, served)
			dest := filepath.Join(t.TempDir(), "m")
			if _, err := Import(t.Context(), "owner/name", dest, Options{CacheDir: t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			config := wantTinyBERT(t, dest)
			if config.Embedding == nil || *config.Embedding != want || config.Provenance.License != "mit" || config.Provenance.Revision != h.commit {
				t.Errorf("embedding %+v, provenance %+v", config.Embedding, config.Provenance)
			}
			wantHead(t, dest, want)
			log := h.takeLog()
			if strings.Contains(log, "pytorch_model.bin") || strings.Contains(log, "onnx") != (name == "ONNX") {
				t.Errorf("fetched %s", log)
			}
		})
	}
}
