package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web/browsertest"
)

// packed builds the package to node_modules/effir of a folder.
func packed(t *testing.T) (dir string) {
	t.Helper()
	if _, err := os.Stat("../node_modules/.bin/tsc"); err != nil {
		if os.Getenv(browsertest.RequireVariable) == "1" {
			t.Fatal("no TypeScript compiler: run npm ci in web/")
		}
		t.Skip("no TypeScript compiler: run npm ci in web/")
	}
	dir = t.TempDir()
	out := filepath.Join(dir, "node_modules", "effir")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := build(t.Context(), out, "..", guestbuild.Module(t), []byte("licence")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What npm would publish is what the README promises, and no more.
func TestPack(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("no npm")
	}
	command := exec.CommandContext(t.Context(), npm, "pack", "--dry-run", "--json", "--offline")
	command.Dir = filepath.Join(packed(t), "node_modules", "effir")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var reports []struct {
		Name  string
		Files []struct{ Path string }
	}
	if err := json.Unmarshal(output, &reports); err != nil || len(reports) != 1 {
		t.Fatalf("%v: %s", err, output)
	}
	var paths []string
	for _, file := range reports[0].Files {
		if !strings.HasPrefix(file.Path, "types/") {
			paths = append(paths, file.Path)
		}
	}
	slices.Sort(paths)
	want := []string{
		"LICENSE", "README.md", "effir-search.js", "effir.js", "guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm",
		"package.json", "sw.js", "worker.js",
	}
	if reports[0].Name != "effir" || !slices.Equal(paths, want) {
		t.Errorf("%s packs %q, want %q", reports[0].Name, paths, want)
	}
	var p struct {
		Exports      map[string]json.RawMessage
		Dependencies map[string]string
		Scripts      map[string]string
	}
	if err := json.Unmarshal(manifest, &p); err != nil || len(p.Dependencies) != 0 || len(p.Scripts) != 0 {
		t.Errorf("dependencies or scripts: %v, %v, %v", p.Dependencies, p.Scripts, err)
	}
	for name := range p.Exports {
		if file := strings.TrimPrefix(name, "./"); name != "." && !slices.Contains(want, file) {
			t.Errorf("%s is exported but not packed", name)
		}
	}
}

// A user's TypeScript compiles against the declarations, and mistakes do not.
func TestDeclarations(t *testing.T) {
	dir := packed(t)
	compiler, err := filepath.Abs("../node_modules/.bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	const good = `
import { createIndex, open, registerOffline, type Hit, type Status } from "effir";
import { EffirSearch } from "effir/effir-search.js";
const search = await open("/effir/", { meaning: "auto", onProgress: (status: Status) => console.log(status.model.loaded) });
const all: Hit[] = [];
for await (const { hits, final, mode } of search.search("a", { mode: "fused", filters: { section: ["a"] }, limit: 3 })) if (final && mode !== "keyword") all.push(...hits);
const [vector] = await search.embed(["a"], { kind: "passage" });
console.log(vector?.length, all[0]?.passages[0]?.highlights[0]?.[0]);
const notes = await createIndex("notes");
await notes.add([{ id: "1", text: "a" }]);
await registerOffline({ script: "/sw.js" });
document.querySelector("effir-search") satisfies EffirSearch | null;
`
	check := func(source string) (string, error) {
		if err := os.WriteFile(filepath.Join(dir, "user.ts"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), compiler, "--noEmit", "--strict", "--target", "es2022", "--module", "esnext",
			"--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable,dom.asynciterable", "user.ts")
		command.Dir = dir
		output, err := command.CombinedOutput()
		return string(output), err
	}
	if output, err := check(good); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	for right, wrong := range map[string]string{`mode: "fused"`: `mode: "fussed"`, `id: "1"`: `id: 1`, `kind: "passage"`: `kind: 7`} {
		output, err := check(strings.Replace(good, right, wrong, 1))
		if err == nil || !strings.Contains(output, "user.ts") || strings.Contains(output, "Cannot find") {
			t.Errorf("%s: %v %s", wrong, err, output)
		}
	}
}

// The package's files, served as they are, search a site under a strict policy.
func TestImportInBrowser(t *testing.T) {
	browser := browsertest.Open(t)
	dir := packed(t)
	model := filepath.Join(dir, "index", "model")
	if err := publish.Model(t.Context(), model, os.DirFS(tinymodel.Write(t))); err != nil {
		t.Fatal(err)
	}
	pages := []site.Page{{URL: "../a/", Title: "Sorting", Passages: []site.Passage{{Text: "Slices are sorted in place."}}}}
	if _, err := site.Write(t.Context(), filepath.Join(dir, "index"), site.Content{Pages: pages, Fusion: index.DefaultFusion()}, nil); err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
		if r.URL.Path == "/" {
			fmt.Fprint(w, "<!doctype html><title>test</title>")
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/")); err != nil {
		t.Fatal(err)
	}
	got, err := browsertest.Await[string](browser, `(async () => {
		const { open, createIndex, registerOffline } = await import("/node_modules/effir/effir.js");
		await import("/node_modules/effir/effir-search.js");
		const search = await open("/index/");
		const found = [];
		for await (const { mode, hits, final } of search.search("sorted slice")) found.push(mode, hits[0].title, final);
		const [vector] = await search.embed(["text"]);
		search.close();
		return [...found, vector.length, typeof createIndex, typeof registerOffline, !!customElements.get("effir-search")].join();
	})()`)
	if want := "keyword,Sorting,true,64,function,function,true"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}
