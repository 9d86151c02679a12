package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/kernel"
)

// tensor is a TensorProto whose values are still on disk.
type tensor struct {
	name     string
	shape    []int
	elements int64
	dtype    int
	external bool
	raw      *span  // raw_data: little-endian values
	floats   []span // float_data in packed form
	ints     []span // int64_data in packed form
	loose    bool   // has values that are not packed; only hand-made files do
}

// The element types that can be read, as TensorProto.DataType numbers them.
const (
	typeFloat   = 1
	typeInt64   = 7
	typeFloat16 = 10
)

var typeNames = map[int]string{
	0: "UNDEFINED", typeFloat: "FLOAT", 2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16", 6: "INT32", typeInt64: "INT64",
	8: "STRING", 9: "BOOL", typeFloat16: "FLOAT16", 11: "DOUBLE", 12: "UINT32", 13: "UINT64", 16: "BFLOAT16",
}

func typeName(dtype int) string {
	if name, ok := typeNames[dtype]; ok {
		return name
	}
	return "type " + strconv.Itoa(dtype)
}

// Names lists the tensors: the initialisers, and the Constant nodes by their output.
func (f *File) Names() []string { return slices.Clone(f.order) }

// Shape is the shape of a tensor.
func (f *File) Shape(name string) ([]int, bool) {
	t, ok := f.tensors[name]
	return slices.Clone(t.shape), ok
}

// Type is the element type of a tensor, such as "FLOAT"; "" if there is no such tensor.
func (f *File) Type(name string) string {
	t, ok := f.tensors[name]
	if !ok {
		return ""
	}
	return typeName(t.dtype)
}

// Tensor reads a FLOAT or FLOAT16 tensor in float32.
func (f *File) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := f.find(name)
	if err != nil {
		return checkpoint.Tensor{}, err
	}
	width := 4
	switch {
	case t.dtype == typeFloat:
	case t.dtype == typeFloat16 && t.raw != nil:
		width = 2
	default:
		return checkpoint.Tensor{}, f.fail(name, "has the element type "+typeName(t.dtype)+", want FLOAT, or FLOAT16 as raw data", nil)
	}
	parts := t.floats
	if t.raw != nil {
		parts = []span{*t.raw}
	}
	if err := f.complete(t, parts, width); err != nil {
		return checkpoint.Tensor{}, err
	}
	data := make([]float32, 0, t.elements)
	buffer := make([]byte, min(1<<16, t.elements*int64(width)))
	for _, part := range parts {
		for pos := part.begin; pos < part.end; {
			chunk := buffer[:min(int64(len(buffer)), part.end-pos)]
			if _, err := f.file.ReadAt(chunk, pos); err != nil {
				return checkpoint.Tensor{}, f.fail(name, "cannot be read", err)
			}
			pos += int64(len(chunk))
			for ; len(chunk) > 0; chunk = chunk[width:] {
				if width == 4 {
					data = append(data, math.Float32frombits(binary.LittleEndian.Uint32(chunk)))
				} else {
					data = append(data, kernel.Float16(binary.LittleEndian.Uint16(chunk)))
				}
			}
		}
	}
	return checkpoint.Tensor{Name: name, Shape: slices.Clone(t.shape), Data: data}, nil
}

// Ints reads a small INT64 tensor.
func (f *File) Ints(name string) ([]int64, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	if t.dtype != typeInt64 || t.elements > maxList {
		return nil, f.fail(name, fmt.Sprintf("has %d elements of type %s, want at most %d of type INT64", t.elements, typeName(t.dtype), maxList), nil)
	}
	var out []int64
	if t.raw != nil {
		if err := f.complete(t, []span{*t.raw}, 8); err != nil {
			return nil, err
		}
		raw, err := f.read(name, *t.raw)
		for ; len(raw) > 0; raw = raw[8:] {
			out = append(out, int64(binary.LittleEndian.Uint64(raw)))
		}
		return out, err
	}
	for _, part := range t.ints {
		if part.size() > t.elements*binary.MaxVarintLen64 {
			return nil, f.fail(name, "has more values than its shape demands", nil)
		}
		raw, err := f.read(name, part)
		if err != nil {
			return nil, err
		}
		for len(raw) > 0 {
			value, length := binary.Uvarint(raw)
			if length <= 0 {
				return nil, f.fail(name, "has an integer that does not end", nil)
			}
			out = append(out, int64(value))
			raw = raw[length:]
		}
	}
	if int64(len(out)) != t.elements || t.loose {
		return nil, f.fail(name, "does not have as many values as its shape demands", nil)
	}
	return out, nil
}

