package service

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/edge/internal/tinybundle"
)

func TestHealth(t *testing.T) {
	s, h := newTest(t)
	before := decode[Health](t, call(s, "GET", "/health", ""), 200)
	if before.Index.State != "absent" || before.Model.State != "absent" || before.Kernels != "reference" || before.Memory.Program != 2 || len(h.reads) != 0 {
		t.Errorf("before use: %+v, read %v", before, h.reads)
	}
	call(s, "GET", "/search?q=a&mode=fused", "")
	after := decode[Health](t, call(s, "GET", "/health", ""), 200)
	if after.Index.State != "ready" || after.Index.Passages != len(tinybundle.Passages) || after.Index.Vectors != len(tinybundle.Passages) {
		t.Errorf("index after use: %+v", after.Index)
	}
	if after.Model.State != "ready" || after.Model.Name != "tiny" || after.Model.Loaded != after.Model.Bytes || after.Model.Bytes == 0 {
		t.Errorf("model after use: %+v", after.Model)
	}
}

func TestHealthTellsFailures(t *testing.T) {
	s, h := newTest(t)
	if err := os.RemoveAll(filepath.Join(h.dir, "model")); err != nil {
		t.Fatal(err)
	}
	call(s, "POST", "/v1/embeddings", `{"input":"a"}`)
	got := decode[Health](t, call(s, "GET", "/health", ""), 503)
	if got.Status != "degraded" || got.Model.State != "failed" || got.Model.Error == "" || got.Index.State != "absent" {
		t.Errorf("%+v", got)
	}
}

func TestBundleWithoutVectors(t *testing.T) {
	s, h := newTest(t)
	dir := filepath.Join(h.dir, "index")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(tinybundle.Write(t, ""))); err != nil {
		t.Fatal(err)
	}
	decode[failure](t, call(s, "GET", "/search?q=file&mode=semantic", ""), 501)
	if w := call(s, "GET", "/search?q=file", ""); w.Code != 200 || len(h.tasks) != 0 {
		t.Errorf("auto: %d %s, %d tasks", w.Code, w.Body, len(h.tasks))
	}
}

func TestVectorsOfAnotherModelAreRefused(t *testing.T) {
	s, h := newTest(t)
	path := filepath.Join(h.dir, "model", "model.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	got := decode[failure](t, call(s, "GET", "/search?q=file&mode=semantic", ""), 503).Error
	if got.Message != errOtherModel.Error() {
		t.Errorf("got %q", got.Message)
	}
}
