package host_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// A page's memory is model bytes, scratch for the longest text, and at most
// 12 MB: kernel memory by the formula of encoder.ScratchBytes, the rest guest. Many
// queries later it is the same.
func TestPeakMemory(t *testing.T) {
	const page = 1 << 16
	for name, c := range map[string]struct {
		dir     fs.FS
		queries int // the released model takes its time for each
	}{
		"tiny llama": {os.DirFS(tinymodel.WriteSlim(t)), 1000},
		"tiny bert":  {os.DirFS(tinymodel.WriteBert(t)), 1000},
		"released":   {models.Default(), 50},
	} {
		h := open(t)
		if err := h.LoadModel(t.Context(), c.dir); err != nil {
			t.Fatal(err)
		}
		embed := func(text string) {
			if _, err := h.Embed(t.Context(), text, encoder.Query); err != nil {
				t.Fatal(err)
			}
		}
		embed(strings.Repeat("long ", 1000))
		for range c.queries / 5 {
			embed("how do I cancel a request")
		}
		kernels, guest := h.Memory()
		weights, scratch := sizes(t, c.dir)
		stated := kernel.Reserved + weights + scratch
		if kernels > (stated+page-1)/page*page {
			t.Errorf("%s: the kernels have %d bytes, the formula gives %d", name, kernels, stated)
		}
		if most := weights + scratch + 12<<20; kernels+guest > most {
			t.Errorf("%s: kernels and guest have %d bytes, model and scratch with 12 MB %d", name, kernels+guest, most)
		}
		t.Logf("%s: weights %d, scratch %d; kernels %d of %d stated, guest %d", name, weights, scratch, kernels, stated, guest)
		for range c.queries {
			embed("how do I cancel a request")
		}
		if k, g := h.Memory(); k != kernels || g != guest {
			t.Errorf("%s: %d queries took %d and %d bytes more", name, c.queries, k-kernels, g-guest)
		}
	}
}

// sizes returns the bytes of a package's weights and of a session's scratch.
func sizes(t *testing.T, dir fs.FS) (weights, scratch int) {
	t.Helper()
	m, _, err := modeldir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := modeldir.ReadFile(dir, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := tokenizer.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	e, err := encoder.New(kernel.NewReference(), m, 0, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return m.Weights.Bytes, e.ScratchBytes(0)
}
