package publish_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Every 64 KiB of every chunk, and what is left at its end, has its hash in
// pages.json, in order.
func TestPages(t *testing.T) {
	dir := t.TempDir()
	if err := publish.Model(t.Context(), dir, models.Default()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, publish.PagesName))
	if err != nil {
		t.Fatal(err)
	}
	var pages publish.Pages
	if err := json.Unmarshal(text, &pages); err != nil {
		t.Fatal(err)
	}
	m, raw, err := modeldir.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if pages.Model != modeldir.Identity(raw) || pages.PageBytes != 65536 {
		t.Errorf("pages of %d bytes for the model %s", pages.PageBytes, pages.Model)
	}
	var want []string
	for _, chunk := range m.Weights.Chunks {
		content, err := os.ReadFile(filepath.Join(dir, chunk.FileName()))
		if err != nil {
			t.Fatal(err)
		}
		for page := range slices.Chunk(content, 65536) {
			sum := sha256.Sum256(page)
			want = append(want, hex.EncodeToString(sum[:])[:32])
		}
	}
	if !slices.Equal(pages.SHA256, want) {
		t.Errorf("%d hashes differ from the %d that the chunks have", len(pages.SHA256), len(want))
	}
}

func TestADamagedPackageIsNotPublished(t *testing.T) {
	from, to := tinymodel.Write(t), filepath.Join(t.TempDir(), "to")
	m, _, err := modeldir.Open(os.DirFS(from))
	if err != nil {
		t.Fatal(err)
	}
	name := m.Weights.Chunks[0].FileName()
	content, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{append(content[:len(content)-1:len(content)-1], content[len(content)-1]^1), content[:len(content)/2], nil} {
		if err := os.WriteFile(filepath.Join(from, name), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := publish.Model(t.Context(), to, os.DirFS(from)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%d bytes: %v", len(damaged), err)
		}
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a folder was made for nothing")
	}
}
