package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// TestVectorsOfAnotherModel loads bundles whose vectors name the model or
// another one, with either manifest the last to arrive.
func TestVectorsOfAnotherModel(t *testing.T) {
	browser := browsertest.Open(t)
	assets, err := web.Build(true)
	if err != nil {
		t.Fatal(err)
	}
	assets["guest.wasm"] = guestbuild.Module(t)
	assets["kernels_baseline.wasm"], assets["kernels_relaxed.wasm"] = simd128.Baseline, simd128.Relaxed
	modelDir := tinymodel.Write(t)
	manifest, err := os.ReadFile(filepath.Join(modelDir, model.FileName))
	if err != nil {
		t.Fatal(err)
	}
	const refused = "0 vectors: these vectors were made by another model: index the passages with this one; keyword"
	for _, test := range []struct{ name, late, model, want string }{
		{"same model", "/index/index.json", hash(manifest), "1 vectors: undefined; keyword fused"},
		{"same model, read last", "/model/model.json", hash(manifest), "1 vectors: undefined; keyword fused"},
		{"other model", "/index/index.json", hash(nil), refused},
		{"other model, read last", "/model/model.json", hash(nil), refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			bundle, vectors := writeBundle(t, test.model)
			models, indexes := http.FileServer(http.Dir(modelDir)), http.FileServer(http.Dir(bundle))
			mux := http.NewServeMux()
			mux.Handle("/", http.FileServerFS(assets))
			mux.Handle("/model/", http.StripPrefix("/model/", models))
			mux.Handle("/index/", http.StripPrefix("/index/", indexes))
			mux.HandleFunc("/blank", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>test</title>") })
			var fetched atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == test.late {
					time.Sleep(700 * time.Millisecond)
				}
				if strings.HasSuffix(r.URL.Path, vectors) {
					fetched.Store(true)
				}
				mux.ServeHTTP(w, r)
			}))
			defer server.Close()
			if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/blank")); err != nil {
				t.Fatal(err)
			}
			got, err := browsertest.Await[string](browser, `(async () => {
				const { open } = await import("/effir.js");
				const search = open({ runtime: "/", index: "/index/", model: "/model/" });
				await search.embed(["text"]);
				await search.refresh(); // must not let in what was refused
				const modes = [];
				for await (const { mode } of search.search("file")) modes.push(mode);
				const { vectors, vectorsError } = search.status.index;
				search.close();
				return vectors + " vectors: " + vectorsError + "; " + modes.join(" ");
			})()`)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
			if test.model == hash(nil) && test.late == "/index/index.json" && fetched.Load() {
				t.Error("vectors that were known to be of another model were fetched")
			}
		})
	}
}

// writeBundle makes a bundle of one passage with a vector of the tiny model's
// size that names a model by its hash. It returns the folder and the name of the
// vectors' file.
func writeBundle(t *testing.T, model string) (dir, vectorsFile string) {
	t.Helper()
	dir = t.TempDir()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	store := func(content []byte, err error) index.File {
		check(err)
		file := index.File{SHA256: hash(content), Bytes: int64(len(content))}
		check(os.WriteFile(filepath.Join(dir, file.FileName()), content, 0o644))
		return file
	}
	passage := index.Passage{Title: "os.ReadFile", Text: "ReadFile reads the named file.", URL: "/os#ReadFile", Section: "os"}
	words := index.NewBuilder(index.DefaultParameters())
	words.Add(index.Document{Title: passage.Title, Text: passage.Text})
	keyword := store(words.MarshalBinary())
	passages := store(index.MarshalPassages([]index.Passage{passage}))
	vector := make([]float32, tinymodel.Config().HiddenSize)
	vector[0] = 1
	vectors, err := index.NewVectors(len(vector))
	check(err)
	check(vectors.Append(vector))
	bundle := index.NewBundle(1, keyword, passages, index.DefaultFusion())
	file := store(vectors.MarshalBinary())
	bundle.Vectors = &index.VectorFile{File: file, Model: model, Dims: vectors.Dims(), Count: 1}
	text, err := json.Marshal(bundle)
	check(err)
	check(os.WriteFile(filepath.Join(dir, index.ManifestName), text, 0o644))
	return dir, file.FileName()
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
