package web

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Assets are bundled files by name, all in one folder. It is an [fs.FS].
type Assets map[string][]byte

// Open implements [fs.FS]. There are only files; the folder cannot be listed.
func (a Assets) Open(name string) (fs.File, error) {
	content, ok := a[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &assetFile{Reader: bytes.NewReader(content), name: name}, nil
}

// write stores the files by temporary file and rename.
func (a Assets) write(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(dir, name), a[name]); err != nil {
			return err
		}
	}
	return nil
}

func replaceFile(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails after the rename, as it should
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// assetFile is an open asset and its own description.
type assetFile struct {
	*bytes.Reader
	name string
}

func (f *assetFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *assetFile) Close() error               { return nil }
func (f *assetFile) Name() string               { return f.name }
func (f *assetFile) Mode() fs.FileMode          { return 0o444 }
func (f *assetFile) ModTime() time.Time         { return time.Time{} }
func (f *assetFile) IsDir() bool                { return false }
func (f *assetFile) Sys() any                   { return nil }
