package web_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

var (
	library = []string{web.ComponentFile, web.ClientFile, web.WorkerFile, web.OfflineFile}
	bundled = append([]string{
		web.PageFile, web.FilesFile, web.HappenedFile, web.IconFile, web.StyleFile, "search.js", "files.js", "happened.js",
	}, library...)
)

func TestBundle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	if err := web.Bundle(t.Context(), dir, true); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(bundled) {
		t.Errorf("the folder holds %v, want %q only: %v", entries, bundled, err)
	}
	plain, err := web.Build(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range bundled {
		small, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(small) == 0 || len(small) > len(plain[name]) {
			t.Errorf("%s has %d bytes minified, %d plain", name, len(small), len(plain[name]))
		}
		small = bytes.ReplaceAll(small, []byte(`http://www.w3.org/2000/svg`), nil) // a name, not a place
		if bytes.Contains(small, []byte("http://")) || bytes.Contains(small, []byte("https://")) {
			t.Errorf("%s names a host: the page must not load anything from others", name)
		}
	}
}

func TestLibrary(t *testing.T) {
	assets, err := web.Library(true)
	if err != nil {
		t.Fatal(err)
	}
	if len(assets) != len(library) {
		t.Errorf("the library has %d files, want %q", len(assets), library)
	}
	for _, name := range library {
		if len(assets[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	// A service worker is a classic script: it must not import or export.
	if script := string(assets[web.OfflineFile]); strings.Contains(script, "import") || strings.Contains(script, "export") {
		t.Error("sw.js is a module")
	}
}

// The library's files and the modules are one build, named after all of them: in
// scripts, and in a section of modules, which stay modules.
func TestBuildName(t *testing.T) {
	name := regexp.MustCompile(`"([0-9a-f]{16})"`)
	modules := web.Assets{"guest.wasm": simd128.Baseline, "kernels_baseline.wasm": simd128.Baseline, "kernels_relaxed.wasm": simd128.Relaxed}
	build := func(modules fs.FS) string {
		t.Helper()
		assets, err := web.LibraryWith(modules, true)
		if err != nil {
			t.Fatal(err)
		}
		build := ""
		for _, file := range []string{web.ComponentFile, web.ClientFile, web.WorkerFile} {
			found := name.FindSubmatch(assets[file])
			if found == nil || build != "" && build != string(found[1]) {
				t.Fatalf("%s is of the build %q, others of %q", file, found, build)
			}
			build = string(found[1])
		}
		for _, file := range web.ModuleFiles {
			if modules == nil {
				continue
			}
			original, err := fs.ReadFile(modules, file)
			if err != nil {
				t.Fatal(err)
			}
			rest, ok := bytes.CutPrefix(assets[file], original)
			if want := "\x00\x1c\x0beffir build" + build; !ok || string(rest) != want {
				t.Errorf("%s ends in %q, want %q", file, rest, want)
			}
		}
		return build
	}
	one := build(modules)
	if build(modules) != one {
		t.Error("the same files are two builds")
	}
	modules["guest.wasm"] = append(bytes.Clone(simd128.Baseline), 0, 1, 0)
	if build(modules) == one || build(nil) == one {
		t.Error("with other modules it is the same build")
	}
	if _, err := web.LibraryWith(web.Assets{}, true); err == nil || !strings.Contains(err.Error(), "guest.wasm") {
		t.Errorf("without modules: %v", err)
	}
}

func TestBundleReplacesAndObeysItsContext(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, web.ClientFile)
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := web.Bundle(ended, dir, false); err == nil {
		t.Error("a cancelled bundle gave no error")
	}
	if content, _ := os.ReadFile(old); string(content) != "old" {
		t.Error("a cancelled bundle changed a file")
	}
	if err := web.Bundle(t.Context(), dir, false); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(old); string(content) == "old" {
		t.Error("the old file is still there")
	}
}

func TestAssetsIsAFileSystem(t *testing.T) {
	assets := web.Assets{"a.js": []byte("1"), "b.css": nil}
	content, err := fs.ReadFile(assets, "a.js")
	if err != nil || string(content) != "1" {
		t.Errorf("%q, %v", content, err)
	}
	for _, name := range []string{"c.js", "", ".", "../a.js"} {
		if _, err := assets.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

func TestCompileNamesTheMistake(t *testing.T) {
	entry := []api.EntryPoint{{InputPath: "a.ts", OutputPath: "a"}}
	for mistake, want := range map[string]string{
		`import "./b.ts";`:   "b.ts",
		`import "./b.json";`: "neither TypeScript nor CSS",
		`let = ;`:            "a.ts",
	} {
		_, err := web.Compile(fstest.MapFS{"a.ts": {Data: []byte(mistake)}}, entry, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", mistake, err, want)
		}
	}
}

// TestTypes runs the TypeScript compiler, which bundling does not need.
func TestTypes(t *testing.T) {
	compiler := filepath.Join("node_modules", ".bin", "tsc")
	if _, err := os.Stat(compiler); err != nil {
		if os.Getenv(browsertest.RequireVariable) == "1" {
			t.Fatal("no TypeScript compiler: run npm ci in web/")
		}
		t.Skip("no TypeScript compiler: run npm ci in web/")
	}
	if output, err := exec.CommandContext(t.Context(), compiler, "--noEmit").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestLockNamesNoHost keeps package-lock.json free of the addresses of whichever
// registry it was made with.
func TestLockNamesNoHost(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) {
		t.Error("package-lock.json holds URLs: make it again with npm's omit-lockfile-registry-resolved")
	}
}
