package gguf

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// TestTruncatedAnywhere cuts a file with every kind of structure at every length.
func TestTruncatedAnywhere(t *testing.T) {
	whole := golden(t, "formats.gguf")
	for n := range whole {
		f, err := Read("x.gguf", bytes.NewReader(whole[:n]), int64(n))
		var input *checkpoint.InputError
		if errors.As(err, &input) && input.File == "x.gguf" && input.Field != "" && input.Remedy != "" {
			continue
		}
		if err == nil { // only padding after the last tensor may be missing
			last := f.tensors[len(f.tensors)-1]
			if end := last.offset + last.size; int64(n) >= end {
				continue
			}
		}
		t.Fatalf("cut to %d of %d bytes: error is %v", n, len(whole), err)
	}
}

func TestHostileHeaders(t *testing.T) {
	head := func(magic string, version uint32) *builder {
		b := &builder{}
		b.WriteString(magic)
		return b.u32(version).u64(0).u64(0)
	}
	pair := func(key string, k kind) *builder {
		b := file(0, 1).str(key)
		return b.u32(uint32(k))
	}
	one := func(kind Type, offset uint64, dims ...uint64) *builder {
		return file(1, 0).tensor("t", kind, offset, dims...).data(64)
	}
	unknown := kind(99)
	for name, c := range map[string]struct {
		file            *builder
		field, mentions string
	}{
		"empty":                  {&builder{}, "magic", "ends"},
		"other magic":            {head("PK\x03\x04", 3), "magic", "GGUF"},
		"version 1":              {head("GGUF", 1), "version", "is 1"},
		"version 4":              {head("GGUF", 4), "version", "is 4"},
		"big-endian":             {head("GGUF", 3<<24), "version", "big-endian"},
		"tensor count":           {file(1<<60, 0), "tensor count", "at most"},
		"largest tensor count":   {file(math.MaxUint64, 0), "tensor count", "at most"},
		"tensor count too big":   {file(100, 0).data(64), "tensor count", "at most"},
		"metadata count":         {file(0, 1<<60), "metadata count", "at most"},
		"many pairs":             {file(0, maxPairs+1).data(1 << 20), "metadata count", "at most 65536"},
		"key length":             {file(0, 1).u64(1 << 62).data(64), "metadata pair 0", "claims 4611686018427387904 bytes"},
		"long key":               {file(0, 1).str(strings.Repeat("k", maxKey+1)).u32(uint32(kindBool)).data(64), "metadata pair 0", "claims"},
		"empty key":              {file(0, 1).str("").u32(uint32(kindBool)).data(64), "metadata pair 0", "empty"},
		"key is not UTF-8":       {file(0, 1).str("\xff\xfe").u32(uint32(kindBool)).data(64), "metadata pair 0", "UTF-8"},
		"unknown kind":           {pair("k", unknown).data(64), "k", "unknown type 99"},
		"string length":          {pair("k", kindString).u64(1 << 40).data(64), "k", "claims 1099511627776 bytes"},
		"bool is 2":              {pair("k", kindBool).u64(2).data(64), "k", "bool"},
		"array length":           {pair("k", kindArray).u32(uint32(kindUint8)).u64(1 << 61).data(64), "k", "at most"},
		"array of strings":       {pair("k", kindArray).u32(uint32(kindString)).u64(1 << 20).data(64), "k", "at most"},
		"string in array":        {pair("k", kindArray).u32(uint32(kindString)).u64(1).u64(1 << 50).data(64), "k", "claims"},
		"array of arrays":        {pair("k", kindArray).u32(uint32(kindArray)).u64(1).data(64), "k", "array of array"},
		"array of unknown":       {pair("k", kindArray).u32(99).u64(1).data(64), "k", "array of unknown type 99"},
		"key twice":              {file(0, 2).str("k").u32(uint32(kindUint32)).u32(1).str("k").u32(uint32(kindUint32)).u32(1).data(64), "k", "twice"},
		"alignment is zero":      {pair(alignmentKey, kindUint32).u32(0).data(64), alignmentKey, "power of two"},
		"alignment is 33":        {pair(alignmentKey, kindUint32).u32(33).data(64), alignmentKey, "power of two"},
		"alignment is huge":      {pair(alignmentKey, kindUint32).u32(1 << 30).data(64), alignmentKey, "power of two"},
		"alignment is text":      {pair(alignmentKey, kindString).str("32").data(64), alignmentKey, "has the type string"},
		"tensor name length":     {file(1, 0).u64(1 << 40).data(64), "tensor 0", "claims"},
		"tensor twice":           {file(2, 0).tensor("t", F32, 0, 1).tensor("t", F32, 32, 1).data(64), "t", "twice"},
		"no dimensions":          {one(F32, 0), "t", "0 dimensions"},
		"five dimensions":        {one(F32, 0, 1, 1, 1, 1, 1), "t", "5 dimensions"},
		"many dimensions":        {file(1, 0).str("t").u32(math.MaxUint32).data(64), "t", "dimensions"},
		"dimension is zero":      {one(F32, 0, 4, 0), "t", "out of range: 0"},
		"dimension is huge":      {one(F32, 0, 1<<40), "t", "out of range"},
		"dimensions overflow":    {one(F32, 0, 1<<30, 1<<30, 1<<4), "t", "out of range"},
		"dimensions wrap":        {one(F32, 0, 1<<16, 1<<16, 1<<16, 1<<16), "t", "out of range"},
		"unsupported format":     {one(10, 0, 256), "t", "number format Q2_K"},
		"unknown format":         {one(77, 0, 256), "t", "type 77"},
		"rows of half a block":   {one(Q8_0, 0, 16, 2), "t", "do not divide into Q8_0 blocks of 32"},
		"misaligned":             {one(F32, 4, 4), "t", "offset 4 is not a multiple of the alignment 32"},
		"data cut short":         {one(F32, 0, 17), "t", "cut short"},
		"offset beyond the end":  {one(F32, 1<<20, 1), "t", "beyond the file's end"},
		"offset wraps":           {one(F32, math.MaxUint64-31, 16), "t", "beyond the file's end"},
		"offset near the end":    {one(F32, 64, 1), "t", "cut short"},
		"overlap":                {file(2, 0).tensor("a", F32, 0, 12).tensor("b", F32, 32, 8).data(64), "b", "overlaps with the data of a"},
		"same place":             {file(2, 0).tensor("a", F32, 0, 8).tensor("b", F32, 0, 8).data(64), "b", "overlaps with the data of a"},
		"oversized by a byte":    {one(F32, 0, 16).data(1), "tensor data", "oversized"},
		"oversized padding":      {one(F32, 0, 8), "tensor data", "oversized"},
		"data without tensors":   {file(0, 0).data(1), "tensor data", "oversized"},
		"two files in one":       {one(F32, 0, 16).data(1 << 20), "tensor data", "oversized"},
		"directory without data": {file(1, 0).tensor("t", F32, 0, 1), "t", "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := c.file.read()
			if err == nil {
				t.Fatalf("accepted: %+v", f)
			}
			wantError(t, err, c.field, c.mentions)
		})
	}
}

