package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
)

// The worker gets the released model unless it is told or has another.
func TestModelOfWorker(t *testing.T) {
	out := t.TempDir()
	name := func() string {
		t.Helper()
		m, _, err := modeldir.Open(os.DirFS(filepath.Join(out, "assets", "model")))
		if err != nil {
			t.Fatal(err)
		}
		return m.Name
	}
	released, _, err := modeldir.Open(models.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ model, want string }{
		{"", released.Name},
		{tinymodel.Write(t), "tiny"},
		{"", "tiny"},
	} {
		if err := run(t.Context(), out, step.model, ""); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != step.want {
			t.Errorf("-model %q: the worker serves %s, want %s", step.model, got, step.want)
		}
	}
	if err := modeldir.Check(os.DirFS(filepath.Join(out, "assets", "model"))); err != nil {
		t.Error(err)
	}
}
