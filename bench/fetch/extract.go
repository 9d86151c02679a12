package fetch

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
)

// Extract writes members of the package to files: to maps the member's name to a path. Nothing is
// done if all the files exist: they appear complete or not at all.
func (p Package) Extract(ctx context.Context, to map[string]string) error {
	missing := false
	for _, path := range to {
		if _, err := os.Stat(path); err != nil {
			missing = true
		}
	}
	if !missing {
		return nil
	}
	archive, err := p.File(ctx)
	if err != nil {
		return err
	}
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w; delete the file to fetch it again", archive, err)
	}
	defer z.Close()
	for member, path := range to {
		if err := extract(ctx, &z.Reader, member, path); err != nil {
			return fmt.Errorf("%s: %s: %w", p, member, err)
		}
	}
	return nil
}

func extract(ctx context.Context, z *zip.Reader, member, path string) error {
	source, err := z.Open(member)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if _, err := io.Copy(file, reader{ctx, source}); err != nil {
		return err
	}
	return file.Commit()
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
