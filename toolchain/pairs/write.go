package pairs

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
)

// Write writes a file of pairs that [Read] reads, compressed if the name ends in
// .gz. The file appears when it is complete.
func Write(path string, list []Pair) error {
	if !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".jsonl") {
		return fmt.Errorf("%s: the name of a file of pairs ends in .jsonl or .jsonl.gz", path)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(f)
	var w io.WriteCloser = nopCloser{buffered}
	if strings.HasSuffix(path, ".gz") {
		w = gzip.NewWriter(buffered)
	}
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, p := range list {
		if err := lines.Encode(p); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", path, err), f.Abort())
		}
	}
	if err := errors.Join(w.Close(), buffered.Flush()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), f.Abort())
	}
	return f.Commit()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
