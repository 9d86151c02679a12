package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/importer/onnx"
)

const remedyONNX = "use the float32 ONNX export of a BERT model, or import its safetensors"

// onnxWeights gives the tensors of an ONNX export of a BERT model as a checkpoint.Source.
type onnxWeights struct {
	file    *onnx.File
	weights map[string]onnxWeight // by the name in the checkpoint
}

type onnxWeight struct {
	name       string // in the file
	transposed bool   // [inputs, outputs]
}

// newONNXWeights reads the configuration from the graph and finds every tensor of it. If known is
// not nil, it is the model's own config.json; then the graph must agree with it.
func newONNXWeights(f *onnx.File, known *checkpoint.Config) (*onnxWeights, checkpoint.Config, error) {
	fail := func(field, problem string, args ...any) (*onnxWeights, checkpoint.Config, error) {
		return nil, checkpoint.Config{}, &checkpoint.InputError{File: f.Name(), Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedyONNX}
	}
	const words = "embeddings.word_embeddings.weight"
	prefix, found := "", false
	for _, name := range f.Names() {
		if strings.HasSuffix(name, words) && (name == words || strings.HasSuffix(name, "."+words)) {
			if found {
				return fail(name, "is a second table of word vectors")
			}
			prefix, found = strings.TrimSuffix(name, words), true
		}
	}
	if !found {
		if quantised := slices.IndexFunc(f.Names(), func(name string) bool { return strings.Contains(name, words) }); quantised >= 0 {
			return fail(f.Names()[quantised], "is not the plain table of word vectors: the model is quantised")
		}
		return fail(words, "is missing: this is no BERT model with its tensors' names")
	}
	g := newONNXGraph(f, prefix)
	if g.hasOp("CumSum") {
		return fail("CumSum", "computes the positions (RoBERTa); only BERT's plain positions are supported")
	}
	c, err := g.config()
	if err != nil {
		return nil, c, err
	}
	if known != nil {
		if err := agree(f.Name(), c, *known); err != nil {
			return nil, c, err
		}
		c = *known
		c.TorchDtype = "float32"
	}
	if err := inFile(c.Validate(), f.Name()); err != nil {
		return nil, c, err
	}
	w := &onnxWeights{file: f, weights: map[string]onnxWeight{}}
	for _, spec := range c.Tensors() {
		have := onnxWeight{name: prefix + spec.Name}
		if layer, ok := strings.CutSuffix(spec.Name, ".weight"); ok && strings.HasPrefix(spec.Name, "encoder.") && len(spec.Shape) == 2 {
			if have.name, have.transposed, ok = g.linear(layer); !ok {
				return fail(spec.Name, "is missing: no multiplication by it was found")
			}
		}
		shape, ok := f.Shape(have.name)
		if !ok {
			return fail(spec.Name, "is missing")
		}
		if have.transposed {
			slices.Reverse(shape)
		}
		if !slices.Equal(shape, spec.Shape) {
			return fail(spec.Name, "(%s) has shape %v, but the other tensors demand %v", have.name, shape, spec.Shape)
		}
		if kind := f.Type(have.name); kind != "FLOAT" && kind != "FLOAT16" {
			return fail(spec.Name, "has the type %s, want FLOAT or FLOAT16", kind)
		}
		w.weights[spec.Name] = have
	}
	c.Provenance = &checkpoint.Provenance{Weights: w.types()}
	return w, c, nil
}

