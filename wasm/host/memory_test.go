package host_test

import (
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// A page's memory is model bytes, scratch for the longest text, and at most
// 12 MB: kernel memory by the formula of encoder.ScratchBytes, the rest guest. A
// thousand queries later it is the same.
func TestPeakMemory(t *testing.T) {
	const page = 1 << 16
	for family, write := range map[string]func(testing.TB) string{"llama": tinymodel.WriteSlim, "bert": tinymodel.WriteBert} {
		dir := write(t)
		h := open(t)
		if err := h.LoadModel(t.Context(), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		embed := func(text string) {
			if _, err := h.Embed(t.Context(), text, encoder.Query); err != nil {
				t.Fatal(err)
			}
		}
		embed(strings.Repeat("long ", 1000))
		for range 200 {
			embed("how do I cancel a request")
		}
		kernels, guest := h.Memory()
		weights, scratch := sizes(t, dir)
		stated := kernel.Reserved + weights + scratch
		if kernels > (stated+page-1)/page*page {
			t.Errorf("%s: the kernels have %d bytes, the formula gives %d", family, kernels, stated)
		}
		if guest+kernel.Reserved > 12<<20 {
			t.Errorf("%s: the guest has %d bytes", family, guest)
		}
		t.Logf("%s: kernels %d of %d stated, guest %d", family, kernels, stated, guest)
		for range 1000 {
			embed("how do I cancel a request")
		}
		if k, g := h.Memory(); k != kernels || g != guest {
			t.Errorf("%s: a thousand queries took %d and %d bytes more", family, k-kernels, g-guest)
		}
	}
}

// sizes returns the bytes of a package's weights and of a session's scratch.
func sizes(t *testing.T, dir string) (weights, scratch int) {
	t.Helper()
	m, _, err := modeldir.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := modeldir.ReadFile(os.DirFS(dir), m.Tokenizer)
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
