package encoder_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
)

// Texts of 512 tokens, several times the blocks of rows of all kernels, have the same
// bits alone and in a batch, by the reference and by the processor's kernels.
func TestLongestTexts(t *testing.T) {
	texts := []string{strings.Repeat("x ", 600), "how do I cancel a request", strings.Repeat("yz", 255)}
	for name, dir := range map[string]string{"llama": tinymodel.WriteLong(t), "bert": tinymodel.WriteBertLong(t)} {
		t.Run(name, func(t *testing.T) {
			fastest, err := native.Open()
			if err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, k := range []kernel.Kernels{kernel.NewReference(), fastest} {
				e := open(t, k, dir)
				s := session(t, e, len(texts)*tinymodel.LongTokens)
				var ids []int32
				var lengths []int
				singles := make([]float32, len(texts)*s.Dims())
				for i, text := range texts {
					before := len(ids)
					if ids, err = s.Tokens(ids, text, encoder.Passage); err != nil {
						t.Fatal(err)
					}
					lengths = append(lengths, len(ids)-before)
					if _, err := s.Embed(singles[i*s.Dims():][:s.Dims()], text, encoder.Passage); err != nil {
						t.Fatal(err)
					}
				}
				if slices.Max(lengths) != tinymodel.LongTokens {
					t.Fatalf("the texts have %v tokens", lengths)
				}
				batch := make([]float32, len(texts)*s.Dims())
				if err := s.EmbedTokens(batch, ids, lengths); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(batch, singles) {
					t.Errorf("%s: the batch gives other vectors", k.Name())
				}
				if want == nil {
					want = singles
				} else if !slices.Equal(singles, want) {
					t.Errorf("%s gives other vectors than the reference", k.Name())
				}
			}
		})
	}
}
