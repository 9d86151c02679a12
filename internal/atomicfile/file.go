// Package atomicfile writes files and folders that are either complete or absent: the content
// goes to a temporary sibling first, is synced to disk, and then takes the final name by one
// rename. A run that dies half-way leaves only a temporary sibling, which the next run for the
// same name removes.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write stores data under path, replacing what was there. Readers see the old content or the
// new one, never a mixture. The folder must exist.
func Write(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// File is a file under construction. It is written through the embedded os.File (whose name is
// the temporary one) and ends with exactly one of Commit and Abort that has an effect: after
// either, further calls of both return nil, so `defer f.Abort()` is a safe clean-up.
type File struct {
	*os.File
	path string
	done bool
}

// Create begins a file that will be called path. The folder must exist.
func Create(path string) (*File, error) {
	removeStale(path, os.Remove)
	temp := tempName(path, tempMark)
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		forget(temp)
		return nil, err
	}
	return &File{File: f, path: path}, nil
}

// Commit syncs the content to disk and gives the file its final name. If it fails, the temporary
// file is removed and what was at the final name before is untouched.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Abort())
	}
	f.done = true
	defer forget(f.Name())
	if err := f.Close(); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(f.path))
}

// Abort discards the content. What was at the final name before is untouched.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	defer forget(f.Name())
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
