// Package onnx reads the weights and the graph's outline from an ONNX file: the tensors, and the
// nodes with their names, operators, inputs and scalar attributes. It reads the protocol buffers
// itself, steps over what it does not need, and leaves the weights on disk until they are asked for.
//
// Files are treated as hostile: counts and sizes are checked before anything is allocated, and
// every complaint is a *checkpoint.InputError.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Bounds on a file. Published encoders have below 10,000 nodes and 1000 tensors.
const (
	maxName  = 1 << 12 // bytes of a name; fits the window of wireReader
	maxNodes = 1 << 20
	maxEdges = 1 << 22 // inputs, outputs and attributes of all nodes together
	maxDims  = 8
	maxList  = 1 << 16 // values of a tensor that Ints or Floats returns
)

// Node is one operation of the graph.
type Node struct {
	Name       string   // such as "/encoder/layer.0/attention/self/query/MatMul"
	Op         string   // such as "MatMul"
	Inputs     []string // names of tensors or of outputs of other nodes; "" for one left out
	Outputs    []string
	Attributes map[string]Attribute
}

// Attribute is a scalar attribute of a node; only the field of its type is set.
type Attribute struct {
	Float  float32
	Int    int64
	String string
}

// File is an open ONNX file. All methods except Close may be called concurrently.
type File struct {
	name     string
	file     io.ReaderAt
	close    func() error
	nodes    []Node
	byName   map[string]int // first node of a name
	producer map[string]int // node that makes an output
	tensors  map[string]tensor
	order    []string // names of the tensors
	edges    int
}

// Open opens an ONNX file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", path)
	}
	if err == nil {
		var out *File
		if out, err = Read(path, f, info.Size()); err == nil {
			out.close = f.Close
			return out, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

// Read reads an ONNX file of the given size; name stands for it in errors. The file must stay open
// as long as tensors are read, and is not closed by Close.
func Read(name string, file io.ReaderAt, size int64) (*File, error) {
	f := &File{
		name: name, file: file, close: func() error { return nil },
		byName: map[string]int{}, producer: map[string]int{}, tensors: map[string]tensor{},
	}
	r := &wireReader{file: file}
	graphs := 0
	err := r.fields(span{0, size}, func(m field) error { // ModelProto
		if m.number != 7 {
			return nil
		}
		if m.wire != wireBytes {
			return errWireType
		}
		if graphs++; graphs > 1 {
			return errors.New("has a second graph")
		}
		return f.graph(r, m.span)
	})
	if err == nil && graphs == 0 {
		err = errors.New("has no graph")
	}
	if err != nil {
		var input *checkpoint.InputError
		if errors.As(err, &input) {
			return nil, err
		}
		return nil, f.fail("", "is not a readable ONNX file", err)
	}
	return f, nil
}

// Name is the path of the file.
func (f *File) Name() string { return f.name }

// Nodes are the nodes in the order of the file. The caller must not change them.
func (f *File) Nodes() []Node { return f.nodes }

// Node finds a node by its name.
func (f *File) Node(name string) (Node, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Node{}, false
	}
	return f.nodes[i], true
}

// Producer finds the node that makes the given output.
func (f *File) Producer(output string) (Node, bool) {
	i, ok := f.producer[output]
	if !ok {
		return Node{}, false
	}
	return f.nodes[i], true
}

// Close closes the file.
func (f *File) Close() error { return f.close() }

func (f *File) fail(field, problem string, err error) error {
	return &checkpoint.InputError{
		File: f.name, Field: field, Problem: problem, Err: err,
		Remedy: "use a complete ONNX file with float32 weights inside (neither quantised nor with external data)",
	}
}

// graph reads a GraphProto.
func (f *File) graph(r *wireReader, s span) error {
	return r.fields(s, func(m field) error {
		switch {
		case m.number != 1 && m.number != 5 && m.number != 15:
			return nil
		case m.wire != wireBytes:
			return errWireType
		case m.number == 1:
			return f.node(r, m.span)
		case m.number == 15:
			return f.fail("graph", "has sparse weights, which are not supported", nil)
		}
		t, err := readTensor(r, m.span)
		if err != nil {
			return err
		}
		return f.addTensor(t)
	})
}

// node reads a NodeProto.
func (f *File) node(r *wireReader, s span) error {
	if len(f.nodes) >= maxNodes {
		return fmt.Errorf("has more than %d nodes", maxNodes)
	}
	var n Node
	var constant *tensor
	err := r.fields(s, func(m field) error {
		if m.number > 5 {
			return nil
		}
		if m.wire != wireBytes {
			return errWireType
		}
		if m.number == 5 {
			return f.attribute(r, m.span, &n, &constant)
		}
		text, err := r.text(m)
		switch m.number {
		case 1:
			n.Inputs = append(n.Inputs, text)
		case 2:
			n.Outputs = append(n.Outputs, text)
		case 3:
			n.Name = text
		case 4:
			n.Op = text
		}
		return errors.Join(err, f.count())
	})
	if err != nil {
		return err
	}
	index := len(f.nodes)
	f.nodes = append(f.nodes, n)
	if _, ok := f.byName[n.Name]; !ok && n.Name != "" {
		f.byName[n.Name] = index
	}
	for _, output := range n.Outputs {
		f.producer[output] = index
	}
	if n.Op == "Constant" && constant != nil && len(n.Outputs) == 1 {
		constant.name = n.Outputs[0]
		return f.addTensor(*constant)
	}
	return nil
}

// attribute reads an AttributeProto. The tensor that is the value of a Constant goes to constant.
func (f *File) attribute(r *wireReader, s span, n *Node, constant **tensor) error {
	var name string
	var value Attribute
	var found *tensor
	err := r.fields(s, func(m field) error {
		var err error
		switch {
		case m.number == 1 && m.wire == wireBytes:
			name, err = r.text(m)
		case m.number == 2 && m.wire == wireFixed32:
			value.Float = float32frombits(uint32(m.value))
		case m.number == 3 && m.wire == wireVarint:
			value.Int = int64(m.value)
		case m.number == 4 && m.wire == wireBytes && m.span.size() <= maxName:
			value.String, err = r.text(m)
		case m.number == 5 && m.wire == wireBytes:
			var t tensor
			t, err = readTensor(r, m.span)
			found = &t
		}
		return err
	})
	if err != nil {
		return err
	}
	if n.Attributes == nil {
		n.Attributes = map[string]Attribute{}
	}
	n.Attributes[name] = value
	if name == "value" && found != nil {
		*constant = found
	}
	return f.count()
}

// count bounds the memory that the graph's outline takes.
func (f *File) count() error {
	if f.edges++; f.edges > maxEdges {
		return fmt.Errorf("has nodes with more than %d inputs, outputs and attributes", maxEdges)
	}
	return nil
}
