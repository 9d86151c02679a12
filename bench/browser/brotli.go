package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"

	"github.com/effir/effir/internal/atomicfile"
)

// packer tells how many bytes files take in brotli's format. Sizes are kept by content.
type packer struct{ dir string }

// size returns the bytes of a file, compressed at a level.
func (p packer) size(ctx context.Context, files fs.FS, name string, level int) (int64, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(content)
	kept := filepath.Join(p.dir, fmt.Sprintf("%x-%d", sum[:16], level))
	if text, err := os.ReadFile(kept); err == nil {
		return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	}
	var size counted
	w := brotli.NewWriterLevel(&size, level)
	for part := range slices.Chunk(content, 1<<20) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if _, err := w.Write(part); err != nil {
			return 0, err
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return 0, err
	}
	return int64(size), atomicfile.Write(kept, fmt.Appendln(nil, int64(size)))
}

// counted counts what is written to it.
type counted int64

func (c *counted) Write(b []byte) (int, error) {
	*c += counted(len(b))
	return len(b), nil
}
