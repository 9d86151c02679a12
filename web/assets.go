package web

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/effir/effir/internal/atomicfile"
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
		if err := atomicfile.Write(filepath.Join(dir, name), a[name]); err != nil {
			return err
		}
	}
	return nil
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
