package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// message builds a protocol buffers message.
type message []byte

func (m message) varint(number int, value uint64) message {
	m = binary.AppendUvarint(m, uint64(number)<<3|wireVarint)
	return binary.AppendUvarint(m, value)
}

func (m message) bytes(number int, content []byte) message {
	m = binary.AppendUvarint(m, uint64(number)<<3|wireBytes)
	return append(binary.AppendUvarint(m, uint64(len(content))), content...)
}

func (m message) text(number int, content string) message { return m.bytes(number, []byte(content)) }

func (m message) fixed32(number int, value uint32) message {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(m, uint64(number)<<3|wireFixed32), value)
}

// model wraps the parts of a graph.
func model(parts ...message) []byte {
	return message(nil).varint(1, 8).text(2, "test").bytes(7, slices.Concat(parts...))
}

func initializer(t message) message { return message(nil).bytes(5, t) }

func header(name string, dtype uint64, dims ...uint64) message {
	var m message
	for _, d := range dims {
		m = m.varint(1, d)
	}
	return m.varint(2, dtype).text(8, name)
}

func floats(values ...float32) []byte {
	var out []byte
	for _, x := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func mustParse(t *testing.T, data []byte) *File {
	t.Helper()
	f, err := Read("test.onnx", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTensors(t *testing.T) {
	constant := message(nil).text(2, "c_output").text(4, "Constant").
		bytes(5, message(nil).text(1, "value").bytes(5, header("", typeInt64, 1).bytes(7, []byte{7})))
	f := mustParse(t, model(
		initializer(header("raw", typeFloat, 2, 3).bytes(9, floats(1, 2, 3, 4, 5, 6))),
		initializer(header("pieces", typeFloat, 3).bytes(4, floats(1, 2)).bytes(4, floats(3))),
		initializer(message(nil).bytes(1, []byte{2, 1}).varint(2, typeFloat16).text(8, "half").bytes(9, []byte{0, 0x3c, 0, 0xc0})),
		initializer(header("scalar", typeFloat).bytes(9, floats(0.5))),
		initializer(header("ints", typeInt64, 2).bytes(9, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 5), math.MaxUint64))),
		initializer(header("packed", typeInt64, 2).bytes(7, binary.AppendUvarint([]byte{3}, math.MaxUint64))),
		initializer(header("nothing", typeFloat, 0, 5).bytes(9, nil)),
		message(nil).bytes(1, constant),
	))
	for name, want := range map[string]struct {
		shape []int
		data  []float32
	}{
		"raw": {[]int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}, "pieces": {[]int{3}, []float32{1, 2, 3}},
		"half": {[]int{2, 1}, []float32{1, -2}}, "scalar": {nil, []float32{0.5}}, "nothing": {[]int{0, 5}, []float32{}},
	} {
		got, err := f.Tensor(name)
		if err != nil || !slices.Equal(got.Shape, want.shape) || !slices.Equal(got.Data, want.data) {
			t.Errorf("%s is %+v (%v), want %+v", name, got, err, want)
		}
	}
	for name, want := range map[string][]int64{"ints": {5, -1}, "packed": {3, -1}, "c_output": {7}} {
		if got, err := f.Ints(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v (%v), want %v", name, got, err, want)
		}
	}
	if want := []string{"raw", "pieces", "half", "scalar", "ints", "packed", "nothing", "c_output"}; !slices.Equal(f.Names(), want) {
		t.Errorf("names are %q", f.Names())
	}
	if shape, ok := f.Shape("raw"); !ok || !slices.Equal(shape, []int{2, 3}) || f.Type("raw") != "FLOAT" || f.Type("none") != "" {
		t.Errorf("raw has shape %v and type %s", shape, f.Type("raw"))
	}
}

func TestNodes(t *testing.T) {
	attribute := func(name string, m message) message { return append(message(nil).text(1, name), m...) }
	f := mustParse(t, model(
		message(nil).bytes(1, message(nil).text(1, "x").text(1, "w").text(2, "y").text(3, "/a/MatMul").text(4, "MatMul")),
		message(nil).bytes(1, message(nil).text(1, "y").text(1, "").text(2, "z").text(3, "/a/Norm").text(4, "LayerNormalization").
			bytes(5, attribute("epsilon", message(nil).fixed32(2, math.Float32bits(1e-5)))).
			bytes(5, attribute("axis", message(nil).varint(3, math.MaxUint64))).
			bytes(5, attribute("mode", message(nil).text(4, "tanh")))),
	))
	if n, ok := f.Node("/a/MatMul"); !ok || n.Op != "MatMul" || !slices.Equal(n.Inputs, []string{"x", "w"}) || !slices.Equal(n.Outputs, []string{"y"}) {
		t.Errorf("node is %+v", n)
	}
	n, ok := f.Producer("z")
	if !ok || n.Name != "/a/Norm" || !slices.Equal(n.Inputs, []string{"y", ""}) {
		t.Errorf("node is %+v", n)
	}
	if a := n.Attributes; a["epsilon"].Float != 1e-5 || a["axis"].Int != -1 || a["mode"].String != "tanh" {
		t.Errorf("attributes are %+v", a)
	}
	if _, ok := f.Node("/b"); ok || len(f.Nodes()) != 2 {
		t.Error("found a node that is not there")
	}
	if _, ok := f.Producer("x"); ok {
		t.Error("an input of the graph has a producer")
	}
}

// TestHostile: files that lie are refused when opened, or when the lie matters.
func TestHostile(t *testing.T) {
	for name, c := range map[string]struct {
		file            []byte
		field, mentions string
	}{
		"no graph":           {message(nil).varint(1, 8), "", "has no graph"},
		"two graphs":         {slices.Concat(model(), model()), "", "second graph"},
		"graph is a number":  {message(nil).varint(7, 8), "", "wrong type"},
		"length beyond end":  {append(message(nil).varint(1, 8), 7<<3|wireBytes, 100), "", "ends in the middle"},
		"length overflows":   {append(message(nil), 7<<3|wireBytes, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1), "", "ends in the middle"},
		"endless integer":    {bytes.Repeat([]byte{255}, 20), "", "integer that does not end"},
		"field 0":            {[]byte{0, 0}, "", "number 0"},
		"wire type 3":        {[]byte{1<<3 | 3}, "", "unknown wire type"},
		"sparse weights":     {model(message(nil).bytes(15, nil)), "graph", "sparse"},
		"two of a name":      {model(initializer(header("w", typeFloat)), initializer(header("w", typeFloat))), "w", "twice"},
		"nine dimensions":    {model(initializer(header("w", typeFloat, 1, 1, 1, 1, 1, 1, 1, 1, 1))), "", "more than 8 dimensions"},
		"negative dimension": {model(initializer(header("w", typeFloat, math.MaxUint64))), "", "dimension of -1"},
		"too many elements":  {model(initializer(header("w", typeFloat, 1<<30, 1<<30))), "", "of the shape"},
		"long name":          {model(initializer(header(strings.Repeat("x", maxName+1), typeFloat))), "", "name of 4097 bytes"},
		"name is a number":   {model(initializer(message(nil).varint(8, 3))), "", "wrong type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("test.onnx", bytes.NewReader(c.file), int64(len(c.file)))
			wantError(t, err, c.field, c.mentions)
		})
	}
	for name, c := range map[string]struct {
		tensor   message
		mentions string
	}{
		"claims gigabytes":  {header("w", typeFloat, 1<<30).bytes(9, floats(1)), "has 1 values, but its shape [1073741824] demands"},
		"no values":         {header("w", typeFloat, 1), "has 0 values"},
		"too many values":   {header("w", typeFloat, 1).bytes(9, floats(1, 2)), "has 2 values"},
		"odd bytes":         {header("w", typeFloat, 1).bytes(9, []byte{1, 2, 3}), "no multiple of 4"},
		"integers":          {header("w", 3, 1).bytes(9, []byte{1}), "element type INT8"},
		"unknown type":      {header("w", 99, 1).bytes(9, []byte{1}), "element type type 99"},
		"external data":     {header("w", typeFloat, 1).bytes(13, nil).varint(14, 1), "external data"},
		"external location": {header("w", typeFloat, 1).varint(14, 1), "external data"},
		"unpacked values":   {header("w", typeFloat, 1).fixed32(4, 0), "unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustParse(t, model(initializer(c.tensor)))
			_, err := f.Tensor("w")
			wantError(t, err, "w", c.mentions)
		})
	}
	for name, c := range map[string]struct {
		tensor   message
		mentions string
	}{
		"floats":        {header("w", typeFloat, 1).bytes(9, floats(1)), "of type FLOAT"},
		"long list":     {header("w", typeInt64, 1<<20).bytes(9, floats(1)), "has 1048576 elements"},
		"too few":       {header("w", typeInt64, 2).bytes(7, []byte{1}), "as many values"},
		"too many":      {header("w", typeInt64, 1).bytes(7, []byte{1, 2}), "as many values"},
		"endless":       {header("w", typeInt64, 2).bytes(7, bytes.Repeat([]byte{255}, 12)), "does not end"},
		"far too many":  {header("w", typeInt64, 1).bytes(7, bytes.Repeat([]byte{1}, 12)), "more values"},
		"external data": {header("w", typeInt64, 1).varint(14, 1), "external data"},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustParse(t, model(initializer(c.tensor)))
			_, err := f.Ints("w")
			wantError(t, err, "w", c.mentions)
		})
	}
	f := mustParse(t, model())
	_, err := f.Tensor("w")
	wantError(t, err, "w", "no such tensor")
}

