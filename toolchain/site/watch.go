package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Debounce is how long a folder must be quiet before a change counts: generators
// write a site file by file.
const Debounce = 300 * time.Millisecond

// Watch calls changed after every change of files in root, or of the file root,
// once things are quiet, until the context ends. Ignored files and folders, such
// as what changed itself writes, hidden ones and node_modules do not count. The
// root may vanish and come back, as when a generator begins by deleting what it
// made before.
func Watch(ctx context.Context, root string, ignored []string, quiet time.Duration, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	w := watch{Watcher: watcher, root: root}
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		w.file, w.root = filepath.Base(root), filepath.Dir(root)
	}
	for _, path := range ignored {
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
		w.ignored = append(w.ignored, path)
	}
	if err := w.addFolders(); err != nil {
		return err
	}
	timer := time.NewTimer(quiet)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-watcher.Events:
			if !open {
				return errors.New("watching ended")
			}
			if event.Op != fsnotify.Chmod && !w.ignores(event.Name) {
				timer.Reset(quiet)
			}
		case err := <-watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return err
			}
			timer.Reset(quiet)
		case <-timer.C:
			if _, err := os.Stat(w.root); err != nil {
				timer.Reset(quiet)
				continue
			}
			if err := w.addFolders(); err != nil {
				return err
			}
			changed()
		}
	}
}

type watch struct {
	*fsnotify.Watcher
	root    string   // folder
	file    string   // the only one of interest in it, "" for all
	ignored []string // absolute
}

// addFolders watches the root and all folders in it. Watching one again changes
// nothing.
func (w *watch) addFolders() error {
	return filepath.WalkDir(w.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // gone, or unreadable: the report of the next reading names it
		}
		if path != w.root && (w.file != "" || w.ignores(path)) {
			return fs.SkipDir
		}
		if err := w.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("watch %s: %w; the system may allow more folders to be watched (fs.inotify.max_user_watches)", path, err)
		}
		return nil
	})
}

// ignores says whether changes of a file or folder do not count.
func (w *watch) ignores(path string) bool {
	name := filepath.Base(path)
	absolute, err := filepath.Abs(path)
	return err != nil || slices.Contains(w.ignored, absolute) || name == "node_modules" ||
		strings.HasPrefix(name, ".") && path != w.root || w.file != "" && name != w.file
}
