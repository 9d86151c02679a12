package main_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/edge/edgetest"
	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/edge/service"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/engine"
)

// slowAssets serves a model package and a bundle; chunks and tokenizer of the
// model only after open is closed.
type slowAssets struct {
	model, bundle http.Handler
	open          chan struct{}

	mu     sync.Mutex
	served map[string]int // by file name
}

func newSlowAssets(t *testing.T) *slowAssets {
	model := tinymodel.Write(t)
	return &slowAssets{
		model:  http.StripPrefix("/model/", http.FileServerFS(os.DirFS(model))),
		bundle: http.StripPrefix("/index/", http.FileServerFS(os.DirFS(tinybundle.Write(t, model)))),
		open:   make(chan struct{}),
		served: map[string]int{},
	}
}

func (a *slowAssets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.served[path.Base(r.URL.Path)]++
	a.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/index/") {
		a.bundle.ServeHTTP(w, r)
		return
	}
	if strings.HasSuffix(r.URL.Path, ".bin") {
		<-a.open
	}
	a.model.ServeHTTP(w, r)
}

// waitForChunk returns once the worker has asked for a chunk of the model.
func (a *slowAssets) waitForChunk(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		a.mu.Lock()
		count := len(a.served)
		a.mu.Unlock()
		if count > 1 { // the manifest and a chunk
			return
		}
	}
	t.Fatal("the worker asked for no chunk")
}

func TestKeywordSearchDoesNotWaitForTheModel(t *testing.T) {
	assets := newSlowAssets(t)
	worker := edgetest.StartProcess(t, edgetest.Options{Assets: assets})
	embedded := make(chan error, 1)
	go func() {
		_, err := edgetest.Embeddings(t.Context(), worker.URL, []string{"a"})
		embedded <- err
	}()
	assets.waitForChunk(t)
	for _, query := range []string{"q=cancel", "q=cancel&mode=keyword"} {
		var answer engine.Answer
		get(t, worker.URL+"/search?"+query, http.StatusOK, &answer)
		if answer.Mode != "keyword" || len(answer.Hits) == 0 {
			t.Errorf("%s: %+v", query, answer)
		}
	}
	close(assets.open)
	if err := <-embedded; err != nil {
		t.Error(err)
	}
}

// TestRequestsShareOneLoad also has the first client leave in the middle.
func TestRequestsShareOneLoad(t *testing.T) {
	assets := newSlowAssets(t)
	worker := edgetest.StartProcess(t, edgetest.Options{Assets: assets})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := edgetest.Embeddings(ctx, worker.URL, []string{"first"})
		left <- err
	}()
	assets.waitForChunk(t)
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if _, err := edgetest.Embeddings(t.Context(), worker.URL, []string{"other"}); err != nil {
				t.Error(err)
			}
		})
	}
	leave()
	if err := <-left; err == nil {
		t.Error("the first client did not leave")
	}
	time.Sleep(100 * time.Millisecond)
	close(assets.open)
	wait.Wait()
	for name, count := range assets.served {
		if count != 1 {
			t.Errorf("%s was fetched %d times", name, count)
		}
	}
}

// TestWorkerSurvivesATrap makes a kernel trap once in the life of the process.
func TestWorkerSurvivesATrap(t *testing.T) {
	model := tinymodel.Write(t)
	worker := edgetest.StartProcess(t, edgetest.Options{ModelDir: model, BundleDir: tinybundle.Write(t, model), Change: func(files map[string][]byte) {
		replace(t, files, "worker.mjs", "kernel: kernels.exports,", `kernel: {
			...kernels.exports,
			normalise(x, dim) {
				if (!globalThis.trapped) {
					globalThis.trapped = true;
					throw new WebAssembly.RuntimeError("unreachable");
				}
				return kernels.exports.normalise(x, dim);
			},
		},`)
	}})
	get(t, worker.URL+"/search?q=file&mode=keyword", http.StatusOK, new(engine.Answer))
	_, err := edgetest.Embeddings(t.Context(), worker.URL, []string{"a"})
	if err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("the request that trapped: %v, want status 500", err)
	}
	first, err := edgetest.Embeddings(t.Context(), worker.URL, []string{"a"})
	if err != nil {
		t.Fatalf("after the trap: %v", err)
	}
	second, err := edgetest.Embeddings(t.Context(), worker.URL, []string{"a"})
	if err != nil || !bytes.Equal(first[0], second[0]) {
		t.Errorf("the new program is not stable: %v", err)
	}
	get(t, worker.URL+"/search?q=file&mode=fused", http.StatusOK, new(engine.Answer))
}

// TestMemoryStaysBounded serves many requests with one program.
func TestMemoryStaysBounded(t *testing.T) {
	model := tinymodel.Write(t)
	url := edgetest.Start(t, model, tinybundle.Write(t, model))
	serve := func(rounds int) service.Memory {
		for range rounds {
			get(t, url+"/search?q=file&mode=fused", http.StatusOK, new(engine.Answer))
			if _, err := edgetest.Embeddings(t.Context(), url, []string{"a", "b"}); err != nil {
				t.Fatal(err)
			}
		}
		var health service.Health
		get(t, url+"/health", http.StatusOK, &health)
		return health.Memory
	}
	before := serve(300)
	after := serve(1000)
	if after.Program > before.Program+1<<19 || after.Kernels != before.Kernels {
		t.Errorf("memory grew from %+v to %+v", before, after)
	}
	t.Logf("after 1300 rounds: %+v", after)
}
