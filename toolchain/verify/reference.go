package verify

import (
	"context"
	"encoding/binary"
	"io/fs"
	"math"
	"slices"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Reference computes what a model package stands for with the float32 weights of
// the checkpoint it was exported from, on a GoMLX backend: the same layers, pooling
// and head, nothing quantised. ids are the package's own tokens of each text.
// A vector has the package's dims and length one.
func Reference(ctx context.Context, b backends.Backend, src export.Source, dir fs.FS, ids [][]int32) ([][]float32, error) {
	m, _, err := modeldir.Open(dir)
	if err != nil {
		return nil, err
	}
	kind, err := pooling.Parse(m.Embedding.Pooling)
	if err != nil {
		return nil, err
	}
	buckets := []int{m.MaxTokens}
	if m.MaxTokens > 64 {
		buckets = []int{64, m.MaxTokens}
	}
	options := []encoder.Option{encoder.WithBuckets(buckets...), encoder.WithSkip(m.Embedding.Skip)}
	if m.Llama != nil && !m.Llama.FinalNorm {
		options = append(options, encoder.WithoutFinalNorm())
	}
	if m.Embedding.Head && !m.Embedding.Unit {
		options = append(options, encoder.WithoutNormalizing())
	}
	float, err := floatmodel.Of(referenceConfig(src.Config(), m))
	if err != nil {
		return nil, err
	}
	e, err := encoder.New(b, float, weights{src}, options...)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	states, err := e.Embed(ctx, ids, kind)
	if err != nil || !m.Embedding.Head {
		return states, err
	}
	h, err := readHead(dir, m)
	if err != nil {
		return nil, err
	}
	for i, s := range states {
		states[i] = h.apply(s)
	}
	return states, nil
}

// weights shows an export's source to a float model.
type weights struct{ export.Source }

func (w weights) Tensor(name string) (shape []int, data []float32, err error) {
	t, err := w.Source.Tensor(name)
	return t.Shape, t.Data, err
}

// referenceConfig is the checkpoint's configuration cut to the package's layers.
func referenceConfig(c checkpoint.Config, m *model.Manifest) checkpoint.Config {
	layers := m.Layers().Count()
	widths := make([]int, layers)
	for i := range widths {
		widths[i] = c.MLPWidth(i)
	}
	c.NumHiddenLayers, c.IntermediateSize, c.IntermediateSizes = layers, 0, widths
	c.DroppedAttention = slices.DeleteFunc(slices.Clone(c.DroppedAttention), func(i int) bool { return i >= layers })
	c.Embedding = &checkpoint.Embedding{
		Pooling: m.Embedding.Pooling, Normalize: true,
		Bidirectional: m.Llama != nil && !m.Llama.Causal, MaxTokens: m.MaxTokens,
	}
	return c
}

// dense is a package's head.
type dense struct {
	weight, bias []float32 // [hidden, dims], [dims]
}

func readHead(dir fs.FS, m *model.Manifest) (*dense, error) {
	image := make([]byte, m.Weights.Bytes)
	err := modeldir.ReadImage(dir, m, func(offset int, chunk []byte) error {
		copy(image[offset:], chunk)
		return nil
	})
	if err != nil {
		return nil, err
	}
	floats := func(name string, n int) []float32 {
		x := make([]float32, n)
		t, _ := m.Tensor(name)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(image[t.Offset+4*i:]))
		}
		return x
	}
	return &dense{floats("head_weight", m.Hidden()*m.Dims), floats("head_bias", m.Dims)}, nil
}

// apply maps a state and scales the result to length one.
func (d *dense) apply(state []float32) []float32 {
	dims := len(d.bias)
	y := make([]float64, dims)
	var square float64
	for c := range y {
		y[c] = float64(d.bias[c])
		for i, x := range state {
			y[c] += float64(x) * float64(d.weight[i*dims+c])
		}
		square += y[c] * y[c]
	}
	out := make([]float32, dims)
	for c := range y {
		out[c] = float32(y[c] / math.Sqrt(square))
	}
	return out
}

// Cosine returns the cosine of the angle between two vectors of the same length.
func Cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}
