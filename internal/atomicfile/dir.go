package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is a folder under construction: fill the folder Path() with files, then Commit. As with
// File, only the first of Commit and Abort has an effect.
type Dir struct {
	path, temp string
	done       bool
}

// CreateDir begins a folder that will be called path. The parent folder must exist. If an earlier
// run died between the two renames of its Commit, the folder it was about to replace is put back.
func CreateDir(path string) (*Dir, error) {
	path = filepath.Clean(path)
	restoreOld(path)
	removeStale(path, os.RemoveAll)
	temp := tempName(path, tempMark)
	if err := os.Mkdir(temp, 0o755); err != nil {
		forget(temp)
		return nil, err
	}
	return &Dir{path: path, temp: temp}, nil
}

// Path is the temporary folder to fill.
func (d *Dir) Path() string { return d.temp }

// Commit syncs every file of the folder to disk and gives the folder its final name. A folder
// already there is replaced as a whole: it is moved aside, and moved back should the renaming
// fail.
func (d *Dir) Commit() error {
	if d.done {
		return nil
	}
	if err := syncTree(d.temp); err != nil {
		return errors.Join(err, d.Abort())
	}
	d.done = true
	defer forget(d.temp)

	old := tempName(d.path, oldMark)
	defer forget(old)
	err := os.Rename(d.path, old)
	replaced := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.RemoveAll(d.temp))
	}
	if err := os.Rename(d.temp, d.path); err != nil {
		if replaced {
			err = errors.Join(err, os.Rename(old, d.path))
		}
		return errors.Join(err, os.RemoveAll(d.temp))
	}
	if err := syncDir(filepath.Dir(d.path)); err != nil {
		return err
	}
	if replaced {
		return os.RemoveAll(old)
	}
	return nil
}

// Abort discards the folder under construction. What was at the final name before is untouched.
func (d *Dir) Abort() error {
	if d.done {
		return nil
	}
	d.done = true
	defer forget(d.temp)
	return os.RemoveAll(d.temp)
}

// restoreOld undoes the first rename of an interrupted Commit: nothing at path, but a folder that
// had been moved aside.
func restoreOld(path string) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	for _, old := range stale(path, oldMark) {
		if os.Rename(old, path) == nil {
			return
		}
	}
}

func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return syncDir(path)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// Foreign returns the name of an entry of the folder path that ours does not know, "" if there is
// none or no such folder: what a caller must ask before it replaces a folder that a user named.
func Foreign(path string, ours func(name string) bool) (string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if !ours(entry.Name()) {
			return entry.Name(), nil
		}
	}
	return "", nil
}