func wantError(t *testing.T, err error, field, mentions string) {
	t.Helper()
	var input *checkpoint.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %T (%v), want *checkpoint.InputError", err, err)
	}
	if input.File != "test.onnx" || input.Field != field || input.Remedy == "" || !strings.Contains(err.Error(), mentions) {
		t.Errorf("error is %q (field %q), want field %q and %q", err, input.Field, field, mentions)
	}
}

func TestOpen(t *testing.T) {
	f, err := Open("../testdata/bert/opset11.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := f.Node("/encoder/layer.1/output/dense/MatMul"); !ok || n.Op != "MatMul" {
		t.Errorf("node is %+v", n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Tensor("embeddings.LayerNorm.bias"); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("error after Close is %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "x.onnx")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

// FuzzParse: whatever the bytes, the file is refused, or its tensors are refused or have the values
// that their shapes demand, and never more than the file has room for.
func FuzzParse(f *testing.F) {
	if seed, err := os.ReadFile("../testdata/bert/gemm.onnx"); err == nil {
		f.Add(seed)
	}
	f.Add(model(initializer(header("w", typeFloat, 2).bytes(9, floats(1, 2))), initializer(header("i", typeInt64, 1).bytes(7, []byte{1}))))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read("fuzz", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			var input *checkpoint.InputError
			if !errors.As(err, &input) || input.Remedy == "" {
				t.Fatalf("error without remedy: %v", err)
			}
			return
		}
		for _, name := range file.Names() {
			want := 1
			shape, _ := file.Shape(name)
			for _, d := range shape {
				want *= d
			}
			if got, err := file.Tensor(name); err == nil && (len(got.Data) != want || 2*want > len(data)) {
				t.Fatalf("%s %v has %d values in a file of %d bytes", name, shape, len(got.Data), len(data))
			}
			if got, err := file.Ints(name); err == nil && (len(got) != want || want > len(data)) {
				t.Fatalf("%s %v has %d values in a file of %d bytes", name, shape, len(got), len(data))
			}
		}
	})
}