// read reads a small part of a tensor.
func (f *File) read(name string, s span) ([]byte, error) {
	raw := make([]byte, s.size())
	if _, err := f.file.ReadAt(raw, s.begin); err != nil {
		return nil, f.fail(name, "cannot be read", err)
	}
	return raw, nil
}

func (f *File) find(name string) (tensor, error) {
	t, ok := f.tensors[name]
	switch {
	case !ok:
		return t, f.fail(name, "no such tensor", nil)
	case t.external:
		return t, f.fail(name, "keeps its values in another file (external data), which is not supported", nil)
	}
	return t, nil
}

// complete checks that the parts hold whole values and as many as the shape demands, which also
// bounds the memory for them by the size of the file.
func (f *File) complete(t tensor, parts []span, width int) error {
	total := int64(0)
	for _, part := range parts {
		if part.size()%int64(width) != 0 {
			return f.fail(t.name, fmt.Sprintf("has %d bytes, no multiple of %d", part.size(), width), nil)
		}
		total += part.size()
	}
	if t.loose {
		return f.fail(t.name, "has values in unpacked form, which is not supported", nil)
	}
	if total/int64(width) != t.elements {
		return f.fail(t.name, fmt.Sprintf("has %d values, but its shape %v demands %d", total/int64(width), t.shape, t.elements), nil)
	}
	return nil
}

// addTensor notes a tensor under its name.
func (f *File) addTensor(t tensor) error {
	if t.name == "" {
		return nil // nothing can refer to it
	}
	if _, ok := f.tensors[t.name]; ok {
		return f.fail(t.name, "is there twice", nil)
	}
	if len(f.tensors) >= maxNodes {
		return fmt.Errorf("has more than %d tensors", maxNodes)
	}
	f.tensors[t.name] = t
	f.order = append(f.order, t.name)
	return nil
}

// readTensor reads a TensorProto.
func readTensor(r *wireReader, s span) (tensor, error) {
	var t tensor
	dim := func(d uint64) error {
		if len(t.shape) >= maxDims {
			return fmt.Errorf("has a tensor with more than %d dimensions", maxDims)
		}
		if d > math.MaxInt32 {
			return fmt.Errorf("has a tensor with a dimension of %d", int64(d))
		}
		t.shape = append(t.shape, int(d))
		return nil
	}
	err := r.fields(s, func(m field) error {
		var err error
		switch m.number {
		case 1: // dims
			if m.wire == wireVarint {
				return dim(m.value)
			}
			if m.wire != wireBytes {
				return errWireType
			}
			for pos := m.span.begin; pos < m.span.end; {
				var d uint64
				if d, pos, err = r.varint(pos, m.span.end); err != nil {
					return err
				}
				if err := dim(d); err != nil {
					return err
				}
			}
		case 2: // data_type
			if m.wire != wireVarint || m.value > math.MaxInt16 {
				return errWireType
			}
			t.dtype = int(m.value)
		case 4, 7: // float_data, int64_data
			if m.wire != wireBytes {
				t.loose = true
				return nil
			}
			if len(t.floats)+len(t.ints) >= maxList {
				return errors.New("has a tensor in too many pieces")
			}
			if m.number == 4 {
				t.floats = append(t.floats, m.span)
			} else {
				t.ints = append(t.ints, m.span)
			}
		case 8: // name
			t.name, err = r.text(m)
		case 9: // raw_data
			if m.wire != wireBytes {
				return errWireType
			}
			raw := m.span
			t.raw = &raw
		case 13: // external_data
			t.external = true
		case 14: // data_location
			t.external = t.external || m.value != 0
		}
		return err
	})
	t.elements = 1
	for _, d := range t.shape {
		if d > 0 && t.elements > math.MaxInt32/int64(d) {
			return t, errors.Join(err, fmt.Errorf("has a tensor of the shape %v", t.shape))
		}
		t.elements *= int64(d)
	}
	return t, err
}

func float32frombits(bits uint32) float32 { return math.Float32frombits(bits) }
