// Package gguf reads and writes model files in the GGUF format (little-endian): Open reads versions 2
// and 3 and converts tensors to float32 exactly as ggml defines its number formats, Write makes
// files of version 3.
//
// Files that are read are treated as hostile: every count, length, offset and product is checked
// against the size of the file before anything is allocated, and every complaint is a
// *checkpoint.InputError that names file, field and remedy.
package gguf

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// File is an open GGUF file. Metadata and the tensor directory are in memory, tensor data is read
// when asked for. All methods except Close may be called concurrently.
type File struct {
	name     string
	data     io.ReaderAt
	close    func() error
	metadata map[string]value
	tensors  []Info
	byName   map[string]int
}

// Info describes one tensor of a file.
type Info struct {
	Name   string
	Shape  []int // slowest dimension first, as in [outputs, inputs]; the file has the reverse order
	Type   Type
	offset int64 // from the start of the file
	size   int64 // bytes
}

// Open opens a file and reads everything but the tensor data.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	file, err := Read(path, f, info.Size())
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	file.close = f.Close
	return file, nil
}

// Read is Open for any source of the given size in bytes; name is used in errors.
func Read(name string, data io.ReaderAt, size int64) (*File, error) {
	f := &File{name: name, data: data, metadata: map[string]value{}, byName: map[string]int{}}
	s := &scanner{file: name, reader: newBuffer(data, size), size: size}
	tensors, pairs := s.preamble()
	for i := 0; i < pairs && s.err == nil; i++ {
		f.readPair(s, i)
	}
	for i := 0; i < tensors && s.err == nil; i++ {
		f.readInfo(s, i)
	}
	if s.err != nil {
		return nil, s.err
	}
	if err := f.place(s.position, size); err != nil {
		return nil, err
	}
	return f, nil
}

// Close closes the underlying file.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Name is the path as given to Open.
func (f *File) Name() string { return f.name }

// Tensors lists the tensors in the order of their data.
func (f *File) Tensors() []Info { return slices.Clone(f.tensors) }

// Lookup finds a tensor by name.
func (f *File) Lookup(name string) (Info, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Info{}, false
	}
	return f.tensors[i], true
}

// Tensor reads one tensor and converts it to float32.
func (f *File) Tensor(name string) (checkpoint.Tensor, error) {
	info, ok := f.Lookup(name)
	if !ok {
		return checkpoint.Tensor{}, f.fail(name, "no such tensor", "use a complete GGUF file of a supported model")
	}
	format := formats[info.Type]
	blocks := int(info.size / int64(format.bytes))
	values := make([]float32, blocks*format.values)
	step := min(blocks, 1<<16/format.bytes) // about 64 kB at a time
	raw := make([]byte, step*format.bytes)
	for done := 0; done < blocks; {
		n := min(step, blocks-done)
		chunk := raw[:n*format.bytes]
		at := info.offset + int64(done)*int64(format.bytes)
		if _, err := f.data.ReadAt(chunk, at); err != nil {
			return checkpoint.Tensor{}, f.failWith(name, "cannot be read", "the file may have been changed while it was open: try again", err)
		}
		for block := range n {
			dst := values[(done+block)*format.values:][:format.values]
			format.convert(dst, chunk[block*format.bytes:][:format.bytes])
		}
		done += n
	}
	return checkpoint.Tensor{Name: name, Shape: slices.Clone(info.Shape), Data: values}, nil
}

// place turns the tensors' relative offsets into file offsets and checks that the data of all
// tensors lies inside the file without overlaps and that nothing but padding follows it.
// directoryEnd is where the tensor directory ends.
func (f *File) place(directoryEnd, size int64) error {
	const remedy = "the file is damaged or incomplete: download it again"
	alignment := int64(alignment)
	if f.Has(alignmentKey) {
		a, err := f.Uint(alignmentKey)
		if err != nil {
			return err
		}
		if a < 8 || a > 1<<20 || a&(a-1) != 0 {
			return f.fail(alignmentKey, fmt.Sprintf("is %d, want a power of two from 8 to 2^20", a), remedy)
		}
		alignment = int64(a)
	}
	align := func(n int64) int64 { return (n + alignment - 1) / alignment * alignment }
	start := align(directoryEnd)
	for i := range f.tensors {
		t := &f.tensors[i]
		if t.offset%alignment != 0 {
			return f.fail(t.Name, fmt.Sprintf("offset %d is not a multiple of the alignment %d", t.offset, alignment), remedy)
		}
		if available := size - start; t.offset > available || t.size > available-t.offset {
			return f.fail(t.Name, fmt.Sprintf("needs bytes %d to %d of the data, but the file has only %d: it is cut short", t.offset, t.offset+t.size, max(0, available)), remedy)
		}
		t.offset += start
	}
	slices.SortStableFunc(f.tensors, func(a, b Info) int { return cmp.Compare(a.offset, b.offset) })
	for i, t := range f.tensors {
		if i > 0 {
			if before := f.tensors[i-1]; before.offset+before.size > t.offset {
				return f.fail(t.Name, "overlaps with the data of "+before.Name, remedy)
			}
		}
		f.byName[t.Name] = i
	}
	end := start
	if n := len(f.tensors); n > 0 {
		end = align(f.tensors[n-1].offset + f.tensors[n-1].size)
	}
	if size > end {
		return f.fail("tensor data", fmt.Sprintf("ends at byte %d, padding included, but the file has %d: it is oversized", end, size),
			"the file is damaged or something was appended to it: download it again")
	}
	return nil
}

func (f *File) fail(field, problem, remedy string) error {
	return f.failWith(field, problem, remedy, nil)
}

func (f *File) failWith(field, problem, remedy string, err error) error {
	return &checkpoint.InputError{File: f.name, Field: field, Problem: problem, Remedy: remedy, Err: err}
}
