package gguf

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Pair is a key of the metadata with its value: a uint32, float32, bool, string, []int32 or []string.
type Pair struct {
	Key   string
	Value any
}

// ErrRange means that a number cannot be stored in the format that was asked for.
var ErrRange = errors.New("a number is not finite or beyond the range of its format")

// Write makes a file of version 3 with the given metadata and tensors, both in the given order.
//
// source supplies the values, one tensor after the other, so that no more than one is in memory.
// They are rounded to the Type of their entry, one of F32, F16, Q8_0 and Q4_0; the last two store
// blocks of 32, of which rows must be multiples. A value that is not finite or too large for its
// format is an error that wraps ErrRange. Names must not repeat, and general.alignment, which is
// always the default, must not be given.
//
// progress, if not nil, is called with the bytes of tensors written so far and in total. The file
// appears, or replaces what was there, only when it is complete.
func Write(ctx context.Context, path string, metadata []Pair, tensors []Info, source checkpoint.Source, progress func(done, total int64)) (err error) {
	header, placed, err := encodeHeader(metadata, tensors)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, t := range placed {
		total = t.offset + padded(t.size)
	}
	out, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if aborted := out.Abort(); err == nil {
			err = aborted
		}
	}()
	w := bufio.NewWriterSize(out, 1<<18)
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range placed {
		tensor, err := source.Tensor(t.Name)
		if err != nil {
			return err
		}
		if elements := t.size / int64(formats[t.Type].bytes) * int64(formats[t.Type].values); !slices.Equal(tensor.Shape, t.Shape) || int64(len(tensor.Data)) != elements {
			return fmt.Errorf("tensor %s has shape %v and %d values, want %v", t.Name, tensor.Shape, len(tensor.Data), t.Shape)
		}
		report := func(bytes int64) {
			if progress != nil {
				progress(t.offset+bytes, total)
			}
		}
		if err := writeTensor(ctx, w, t, tensor.Data, report); err != nil {
			return err
		}
		report(padded(t.size))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Commit()
}

const alignment = 32 // bytes; the format's default

func padded(n int64) int64 { return (n + alignment - 1) / alignment * alignment }

// writeTensor rounds and writes one tensor, some 64k values at a time, and pads it.
func writeTensor(ctx context.Context, w *bufio.Writer, t Info, values []float32, report func(bytes int64)) error {
	block, encode := formats[t.Type].values, encoders[t.Type]
	buffer := make([]byte, 0, (1<<16)/block*formats[t.Type].bytes)
	written := int64(0)
	for start := 0; start < len(values); start += 1 << 16 {
		if err := ctx.Err(); err != nil {
			return err
		}
		buffer = buffer[:0]
		chunk := values[start:min(start+1<<16, len(values))]
		for i := 0; i < len(chunk); i += block {
			ok := finite(chunk[i : i+block])
			if ok {
				buffer, ok = encode(buffer, chunk[i:i+block])
			}
			if !ok {
				return fmt.Errorf("tensor %s, values %d to %d, as %v: %w", t.Name, start+i, start+i+block-1, t.Type, ErrRange)
			}
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		written += int64(len(buffer))
		report(written)
	}
	_, err := w.Write(make([]byte, padded(t.size)-t.size))
	return err
}

func finite(values []float32) bool {
	for _, x := range values {
		if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}

// encodeHeader writes everything before the tensor data, padded to the alignment, and gives the
// tensors' sizes and their offsets from there.
func encodeHeader(metadata []Pair, tensors []Info) (header []byte, placed []Info, err error) {
	little := binary.LittleEndian
	b := append([]byte("GGUF"), 3, 0, 0, 0)
	b = little.AppendUint64(b, uint64(len(tensors)))
	b = little.AppendUint64(b, uint64(len(metadata)))
	seen := map[string]bool{}
	once := func(name string) error {
		if name == "" || seen[name] {
			return fmt.Errorf("gguf: name %q is empty or given twice", name)
		}
		seen[name] = true
		return nil
	}
	for _, p := range metadata {
		if err := once(p.Key); err != nil {
			return nil, nil, err
		}
		if p.Key == alignmentKey {
			return nil, nil, fmt.Errorf("gguf: %s is always %d and not written", alignmentKey, alignment)
		}
		if b, err = appendValue(appendText(b, p.Key), p.Value); err != nil {
			return nil, nil, fmt.Errorf("gguf: %s: %w", p.Key, err)
		}
	}
	clear(seen)
	offset := int64(0)
	for _, t := range tensors {
		if err := once(t.Name); err != nil {
			return nil, nil, err
		}
		if t.size, err = dataSize(t); err != nil {
			return nil, nil, fmt.Errorf("gguf: tensor %s: %w", t.Name, err)
		}
		t.offset = offset
		offset += padded(t.size)
		placed = append(placed, t)

		b = appendText(b, t.Name)
		b = little.AppendUint32(b, uint32(len(t.Shape)))
		for _, d := range slices.Backward(t.Shape) {
			b = little.AppendUint64(b, uint64(d))
		}
		b = little.AppendUint32(b, uint32(t.Type))
		b = little.AppendUint64(b, uint64(t.offset))
	}
	return append(b, make([]byte, padded(int64(len(b)))-int64(len(b)))...), placed, nil
}

// dataSize is the number of bytes of a tensor's data.
func dataSize(t Info) (int64, error) {
	if _, ok := encoders[t.Type]; !ok {
		return 0, fmt.Errorf("the number format %v cannot be written", t.Type)
	}
	if len(t.Shape) < 1 || len(t.Shape) > maxDims {
		return 0, fmt.Errorf("has %d dimensions, want 1 to %d", len(t.Shape), maxDims)
	}
	elements := int64(1)
	for _, d := range t.Shape {
		if d < 1 || elements > 1<<40/int64(d) {
			return 0, fmt.Errorf("shape %v is out of range", t.Shape)
		}
		elements *= int64(d)
	}
	format := formats[t.Type]
	if row := t.Shape[len(t.Shape)-1]; row%format.values != 0 {
		return 0, fmt.Errorf("rows of %d values do not divide into %v blocks of %d", row, t.Type, format.values)
	}
	return elements / int64(format.values) * int64(format.bytes), nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue appends a value behind the code of its kind.
func appendValue(b []byte, value any) ([]byte, error) {
	little := binary.LittleEndian
	begin := func(k kind) { b = little.AppendUint32(b, uint32(k)) }
	array := func(element kind, n int) {
		begin(kindArray)
		begin(element)
		b = little.AppendUint64(b, uint64(n))
	}
	switch v := value.(type) {
	case uint32:
		begin(kindUint32)
		b = little.AppendUint32(b, v)
	case float32:
		begin(kindFloat32)
		b = little.AppendUint32(b, math.Float32bits(v))
	case bool:
		begin(kindBool)
		bit := byte(0)
		if v {
			bit = 1
		}
		b = append(b, bit)
	case string:
		begin(kindString)
		b = appendText(b, v)
	case []int32:
		array(kindInt32, len(v))
		for _, x := range v {
			b = little.AppendUint32(b, uint32(x))
		}
	case []string:
		array(kindString, len(v))
		for _, s := range v {
			b = appendText(b, s)
		}
	default:
		return nil, fmt.Errorf("values of type %T cannot be written", value)
	}
	return b, nil
}
