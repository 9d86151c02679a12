package importer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/effir/effir/toolchain/importer/onnx"
)

// onnxGraph answers questions about the graph of an exported BERT model.
type onnxGraph struct {
	*onnx.File
	prefix    string               // what stands before the tensors' usual names, such as "bert."
	byPath    map[string]onnx.Node // nodes of the encoder by the part of their name from "encoder/" on
	consumers map[string][]int     // nodes that take a tensor or output
}

func newONNXGraph(f *onnx.File, prefix string) *onnxGraph {
	g := &onnxGraph{File: f, prefix: prefix, byPath: map[string]onnx.Node{}, consumers: map[string][]int{}}
	for i, n := range f.Nodes() {
		if at := strings.Index(n.Name, "encoder/layer."); at >= 0 {
			if _, ok := g.byPath[n.Name[at:]]; !ok {
				g.byPath[n.Name[at:]] = n
			}
		}
		for _, input := range n.Inputs {
			if list := g.consumers[input]; len(list) == 0 || list[len(list)-1] != i {
				g.consumers[input] = append(list, i)
			}
		}
	}
	return g
}

// consumer finds the first node with the given operator that takes the tensor.
func (g *onnxGraph) consumer(tensor, op string) (onnx.Node, bool) {
	for _, i := range g.consumers[tensor] {
		if n := g.Nodes()[i]; n.Op == op {
			return n, true
		}
	}
	return onnx.Node{}, false
}

// other is the input of a node of two inputs that is not the given one.
func other(n onnx.Node, input string) string {
	if len(n.Inputs) == 2 && n.Inputs[0] == input {
		return n.Inputs[1]
	}
	if len(n.Inputs) == 2 && n.Inputs[1] == input {
		return n.Inputs[0]
	}
	return ""
}

// linear finds the weight of the linear layer of the given tensor name without ".weight", such as
// encoder.layer.0.attention.self.query, and whether it is stored as [inputs, outputs]. Exporters
// fold the transposition that a linear layer begins with into the weight, which loses its name by
// that: it is then found by the name of the multiplication, or else as the factor of the product to
// which the bias is added.
func (g *onnxGraph) linear(name string) (weight string, transposed, ok bool) {
	path := strings.ReplaceAll(name, ".", "/")
	path = strings.Replace(path, "encoder/layer/", "encoder/layer.", 1)
	for _, op := range []string{"MatMul", "Gemm"} {
		if n, found := g.byPath[path+"/"+op]; found {
			if weight, transposed, ok = g.factor(n); ok {
				return weight, transposed, true
			}
		}
	}
	bias := g.prefix + name + ".bias"
	if n, found := g.consumer(bias, "Gemm"); found {
		return g.factor(n)
	}
	if sum, found := g.consumer(bias, "Add"); found {
		if product, found := g.Producer(other(sum, bias)); found {
			return g.factor(product)
		}
	}
	return "", false, false
}

// factor is the weight of a multiplication: its second factor.
func (g *onnxGraph) factor(n onnx.Node) (weight string, transposed, ok bool) {
	if len(n.Inputs) < 2 {
		return "", false, false
	}
	weight, transposed = n.Inputs[1], true
	switch {
	case n.Op == "Gemm":
		alpha, given := n.Attributes["alpha"]
		if given && alpha.Float != 1 || n.Attributes["transA"].Int != 0 {
			return "", false, false
		}
		transposed = n.Attributes["transB"].Int == 0
	case n.Op != "MatMul":
		return "", false, false
	}
	if turn, found := g.Producer(weight); found && turn.Op == "Transpose" && len(turn.Inputs) == 1 {
		weight, transposed = turn.Inputs[0], !transposed // of a matrix, there is only one
	}
	_, ok = g.Shape(weight)
	return weight, transposed, ok
}

// normEpsilon finds the epsilon of the LayerNorm whose weight is given: the attribute of a
// LayerNormalization node, or the constant that is added to the variance before the root.
func (g *onnxGraph) normEpsilon(weight string) (float64, bool) {
	if n, ok := g.consumer(weight, "LayerNormalization"); ok {
		if eps, given := n.Attributes["epsilon"]; given {
			return decimal(eps.Float), true
		}
		return 1e-5, true // the operator's default
	}
	scale, ok := g.consumer(weight, "Mul")
	if !ok {
		return 0, false
	}
	quotient, ok := g.Producer(other(scale, weight))
	if !ok || quotient.Op != "Div" || len(quotient.Inputs) != 2 {
		return 0, false
	}
	root, ok := g.Producer(quotient.Inputs[1])
	if !ok || root.Op != "Sqrt" || len(root.Inputs) != 1 {
		return 0, false
	}
	sum, ok := g.Producer(root.Inputs[0])
	if !ok || sum.Op != "Add" {
		return 0, false
	}
	for _, input := range sum.Inputs {
		if shape, ok := g.Shape(input); !ok || len(shape) > 1 || len(shape) == 1 && shape[0] != 1 {
			continue
		}
		if t, err := g.Tensor(input); err == nil && len(t.Data) == 1 {
			return decimal(t.Data[0]), true
		}
	}
	return 0, false
}

// decimal is the shortest decimal number that rounds to x: 1e-12 rather than 9.99999996e-13.
func decimal(x float32) float64 {
	out, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64) // it was just formatted
	return out
}

// heads finds the number of attention heads: the query [batch, tokens, hidden] is reshaped to
// [batch, tokens, heads, size], where the shape is a constant, or joined of four parts of which the
// last two are constants. One of these two may be -1, for what is left of hidden.
func (g *onnxGraph) heads(layer, hidden int) (heads int, ok bool) {
	bias := g.prefix + "encoder.layer." + strconv.Itoa(layer) + ".attention.self.query.bias"
	query := ""
	for _, op := range []string{"Add", "Gemm"} {
		if n, found := g.consumer(bias, op); found && len(n.Outputs) == 1 {
			query = n.Outputs[0]
		}
	}
	reshape, found := g.consumer(query, "Reshape")
	if !found || len(reshape.Inputs) != 2 {
		return 0, false
	}
	var dims []int64
	if shape, err := g.Ints(reshape.Inputs[1]); err == nil {
		dims = shape
	} else if join, found := g.Producer(reshape.Inputs[1]); found && join.Op == "Concat" && len(join.Inputs) == 4 {
		dims = []int64{0, 0}
		for _, part := range join.Inputs[2:] {
			value, err := g.Ints(part)
			if err != nil || len(value) != 1 {
				return 0, false
			}
			dims = append(dims, value[0])
		}
	}
	if len(dims) != 4 {
		return 0, false
	}
	count, size := dims[2], dims[3]
	switch {
	case count == -1 && size > 0:
		count = int64(hidden) / size
	case size == -1 && count > 0:
		size = int64(hidden) / count
	}
	if count < 1 || size < 1 || count > int64(hidden) || size > int64(hidden) || count*size != int64(hidden) {
		return 0, false
	}
	return int(count), true
}

// exactGELUs counts the activations x·(1+erf(x/√2))/2, spelt out or as an operator.
func (g *onnxGraph) exactGELUs() int {
	count := 0
	for _, n := range g.Nodes() {
		if n.Op == "Erf" || n.Op == "Gelu" && n.Attributes["approximate"].String != "tanh" {
			count++
		}
	}
	return count
}

// hasOp reports whether any node has the operator.
func (g *onnxGraph) hasOp(op string) bool {
	return slices.ContainsFunc(g.Nodes(), func(n onnx.Node) bool { return n.Op == op })
}
