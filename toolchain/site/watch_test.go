package site

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Changes of pages count once things are quiet, also in new folders and after the
// whole site was deleted and made again; the watcher's own output does not.
func TestWatch(t *testing.T) {
	root := write(t, map[string]string{"a.html": "1", "effir/index.json": "{}", "node_modules/x.html": "1"})
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changes, ended := make(chan bool, 100), make(chan error, 1)
	go func() {
		ended <- Watch(ctx, root, []string{filepath.Join(root, "effir")}, 50*time.Millisecond, func() { changes <- true })
	}()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing happened", what)
		}
	}
	for started := false; !started; { // until the watcher is there
		put("a.html", "2")
		select {
		case <-changes:
			started = true
		case <-time.After(200 * time.Millisecond):
		}
	}
	put("new/deep/b.html", "1")
	wait("a new folder")
	put("new/deep/b.html", "2")
	wait("a page in the new folder")
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	time.Sleep(120 * time.Millisecond)
	put("a.html", "3")
	wait("the site made anew")
	put("a.html", "4")
	wait("a page of the new site")

	time.Sleep(200 * time.Millisecond)
	for len(changes) > 0 {
		<-changes
	}
	put("effir/index.json", "{}")
	time.Sleep(200 * time.Millisecond) // making the folder anew may count
	for len(changes) > 0 {
		<-changes
	}
	put("effir/index.json", "{ }")
	put("node_modules/x.html", "2")
	time.Sleep(300 * time.Millisecond)
	if n := len(changes); n > 0 {
		t.Errorf("%d changes outside of the site count", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("watching ended with %v", err)
	}
}
