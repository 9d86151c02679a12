package encoder_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
	"github.com/effir/effir/wasm/model"
)

// oneRow takes the mean of one row where that of all was asked for: the network
// under it computes all states.
type oneRow struct {
	kernel.Kernels
	last bool
}

func (o oneRow) MeanPool(out, x kernel.Ptr, rows, dim int) {
	if o.last {
		x = x.Add(4 * (rows - 1) * dim)
	}
	o.Kernels.MeanPool(out, x, 1, dim)
}

// The states that are left out where one is read leave no trace in that one, alone
// and in batches.
func TestOneStateEqualsAllStates(t *testing.T) {
	embed := func(t *testing.T, wrap func(kernel.Kernels) kernel.Kernels, dir string, pooling string) []float32 {
		k, err := native.Open()
		if err != nil {
			t.Fatal(err)
		}
		e := openChanged(t, wrap(k), os.DirFS(dir), func(m *model.Manifest) { m.Embedding.Pooling, m.Embedding.Skip = pooling, 0 })
		s := session(t, e, 4*tinymodel.MaxTokens)
		var ids []int32
		var lengths []int
		for _, text := range []string{"a", "how do I cancel a request", strings.Repeat("long ", 70), "net/http", strings.Repeat("x ", 40)} {
			before := len(ids)
			if ids, err = s.Tokens(ids, text, encoder.Passage); err != nil {
				t.Fatal(err)
			}
			lengths = append(lengths, len(ids)-before)
		}
		out := make([]float32, len(lengths)*s.Dims())
		if err := s.EmbedTokens(out, ids, lengths); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, write := range packages {
		for _, pooling := range []string{"last", "cls"} {
			t.Run(name+"/"+pooling, func(t *testing.T) {
				dir := write(t)
				one := embed(t, func(k kernel.Kernels) kernel.Kernels { return k }, dir, pooling)
				all := embed(t, func(k kernel.Kernels) kernel.Kernels { return oneRow{k, pooling == "last"} }, dir, "mean")
				if !slices.Equal(one, all) {
					t.Error("the vectors differ")
				}
			})
		}
	}
}

func TestOneRow(t *testing.T) {
	m := &model.Manifest{Family: "bert", Bert: &model.Bert{Layers: model.Layers{MLP: []int{64, 64}}}}
	for pooling, want := range map[string][]string{"mean": nil, "cls": {"layer.1.output", "layer.1.up"}, "last": {"layer.1.output", "layer.1.up"}} {
		m.Embedding.Pooling = pooling
		var got []string
		for _, name := range []string{"layer.0.output", "layer.1.qkv", "layer.1.output", "layer.1.up", "layer.10.up", "embedding"} {
			if encoder.OneRow(m, name) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", pooling, got, want)
		}
	}
}
