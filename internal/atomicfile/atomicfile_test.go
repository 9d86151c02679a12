package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteReplacesAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, content := range []string{"first", "second, longer", ""} {
		if err := Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != content {
			t.Fatalf("read %q, wrote %q", got, content)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Fatalf("folder holds %q, want only a.json", got)
	}
}

func TestWriteIntoMissingFolderFails(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "no", "a"), nil); err == nil {
		t.Fatal("no error for a missing folder")
	}
}

func TestAbortKeepsOldContent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("half of the n"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Fatalf("uncommitted content is visible: %q", got)
	}
	if err := f.Abort(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatalf("Commit after Abort: %v", err)
	}
	if got := read(t, path); got != "old" {
		t.Fatalf("after Abort: %q", got)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Fatalf("folder holds %q", got)
	}
}

func TestDirReplacesAsAWhole(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "model")
	build := func(files map[string]string, commit bool) {
		t.Helper()
		d, err := CreateDir(path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Abort()
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(d.Path(), name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if commit {
			if err := d.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	build(map[string]string{"x": "1", "y": "2"}, true)
	build(map[string]string{"x": "lost"}, false)
	if got := read(t, filepath.Join(path, "x")); got != "1" {
		t.Fatalf("aborted folder took effect: x = %q", got)
	}
	build(map[string]string{"x": "3"}, true)
	if got := read(t, filepath.Join(path, "x")); got != "3" {
		t.Fatalf("x = %q, want 3", got)
	}
	if got := names(t, path); len(got) != 1 {
		t.Fatalf("old files survive: %q", got)
	}
	if got := names(t, parent); len(got) != 1 {
		t.Fatalf("temporary folders survive: %q", got)
	}
}

// deadPID belongs to no process: ids end at 2^22 on Linux and lower elsewhere.
const deadPID = "1999999999"

func TestNextRunCleansUpAfterInterruptedOne(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "model")
	leftover := filepath.Join(parent, ".model.tmp-"+deadPID+"-00")
	alive := filepath.Join(parent, ".model.tmp-1-00") // process 1 always runs
	foreign := filepath.Join(parent, ".other.tmp-"+deadPID+"-00")
	for _, dir := range []string{leftover, alive, foreign} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	first, err := CreateDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Abort()
	second, err := CreateDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Abort()
	if _, err := os.Stat(leftover); !os.IsNotExist(err) {
		t.Errorf("leftover of a dead process is still there (%v)", err)
	}
	for _, dir := range []string{alive, foreign, first.Path()} {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("removed what another owner may be using: %v", err)
		}
	}
}

func TestFolderMovedAsideIsPutBack(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "model")
	old := filepath.Join(parent, ".model.old-"+deadPID+"-00")
	if err := os.Mkdir(old, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "x"), []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := CreateDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Abort(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(path, "x")); got != "kept" {
		t.Fatalf("x = %q", got)
	}
}
