package main_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/edge/edgetest"
	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/edge/service"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/native"
)

func TestEmbeddingsEqualNative(t *testing.T) {
	model := tinymodel.Write(t)
	reference, err := native.Open(os.DirFS(model), native.Options{Kernels: kernel.NewReference()})
	if err != nil {
		t.Fatal(err)
	}
	texts := manyTexts()
	want, err := reference.Embed(t.Context(), texts, encoder.Query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, kernels, old, new string }{
		{"relaxed SIMD", "simd128-relaxed", "", ""},
		{"unknown relaxed SIMD", "simd128-baseline", "WebAssembly.validate(relaxedProbe)", "false"},
		{"wrong relaxed SIMD", "simd128-baseline", "bits === expected[i]", "bits !== expected[i]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			worker := edgetest.StartProcess(t, edgetest.Options{ModelDir: model, Change: func(files map[string][]byte) {
				replace(t, files, "kernels.mjs", test.old, test.new)
			}})
			got, err := edgetest.Embeddings(t.Context(), worker.URL, texts)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range texts {
				if !bytes.Equal(got[i], littleEndian(want[i])) {
					t.Errorf("text %d, %.40q: the worker's bytes differ from the reference's", i, text)
				}
			}
			var health service.Health
			get(t, worker.URL+"/health", http.StatusOK, &health)
			if health.Kernels != test.kernels || health.Model.State != "ready" || health.Memory.Kernels <= health.Model.Bytes {
				t.Errorf("health after %d texts: %+v", len(texts), health)
			}
		})
	}
}

// manyTexts are of all lengths around the model's longest, in several scripts.
func manyTexts() []string {
	texts := []string{"how do I cancel a request", "数字を文字列に", "كيف ألغي الطلب؟", "🙂👩‍👩‍👧", "\x00\x01", "a", " ", "\n", "\ufffd"}
	for n := 0; n < 2*tinymodel.MaxTokens; n += 1 + n/32 {
		texts = append(texts, strings.Repeat("wörd ", n/5)+strings.Repeat("x", n%5+1))
	}
	return texts
}

