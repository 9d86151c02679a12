package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/kernel"
)

// folder is a Host over a folder with model/ and index/.
type folder struct {
	dir     string
	kernels kernel.Kernels

	mu    sync.Mutex
	reads map[string]int
	tasks []func()
}

func (h *folder) Manifest(path string, limit int) ([]byte, error) {
	h.mu.Lock()
	h.reads[path]++
	h.mu.Unlock()
	b, err := os.ReadFile(filepath.Join(h.dir, path))
	if err == nil && len(b) > limit {
		err = errors.New(path + " is too large")
	}
	return b, err
}

func (h *folder) File(path, sum string, size int) ([]byte, error) {
	b, err := h.Manifest(path, size)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != sum || len(b) != size {
		return nil, errors.New(path + " has other content")
	}
	return b, nil
}

func (h *folder) Weights(p kernel.Ptr, path, sum string, size int) error {
	b, err := h.File(path, sum, size)
	if err == nil {
		h.kernels.Write(p, b)
	}
	return err
}

func (h *folder) Pause(d time.Duration) {
	runtime.Gosched()
	time.Sleep(d)
}

func (h *folder) Background(task func()) { h.tasks = append(h.tasks, task) }

func (h *folder) Memory() Memory { return Memory{Kernels: 1, Program: 2} }

// runTasks does what an answer has left behind.
func (h *folder) runTasks() {
	for _, task := range h.tasks {
		task()
	}
	h.tasks = nil
}

// assets holds the tiny model and its bundle below model/ and index/.
var assets struct {
	once  sync.Once
	files fstest.MapFS
}

// newTest returns a service over files of its own.
func newTest(t *testing.T) (*Service, *folder) {
	t.Helper()
	assets.once.Do(func() {
		assets.files = fstest.MapFS{}
		model := tinymodel.Write(t)
		for name, dir := range map[string]string{"model": model, "index": tinybundle.Write(t, model)} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
				if err != nil {
					t.Fatal(err)
				}
				assets.files[name+"/"+entry.Name()] = &fstest.MapFile{Data: content, Mode: 0o644}
			}
		}
	})
	dir := t.TempDir()
	if err := os.CopyFS(dir, assets.files); err != nil {
		t.Fatal(err)
	}
	k := kernel.NewReference()
	h := &folder{dir: dir, kernels: k, reads: map[string]int{}}
	return New(k, h), h
}

// call sends a request; body "" is none.
func call(s *Service, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// decode reads an answer's JSON and checks its status.
func decode[T any](t *testing.T, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}