// TestPadding: after the last tensor there may be padding to the alignment, in part or none.
func TestPadding(t *testing.T) {
	for _, alignment := range []uint32{8, 32, 64} {
		for extra := range int(alignment) + 1 {
			b := file(1, 1).str(alignmentKey).u32(uint32(kindUint32)).u32(alignment).tensor("t", F32, 0, 1)
			for b.Len()%int(alignment) != 0 {
				b.WriteByte(0)
			}
			b.Write(make([]byte, 4+extra))
			_, err := b.read()
			if whole := 4+extra <= int(alignment); whole && err != nil {
				t.Errorf("alignment %d, %d bytes after the tensor: %v", alignment, extra, err)
			} else if !whole {
				wantError(t, err, "tensor data", "oversized")
			}
		}
	}
}

// TestClaimsAllocateLittle gives a file whose counts would need gigabytes if they were believed.
func TestClaimsAllocateLittle(t *testing.T) {
	b := file(0, 1).str("k").u32(uint32(kindArray)).u32(uint32(kindString)).u64(maxArray).data(1 << 16)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := b.read()
	runtime.ReadMemStats(&after)
	wantError(t, err, "k", "at most")
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<18 {
		t.Errorf("refusing the file allocates %d bytes", bytes)
	}
}

// FuzzRead: whatever the bytes, the file is refused with file, field and remedy, or every tensor
// lies inside it and can be converted.
func FuzzRead(f *testing.F) {
	f.Add(golden(f, "formats.gguf"))
	f.Add(file(1, 0).tensor("t", Q8_0, 0, 32).data(34).Bytes())
	f.Add(file(0, 1).str("k").u32(uint32(kindArray)).u32(uint32(kindString)).u64(2).str("a").str("b").Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Read("x.gguf", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			var input *checkpoint.InputError
			if !errors.As(err, &input) || input.Field == "" || input.Remedy == "" {
				t.Fatalf("error without field or remedy: %v", err)
			}
			return
		}
		end := int64(0)
		for _, info := range g.Tensors() {
			if info.offset < end {
				t.Fatalf("%s overlaps", info.Name)
			}
			end = info.offset + info.size
			if end > int64(len(data)) {
				t.Fatalf("%s ends at %d of %d", info.Name, end, len(data))
			}
			tensor, err := g.Tensor(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			n := 1
			for _, d := range info.Shape {
				n *= d
			}
			if len(tensor.Data) != n {
				t.Fatalf("%s has %d values for shape %v", info.Name, len(tensor.Data), info.Shape)
			}
		}
	})
}
