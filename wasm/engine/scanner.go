package engine

import (
	"errors"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/index/scan"
	"github.com/effir/effir/wasm/kernel"
)

// scanner is an index.Scanner whose rows lie in kernel memory.
type scanner struct {
	*scan.Scanner
	dims, capacity int
}

// set copies the vectors. Memory is taken once, for as many rows as there are
// passages, because kernel memory cannot be given back.
func (s *scanner) set(k kernel.Kernels, v *index.Vectors, passages int) error {
	if s.Scanner == nil {
		made, err := scan.New(k, v.Dims(), passages)
		if err != nil {
			return err
		}
		*s = scanner{made, v.Dims(), passages}
	}
	if v.Dims() != s.dims || v.Len() > s.capacity {
		return errors.New("engine: newer vectors have other dimensions or more rows: open a new engine")
	}
	return s.Set(v)
}
