package main_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/edge/edgebuild"
	"github.com/effir/effir/edge/edgetest"
	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/edge/service"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/engine"
)

func TestWranglerConfiguration(t *testing.T) {
	model := tinymodel.Write(t)
	worker := edgetest.StartWrangler(t, "wrangler.jsonc", model, tinybundle.Write(t, model))
	var answer engine.Answer
	get(t, worker.URL+"/search?q=file&mode=fused", http.StatusOK, &answer)
	if answer.Mode != "fused" || len(answer.Hits) == 0 {
		t.Errorf("unexpected answer %+v", answer)
	}
	var health service.Health
	get(t, worker.URL+"/health", http.StatusOK, &health)
	if health.Model.Name != "tiny" {
		t.Errorf("unexpected model %+v", health.Model)
	}
}

func TestAssets(t *testing.T) {
	dir := t.TempDir()
	model := tinymodel.Write(t)
	for _, bundle := range []string{tinybundle.Write(t, ""), tinybundle.Write(t, model)} {
		if err := edgebuild.Assets(t.Context(), dir, os.DirFS(model), os.DirFS(bundle)); err != nil {
			t.Fatal(err)
		}
		for to, from := range map[string]string{"model": model, "index": bundle} {
			if got, want := contents(t, filepath.Join(dir, to)), contents(t, from); got != want {
				t.Errorf("%s holds\n%swant\n%s", to, got, want)
			}
		}
	}
	if err := edgebuild.Assets(t.Context(), dir, os.DirFS(t.TempDir()), os.DirFS(tinybundle.Write(t, ""))); err == nil || !strings.Contains(err.Error(), "model.json") {
		t.Errorf("a folder without model: %v", err)
	}
	if err := edgebuild.Assets(t.Context(), dir, os.DirFS(model), os.DirFS(t.TempDir())); err == nil || !strings.Contains(err.Error(), "index.json") {
		t.Errorf("a folder without bundle: %v", err)
	}
	other := os.DirFS(tinybundle.Write(t, tinymodel.WriteBert(t)))
	if err := edgebuild.Assets(t.Context(), dir, os.DirFS(model), other); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("a bundle of another model: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := edgebuild.Assets(ctx, dir, os.DirFS(model), os.DirFS(tinybundle.Write(t, ""))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// contents lists the names of the files in dir with hashes of their contents, but
// for the hashes that publishing adds.
func contents(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, entry := range entries {
		if entry.Name() == publish.PagesName {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&list, "%s %x\n", entry.Name(), sha256.Sum256(content))
	}
	return list.String()
}