// config reads the configuration from the shapes and the constants of the graph.
func (g *onnxGraph) config() (checkpoint.Config, error) {
	c := checkpoint.Config{
		Architectures: []string{"BertModel"}, ModelType: checkpoint.Bert, HiddenAct: "gelu", TorchDtype: "float32",
	}
	fail := func(field, problem string, args ...any) (checkpoint.Config, error) {
		return c, &checkpoint.InputError{File: g.Name(), Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedyONNX}
	}
	for _, table := range []struct {
		name string
		rows *int
	}{{"word", &c.VocabSize}, {"position", &c.MaxPositionEmbeddings}, {"token_type", &c.TypeVocabSize}} {
		name := "embeddings." + table.name + "_embeddings.weight"
		shape, ok := g.Shape(g.prefix + name)
		if !ok || len(shape) != 2 {
			return fail(name, "is missing, or no matrix")
		}
		*table.rows, c.HiddenSize = shape[0], shape[1]
	}
	var widths []int
	for {
		shape, ok := g.Shape(fmt.Sprintf("%sencoder.layer.%d.intermediate.dense.bias", g.prefix, len(widths)))
		if !ok {
			break
		}
		if len(shape) != 1 {
			return fail(fmt.Sprintf("encoder.layer.%d.intermediate.dense.bias", len(widths)), "has shape %v, want one dimension", shape)
		}
		widths = append(widths, shape[0])
	}
	if len(widths) == 0 {
		return fail("encoder.layer.0.intermediate.dense.bias", "is missing: this is no BERT model with its tensors' names")
	}
	c.NumHiddenLayers = len(widths)
	if c.IntermediateSize = widths[0]; slices.Min(widths) != slices.Max(widths) {
		c.IntermediateSize, c.IntermediateSizes = 0, widths
	}
	for layer := range widths {
		heads, ok := g.heads(layer, c.HiddenSize)
		if !ok {
			return fail(fmt.Sprintf("encoder.layer.%d.attention", layer), "does not tell the number of heads")
		}
		if layer > 0 && heads != c.NumAttentionHeads {
			return fail(fmt.Sprintf("encoder.layer.%d.attention", layer), "has %d heads, the layers before it %d", heads, c.NumAttentionHeads)
		}
		c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim = heads, heads, c.HiddenSize/heads
	}
	norms := []string{"embeddings.LayerNorm.weight"}
	for layer := range widths {
		norms = append(norms, fmt.Sprintf("encoder.layer.%d.attention.output.LayerNorm.weight", layer), fmt.Sprintf("encoder.layer.%d.output.LayerNorm.weight", layer))
	}
	for i, norm := range norms {
		eps, ok := g.normEpsilon(g.prefix + norm)
		if !ok || i > 0 && eps != c.LayerNormEps {
			return fail(norm, "does not tell an epsilon that is the same for all norms")
		}
		c.LayerNormEps = eps
	}
	if n := g.exactGELUs(); n != c.NumHiddenLayers {
		return fail("activation", "%d layers have %d exact GELUs; other activations are not supported", c.NumHiddenLayers, n)
	}
	return c, nil
}

// agree checks a graph's configuration against the model's own config.json.
func agree(file string, graph, known checkpoint.Config) error {
	for _, f := range []struct {
		name        string
		graph, file any
	}{
		{"model_type", graph.ModelType, known.ModelType},
		{"hidden_size", graph.HiddenSize, known.HiddenSize},
		{"num_hidden_layers", graph.NumHiddenLayers, known.NumHiddenLayers},
		{"num_attention_heads", graph.NumAttentionHeads, known.NumAttentionHeads},
		{"intermediate_size", graph.IntermediateSize, known.IntermediateSize},
		{"layer_norm_eps", graph.LayerNormEps, known.LayerNormEps},
		{"vocab_size", graph.VocabSize, known.VocabSize},
	} {
		if f.graph != f.file {
			return &checkpoint.InputError{
				File: file, Field: f.name, Problem: fmt.Sprintf("is %v, but config.json beside it says %v", f.graph, f.file),
				Remedy: "use the config.json of the model that the ONNX file was exported from, or remove it",
			}
		}
	}
	return nil
}

// types lists the element types of the weights in the spelling of safetensors.
func (w *onnxWeights) types() string {
	var out []string
	for _, have := range w.weights {
		kind := map[string]string{"FLOAT": "F32", "FLOAT16": "F16"}[w.file.Type(have.name)]
		if !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// Tensor implements checkpoint.Source.
func (w *onnxWeights) Tensor(name string) (checkpoint.Tensor, error) {
	have, ok := w.weights[name]
	if !ok {
		return checkpoint.Tensor{}, fmt.Errorf("no tensor %q", name)
	}
	t, err := w.file.Tensor(have.name)
	if err != nil {
		return t, err
	}
	t.Name = name
	if have.transposed {
		t = transpose(t)
	}
	return t, nil
}

// transpose turns a matrix [rows, columns] into [columns, rows].
func transpose(t checkpoint.Tensor) checkpoint.Tensor {
	rows, columns := t.Shape[0], t.Shape[1]
	out := make([]float32, len(t.Data))
	for i := range rows {
		for j, x := range t.Data[i*columns:][:columns] {
			out[j*rows+i] = x
		}
	}
	return checkpoint.Tensor{Name: t.Name, Shape: []int{columns, rows}, Data: out}
}
