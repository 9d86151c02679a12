package llama_test

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
)

// smolTolerance is the largest absolute difference to transformers after thirty
// layers; the hidden states of these texts reach 41, the logits 30.
const smolTolerance = 5e-4

// smolGoldens is testdata/smollm2.safetensors: per text the hidden states of
// the first and the last token, and the ten best next tokens.
type smolGoldens struct {
	ids, lengths, topIDs        []int32
	first, last, topLogits      []float32
	texts, length, width, ranks int
}

func readSmolGoldens(t *testing.T) smolGoldens {
	t.Helper()
	f := testmodel.Open(t, filepath.Join("testdata", "smollm2.safetensors"))
	floats := func(name string) ([]int, []float32) {
		shape, data, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return shape, data
	}
	ints := func(name string) ([]int, []int32) {
		shape, data, err := f.Int32(name)
		if err != nil {
			t.Fatal(err)
		}
		return shape, data
	}
	var g smolGoldens
	shape, ids := ints("ids")
	g.ids, g.texts, g.length = ids, shape[0], shape[1]
	_, g.lengths = ints("lengths")
	shape, g.first = floats("first")
	g.width = shape[1]
	_, g.last = floats("last")
	shape, g.topIDs = ints("top_ids")
	g.ranks = shape[1]
	_, g.topLogits = floats("top_logits")
	return g
}

// TestSmolLM2Goldens runs the real model: all texts on XLA, the short ones on
// the Go backend, which would take minutes for the others.
func TestSmolLM2Goldens(t *testing.T) {
	dir := testmodel.SmolLM2(t)
	goldens := readSmolGoldens(t)
	t.Run("xla", func(t *testing.T) {
		checkSmol(t, testmodel.XLA(t), dir, goldens, goldens.texts, goldens.length)
	})
	t.Run("go", func(t *testing.T) {
		b, err := backend.Open("go")
		if err != nil {
			t.Fatal(err)
		}
		defer b.Finalize()
		checkSmol(t, b, dir, goldens, 3, 8)
	})
}

// checkSmol compares the first n texts, padded or cut to the given length.
func checkSmol(t *testing.T, b backends.Backend, dir string, g smolGoldens, n, length int) {
	cfg, scope := loadModel(t, dir)
	defer scope.Finalize()
	ids, mask := make([]int32, n*length), make([]bool, n*length)
	for row := range n {
		copy(ids[row*length:(row+1)*length], g.ids[row*g.length:])
		for i := range g.lengths[row] {
			mask[row*length+int(i)] = true
		}
	}
	exec, err := context.NewExec(b, scope, func(scope *context.Context, ids, mask *graph.Node) (*graph.Node, *graph.Node) {
		hidden := family.Forward(cfg, scope, ids, mask).Last
		return hidden, cfg.Logits(scope, hidden)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := []any{tensors.FromFlatDataAndDimensions(ids, n, length), tensors.FromFlatDataAndDimensions(mask, n, length)}
	start := time.Now()
	out, err := exec.Exec(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("compiled and ran %d tokens in %.1f s", n*length, time.Since(start).Seconds())

	hidden, logits := flat(out[0]), flat(out[1])
	worstHidden, largestHidden, worstLogit, largestLogit := 0.0, 0.0, 0.0, 0.0
	for row := range n {
		end := row*length + int(g.lengths[row]) - 1
		for i := range g.width {
			for _, c := range []struct {
				got, want float32
			}{
				{hidden[row*length*g.width+i], g.first[row*g.width+i]},
				{hidden[end*g.width+i], g.last[row*g.width+i]},
			} {
				worstHidden = max(worstHidden, testmodel.Difference(c.got, c.want))
				largestHidden = max(largestHidden, math.Abs(float64(c.want)))
			}
		}
		next := logits[end*cfg.Vocab : (end+1)*cfg.Vocab]
		for rank := range g.ranks {
			want := g.topLogits[row*g.ranks+rank]
			worstLogit = max(worstLogit, testmodel.Difference(next[g.topIDs[row*g.ranks+rank]], want))
			largestLogit = max(largestLogit, math.Abs(float64(want)))
		}
		if best := argmax(next); best != int(g.topIDs[row*g.ranks]) {
			t.Errorf("text %d: best next token is %d, want %d", row, best, g.topIDs[row*g.ranks])
		}
	}
	t.Logf("max abs difference: hidden %.2g (of %.3g), logits %.2g (of %.3g)", worstHidden, largestHidden, worstLogit, largestLogit)
	if max(worstHidden, worstLogit) > smolTolerance {
		t.Errorf("hidden states differ by %g, logits by %g; want at most %g", worstHidden, worstLogit, smolTolerance)
	}
}

func flat(t *tensors.Tensor) (values []float32) {
	tensors.MustConstFlatData(t, func(data []float32) { values = append(values, data...) })
	return values
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