func littleEndian(vector []float32) []byte {
	var b []byte
	for _, x := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// replace edits a file of the worker.
func replace(t *testing.T, files map[string][]byte, name, old, new string) {
	t.Helper()
	if !bytes.Contains(files[name], []byte(old)) {
		t.Fatalf("%s has no %q", name, old)
	}
	files[name] = bytes.Replace(files[name], []byte(old), []byte(new), 1)
}

func TestSearchInWorkerd(t *testing.T) {
	model := tinymodel.Write(t)
	url := edgetest.Start(t, model, tinybundle.Write(t, model))
	var health service.Health
	get(t, url+"/health", http.StatusOK, &health)
	if health.Index.State != "absent" || health.Model.State != "absent" {
		t.Errorf("something was loaded before it was asked for: %+v", health)
	}
	for _, mode := range []string{"keyword", "semantic", "fused"} {
		var answer engine.Answer
		get(t, url+"/search?q=read+a+file&limit=3&mode="+mode, http.StatusOK, &answer)
		if answer.Mode != mode || len(answer.Hits) == 0 || len(answer.Hits) > 3 || answer.Hits[0].URL == "" {
			t.Errorf("mode %s: %+v", mode, answer)
		}
	}
}

func TestSearchAnswersWhileTheModelLoads(t *testing.T) {
	model := tinymodel.Write(t)
	address := edgetest.Start(t, model, tinybundle.Write(t, model))
	var answer engine.Answer
	get(t, address+"/search?q=cancel", http.StatusOK, &answer)
	if answer.Mode != "keyword" || len(answer.Hits) == 0 || answer.Hits[0].Title != "context.WithCancel" {
		t.Errorf("first answer: %+v", answer)
	}
	for deadline := time.Now().Add(20 * time.Second); answer.Mode != "fused"; {
		if time.Now().After(deadline) {
			t.Fatal("the model was never loaded behind the first answer")
		}
		time.Sleep(20 * time.Millisecond)
		get(t, address+"/search?q=cancel", http.StatusOK, &answer)
	}
	if len(answer.Hits) != len(tinybundle.Passages) || answer.Tokens == 0 {
		t.Errorf("fused answer: %+v", answer)
	}
}

func TestBadRequestsInWorkerd(t *testing.T) {
	model := tinymodel.Write(t)
	address := edgetest.Start(t, model, tinybundle.Write(t, model))
	for _, test := range []struct {
		method, target, body string
		status               int
	}{
		{"GET", "/", "", 404},
		{"GET", "/..%2f..%2fetc%2fpasswd", "", 404},
		{"GET", "/%ff", "", 400},
		{"GET", "/search", "", 400},
		{"GET", "/search?q=", "", 400},
		{"GET", "/search?q=%zz", "", 400},
		{"GET", "/search?q=" + strings.Repeat("a", 5000), "", 413},
		{"GET", "/search?q=a&mode=x", "", 400},
		{"GET", "/search?q=" + url.QueryEscape("\x00\xff\xfe"), "", 200},
		{"POST", "/search?q=a", "", 405},
		{"PUT", "/health", "x", 405},
		{"GET", "/v1/embeddings", "", 405},
		{"POST", "/v1/embeddings", "", 400},
		{"POST", "/v1/embeddings", "{", 400},
		{"POST", "/v1/embeddings", "\x00\xff\x80", 400},
		{"POST", "/v1/embeddings", `{"input":[]}`, 400},
		{"POST", "/v1/embeddings", `{"input":"` + strings.Repeat("a", 3<<20) + `"}`, 413},
		{"POST", "/v1/embeddings", `{"input":"a","dimensions":3}`, 400},
	} {
		request, err := http.NewRequest(test.method, address+test.target, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Errorf("%s %.60s: %v", test.method, test.target, err)
			continue
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != test.status || !json.Valid(text) || response.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %.60s: %d (want %d), %v, %s", test.method, test.target, response.StatusCode, test.status, err, text)
		}
	}
}

func TestBrokenAssetsInWorkerd(t *testing.T) {
	model := tinymodel.Write(t)
	address := edgetest.Start(t, model, "")
	whole := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(model, "*"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if whole[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	for _, damage := range []struct {
		name, kind, tells string
		do                func(path string, content []byte) error
	}{
		{"no manifest", ".json", "model/model.json is missing", func(path string, _ []byte) error { return os.Remove(path) }},
		{"binary manifest", ".json", "model.json: ", func(path string, _ []byte) error { return os.WriteFile(path, []byte("\x00\xff"), 0o644) }},
		{"huge manifest", ".json", "model/model.json is larger", func(path string, _ []byte) error { return os.Truncate(path, 1<<30) }},
		{"missing", ".bin", ".bin is missing", func(path string, _ []byte) error { return os.Remove(path) }},
		{"changed", ".bin", ".bin does not have the content", func(path string, b []byte) error {
			b[len(b)/2] ^= 1
			return os.WriteFile(path, b, 0o644)
		}},
		{"longer", ".bin", ".bin is larger", func(path string, b []byte) error { return os.WriteFile(path, append(b, 0), 0o644) }},
		{"empty", ".bin", ".bin does not have the content", func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o644) }},
	} {
		for file, content := range whole {
			err := os.WriteFile(file, content, 0o644)
			if err == nil && filepath.Ext(file) == damage.kind {
				err = damage.do(file, bytes.Clone(content))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := edgetest.Embeddings(t.Context(), address, []string{"a"})
		if err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), damage.tells) {
			t.Errorf("%s: got %v, want status 503 and %q", damage.name, err, damage.tells)
		}
	}
	for file, content := range whole {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := edgetest.Embeddings(t.Context(), address, []string{"a"}); err != nil {
		t.Errorf("no recovery with whole files: %v", err)
	}
}

func TestConcurrentRequests(t *testing.T) {
	model := tinymodel.Write(t)
	address := edgetest.Start(t, model, tinybundle.Write(t, model))
	alone, err := edgetest.Embeddings(t.Context(), address, []string{"sort"})
	if err != nil {
		t.Fatal(err)
	}
	address = edgetest.Start(t, model, tinybundle.Write(t, model))
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			switch i % 4 {
			case 0:
				got, err := edgetest.Embeddings(t.Context(), address, []string{"other", "sort", "third"})
				if err != nil || !bytes.Equal(got[1], alone[0]) {
					t.Errorf("embedding under load: %v", err)
				}
			case 1:
				get(t, address+"/search?q=file&mode=keyword", http.StatusOK, new(engine.Answer))
			case 2:
				get(t, address+"/search?q=file&mode=fused", http.StatusOK, new(engine.Answer))
			case 3:
				get(t, address+"/health", http.StatusOK, new(service.Health))
			}
		})
	}
	wait.Wait()
}

// get reads JSON from url into v and checks the status.
func get(t *testing.T, url string, status int, v any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Errorf("%s: %v", url, err)
		return
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode == status {
		err = json.Unmarshal(text, v)
	}
	if err != nil || response.StatusCode != status {
		t.Errorf("%s: %s, %v: %s", url, response.Status, err, text)
	}
}
