package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/andybalholm/brotli"

	"github.com/effir/effir/internal/atomicfile"
)

// packer compresses contents as hosts do, once: results are kept by content in a folder.
type packer struct{ dir string }

// coding is a content encoding of HTTP.
type coding string

const (
	plainCoding  coding = "plain"
	gzipCoding   coding = "gzip"
	brotliCoding coding = "br"
)

// Files above this size are compressed at a middle level: at the best one they take minutes, which no
// host spends.
const wellCompressed = 8 << 20

// pack returns content as it is sent.
func (p packer) pack(ctx context.Context, how coding, content []byte) ([]byte, error) {
	if how == plainCoding {
		return content, nil
	}
	sum := sha256.Sum256(content)
	kept := filepath.Join(p.dir, fmt.Sprintf("%x.%s", sum[:16], how))
	if packed, err := os.ReadFile(kept); err == nil {
		return packed, nil
	}
	var b bytes.Buffer
	w, err := newWriter(&b, how, len(content))
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(content, 1<<20) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := w.Write(part); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, err
	}
	return b.Bytes(), atomicfile.Write(kept, b.Bytes())
}

func newWriter(b *bytes.Buffer, how coding, size int) (io.WriteCloser, error) {
	if how == gzipCoding {
		return gzip.NewWriterLevel(b, gzip.BestCompression)
	}
	level := brotli.BestCompression
	if size > wellCompressed {
		level = 6
	}
	return brotli.NewWriterLevel(b, level), nil
}
