package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/backends"

	gomlx "github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// Float embeds with a checkpoint's model in float32 on a GoMLX backend: what a
// package is held against.
type Float struct {
	reader  *reader.Reader
	encoder *gomlx.Encoder
	kind    pooling.Kind
	hidden  int
	head    *denseHead // nil for none
}

// FloatOptions of OpenFloat.
type FloatOptions struct {
	// MaxTokens cuts longer texts; 0 is as many as the model takes.
	MaxTokens int
	// Weights replace the checkpoint's, such as rounded ones; nil for none.
	Weights family.Weights
	// BatchTokens bounds the tokens, padding included, that run at once. 0 is
	// 2048, where one core is busy and half-filled batches are rare.
	BatchTokens int
}

// lengths to which texts are padded. Each is compiled once, which takes seconds,
// and padding wastes at most a third.
var lengths = []int{16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 384, 512, 1024, 2048, 4096}

// OpenFloat copies a checkpoint's weights to the backend, which must outlive the
// model. The checkpoint may be closed afterwards.
func OpenFloat(backend backends.Backend, src *checkpoint.Checkpoint, o FloatOptions) (*Float, error) {
	r, err := reader.New(src, o.MaxTokens)
	if err != nil {
		return nil, err
	}
	how := r.Embedding()
	f := &Float{reader: r, hidden: src.Config().HiddenSize}
	if f.kind, err = pooling.Parse(how.Pooling); err != nil {
		return nil, err
	}
	model, err := floatmodel.Of(src.Config())
	if err != nil {
		return nil, err
	}
	weights := o.Weights
	if weights == nil {
		weights = floatmodel.Weights(src)
	}
	if how.HeadDims > 0 {
		if f.head, err = readDenseHead(weights, how.HeadDims, src.Config().HiddenSize); err != nil {
			return nil, err
		}
	}
	if o.BatchTokens <= 0 {
		o.BatchTokens = 2048
	}
	f.encoder, err = gomlx.New(backend, model, weights, gomlx.WithoutNormalizing(), gomlx.WithSkip(how.Skip),
		gomlx.WithBatchTokens(o.BatchTokens), gomlx.WithBuckets(bucketsTo(r.Limit())...))
	return f, err
}

// bucketsTo returns the padded lengths for texts of at most limit tokens.
func bucketsTo(limit int) []int {
	i, _ := slices.BinarySearch(lengths, limit)
	return append(slices.Clone(lengths[:i]), limit)
}

// Close frees the weights and the compiled programs.
func (f *Float) Close() { f.encoder.Close() }

// Embed implements Embedder. A text without tokens gets a vector that is similar
// to nothing.
func (f *Float) Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	var ids [][]int32
	var at []int // positions of the texts that have tokens
	for i, text := range texts {
		tokens, err := f.reader.Read(text, kind)
		if errors.Is(err, reader.ErrEmpty) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids, at = append(ids, tokens), append(at, i)
	}
	states, err := f.encoder.Embed(ctx, ids, f.kind)
	if err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	dims := f.Dims()
	for i, state := range states {
		if f.head != nil {
			state = f.head.apply(state)
		}
		unit, err := reciprocalLength(state)
		if err != nil {
			return nil, fmt.Errorf("text %.40q: %w", texts[at[i]], err)
		}
		for j, x := range state {
			state[j] = float32(float64(x) * unit)
		}
		vectors[at[i]] = state
	}
	for i, v := range vectors {
		if v == nil {
			vectors[i] = make([]float32, dims)
		}
	}
	return vectors, nil
}

// Dims returns the length of a vector.
func (f *Float) Dims() int {
	if f.head != nil {
		return len(f.head.bias)
	}
	return f.hidden
}

// denseHead is a checkpoint's linear map behind pooling.
type denseHead struct {
	weight []float32 // [dims, hidden]
	bias   []float32 // [dims]
}

func readDenseHead(w family.Weights, dims, hidden int) (*denseHead, error) {
	h := &denseHead{}
	for _, t := range []struct {
		name  string
		shape []int
		data  *[]float32
	}{{"head.weight", []int{dims, hidden}, &h.weight}, {"head.bias", []int{dims}, &h.bias}} {
		shape, data, err := w.Tensor(t.name)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(shape, t.shape) {
			return nil, fmt.Errorf("%s has shape %v, config.json asks for %v", t.name, shape, t.shape)
		}
		for _, x := range data {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, fmt.Errorf("%s holds a number that is not finite", t.name)
			}
		}
		*t.data = data
	}
	return h, nil
}

// apply returns weight x + bias, summed in float64.
func (h *denseHead) apply(x []float32) []float32 {
	out := make([]float32, len(h.bias))
	for row := range out {
		sum := float64(h.bias[row])
		for i, w := range h.weight[row*len(x):][:len(x)] {
			sum += float64(w) * float64(x[i])
		}
		out[row] = float32(sum)
	}
	return out
}
