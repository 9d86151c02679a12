package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// builder writes GGUF bytes field by field, right or wrong.
type builder struct{ bytes.Buffer }

func (b *builder) u32(x uint32) *builder {
	b.Write(binary.LittleEndian.AppendUint32(nil, x))
	return b
}

func (b *builder) u64(x uint64) *builder {
	b.Write(binary.LittleEndian.AppendUint64(nil, x))
	return b
}

func (b *builder) str(s string) *builder {
	b.u64(uint64(len(s)))
	b.WriteString(s)
	return b
}

// file begins a file of version 3 with the given counts.
func file(tensors, pairs uint64) *builder {
	b := &builder{}
	b.WriteString("GGUF")
	return b.u32(3).u64(tensors).u64(pairs)
}

// tensor writes a directory entry.
func (b *builder) tensor(name string, kind Type, offset uint64, dims ...uint64) *builder {
	b.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		b.u64(d)
	}
	return b.u32(uint32(kind)).u64(offset)
}

// data pads to the alignment and appends n bytes.
func (b *builder) data(n int) *builder {
	for b.Len()%32 != 0 {
		b.WriteByte(0)
	}
	b.Write(make([]byte, n))
	return b
}

func (b *builder) read() (*File, error) {
	return Read("x.gguf", bytes.NewReader(b.Bytes()), int64(b.Len()))
}

// wantError checks that an error names file, field and remedy and mentions what is wrong.
func wantError(t *testing.T, err error, field, mentions string) {
	t.Helper()
	var input *checkpoint.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %T (%v), want *checkpoint.InputError", err, err)
	}
	if input.File != "x.gguf" || input.Field != field || input.Remedy == "" {
		t.Errorf("error names file %q, field %q, remedy %q; want x.gguf, %q and a remedy", input.File, input.Field, input.Remedy, field)
	}
	if !strings.Contains(err.Error(), mentions) {
		t.Errorf("error %q does not mention %q", err, mentions)
	}
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
