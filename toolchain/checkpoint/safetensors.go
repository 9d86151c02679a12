package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// A safetensors file is: the header's length as a little-endian uint64, the header (a JSON object
// from tensor name to dtype, shape and data_offsets, the latter counted from the header's end), and
// the data. The format demands that tensors fill the data without gaps or overlaps.

const (
	maxHeader = 32 << 20 // bytes; a 70B model's header has 100 kB
	maxRank   = 8
)

// dtypeSizes gives the bytes per element of each element type of the format.
var dtypeSizes = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8,
}

// dtypeOfTorch translates a torch_dtype that we write to the format's name; "" if we do not.
func dtypeOfTorch(torch string) string {
	switch torch {
	case "float32":
		return "F32"
	case "float16":
		return "F16"
	case "bfloat16":
		return "BF16"
	}
	return ""
}

// entry is one tensor of a safetensors file: begin and end are offsets in the file.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
}

// readHeader reads and checks the header of a safetensors file of the given size. The entries come
// in the order of their data. file names the source in errors.
func readHeader(file string, r io.ReaderAt, size int64) ([]entry, error) {
	fail := func(field, problem string, err error) ([]entry, error) {
		return nil, &InputError{
			File: file, Field: field, Problem: problem, Err: err,
			Remedy: "the file is damaged or not a safetensors file: download or export it again",
		}
	}
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return fail("header", fmt.Sprintf("the file has only %d bytes", size), nil)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return fail("header", "cannot be read", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length < 2 || length > maxHeader || int64(length) > size-8 {
		return fail("header", fmt.Sprintf("claims %d bytes, but the file has %d and at most %d are allowed", length, size, maxHeader), nil)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, 8); err != nil {
		return fail("header", "cannot be read", err)
	}
	dataStart := 8 + int64(length)
	entries, field, err := parseEntries(header)
	if err != nil {
		return fail(field, "is invalid", err)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) // empty tensors first
	})
	next := int64(0)
	for i := range entries {
		e := &entries[i]
		if e.begin != next {
			return fail(e.name, fmt.Sprintf("data_offsets begin at %d, but the tensor before ends at %d: tensors overlap or leave a gap", e.begin, next), nil)
		}
		if e.end > size-dataStart {
			return fail(e.name, fmt.Sprintf("data_offsets end at %d, but the file has only %d bytes of data: it is cut short", e.end, size-dataStart), nil)
		}
		next = e.end
		e.begin += dataStart
		e.end += dataStart
	}
	if next != size-dataStart {
		return fail("header", fmt.Sprintf("tensors fill %d of %d bytes of data", next, size-dataStart), nil)
	}
	return entries, nil
}

// parseEntries decodes the header's JSON. It walks the tokens itself because encoding/json would
// silently keep the last of two tensors of one name. On error it names the field at fault.
func parseEntries(header []byte) (entries []entry, field string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(header))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, "header", fmt.Errorf("not a JSON object (%v)", err)
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, "header", err
		}
		name, ok := token.(string)
		if !ok {
			return nil, "header", fmt.Errorf("key %v is not a string", token)
		}
		if seen[name] {
			return nil, name, fmt.Errorf("the name occurs twice")
		}
		seen[name] = true
		if name == "__metadata__" {
			var metadata map[string]string
			if err := decoder.Decode(&metadata); err != nil {
				return nil, name, err
			}
			continue
		}
		var raw struct {
			Dtype   string   `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets *[]int64 `json:"data_offsets"`
		}
		if err := decoder.Decode(&raw); err != nil {
			return nil, name, err
		}
		if raw.Offsets == nil || len(*raw.Offsets) != 2 {
			return nil, name, fmt.Errorf("data_offsets is not a pair")
		}
		e := entry{name: name, dtype: raw.Dtype, begin: (*raw.Offsets)[0], end: (*raw.Offsets)[1]}
		if e.shape, err = checkExtent(raw.Dtype, raw.Shape, e.begin, e.end); err != nil {
			return nil, name, err
		}
		entries = append(entries, e)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, "header", err
	}
	// Only spaces may follow: they pad the header to a multiple of eight bytes.
	if len(bytes.TrimLeft(header[decoder.InputOffset():], " ")) > 0 {
		return nil, "header", fmt.Errorf("content after the JSON object")
	}
	return entries, "", nil
}

// checkExtent checks that a tensor's offsets span exactly the bytes of its dtype and shape.
func checkExtent(dtype string, shape []int64, begin, end int64) ([]int, error) {
	bytesEach, ok := dtypeSizes[dtype]
	if !ok {
		return nil, fmt.Errorf("dtype %q is unknown", dtype)
	}
	if len(shape) > maxRank {
		return nil, fmt.Errorf("shape has %d dimensions, at most %d are allowed", len(shape), maxRank)
	}
	dims := make([]int, len(shape))
	total := bytesEach
	for i, d := range shape {
		if d < 0 || d > math.MaxInt32 || (d > 0 && total > math.MaxInt64/d) {
			return nil, fmt.Errorf("shape %v is out of range", shape)
		}
		dims[i] = int(d)
		total *= d
	}
	if begin < 0 || end < begin || end-begin != total {
		return nil, fmt.Errorf("data_offsets [%d, %d] do not span the %d bytes of %s %v", begin, end, total, dtype, shape)
	}
	return dims, nil
}
