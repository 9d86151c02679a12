package finetune

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// metricsFile has a line per step, see [record].
const metricsFile = "metrics.jsonl"

// record is a step in the metrics.
type record struct {
	Step    int                `json:"step"`
	Tokens  int64              `json:"tokens"` // so far
	Loss    float64            `json:"loss"`
	Parts   map[string]float64 `json:"parts"`
	Norm    float64            `json:"norm"` // of the gradients before clipping
	Rate    float64            `json:"rate"` // learning rate
	Seconds float64            `json:"seconds"`
}

// metrics is the open file.
type metrics struct {
	file    *os.File
	out     *bufio.Writer
	size    int64
	records []record // of all steps, those before a resumption included
}

// openMetrics opens the metrics of a run and cuts them to the size that they had
// when the state was saved: steps behind it are done again.
func openMetrics(run string, size int64) (_ *metrics, err error) {
	f, err := os.OpenFile(filepath.Join(run, metricsFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	m := &metrics{file: f, out: bufio.NewWriter(f), size: size}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < size {
		return nil, fmt.Errorf("%s has %d bytes, but the saved state knows of %d: the file was changed; put it back or begin anew", f.Name(), info.Size(), size)
	}
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	lines := json.NewDecoder(bufio.NewReader(f))
	for {
		var r record
		err := lines.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		m.records = append(m.records, r)
	}
	_, err = f.Seek(size, io.SeekStart)
	return m, err
}

func (m *metrics) add(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	m.records = append(m.records, r)
	n, err := m.out.Write(append(line, '\n'))
	m.size += int64(n)
	return err
}

// flush puts all records on disk and returns the file's size.
func (m *metrics) flush() (int64, error) {
	if err := m.out.Flush(); err != nil {
		return 0, err
	}
	return m.size, m.file.Sync()
}

func (m *metrics) close() error { return errors.Join(m.out.Flush(), m.file.Close()) }
