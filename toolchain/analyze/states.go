package analyze

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/effir/effir/internal/atomicfile"
)

// States of all calibration sequences would not fit in memory beside a large model's layer (8.6 GB
// for the paper's 256 sequences of 2,048 tokens and a width of 4,096). So they go through a file,
// batch by batch, which the system keeps in memory as far as there is room. It is also what an
// interrupted analysis goes on from.

// statesWriter writes states; the file appears when it is complete.
type statesWriter struct {
	file   *atomicfile.File
	buffer *bufio.Writer
}

func createStates(path string) (*statesWriter, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &statesWriter{f, bufio.NewWriterSize(f, 1<<20)}, nil
}

func (w *statesWriter) write(states []float32) error {
	var scratch [4]byte
	for _, x := range states {
		binary.LittleEndian.PutUint32(scratch[:], math.Float32bits(x))
		if _, err := w.buffer.Write(scratch[:]); err != nil {
			return err
		}
	}
	return nil
}

func (w *statesWriter) commit() error {
	if err := w.buffer.Flush(); err != nil {
		return err
	}
	return w.file.Commit()
}

func (w *statesWriter) abort() { _ = w.file.Abort() }

// statesReader reads states in the order in which they were written.
type statesReader struct {
	file   *os.File
	buffer *bufio.Reader
}

// openStates opens a file that must hold the given number of values.
func openStates(path string, values int64) (*statesReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != 4*values {
		err = fmt.Errorf("%s has %d bytes, want %d: remove the folder and start anew", path, info.Size(), 4*values)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &statesReader{f, bufio.NewReaderSize(f, 1<<20)}, nil
}

func (r *statesReader) read(states []float32) error {
	var scratch [1 << 12]byte
	for len(states) > 0 {
		n := min(len(states), len(scratch)/4)
		if _, err := io.ReadFull(r.buffer, scratch[:4*n]); err != nil {
			return err
		}
		for i := range n {
			states[i] = math.Float32frombits(binary.LittleEndian.Uint32(scratch[4*i:]))
		}
		states = states[n:]
	}
	return nil
}

func (r *statesReader) close() { _ = r.file.Close() }
