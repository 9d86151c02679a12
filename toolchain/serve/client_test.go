package serve_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/web/browsertest"
)

func TestEmbeddingsEqualNative(t *testing.T) {
	s := newSite(t)
	host, err := native.Open(os.DirFS(s.modelDir), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"a", "How do I cancel a request?", "ünïcödé 🙂 \x00 text", strings.Repeat("long text ", 200)}
	for range 30 {
		texts = append(texts, fmt.Sprintf("text number %d of many", len(texts)))
	}
	for _, kernels := range []string{browsertest.Auto, browsertest.Baseline} {
		vectors, used, err := browsertest.EmbeddingsBy(t.Context(), s.url, kernels, texts)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{browsertest.Auto: "relaxed", browsertest.Baseline: "baseline"}[kernels]; used != want {
			t.Errorf("kernels %s: %s were used, want %s", kernels, used, want)
		}
		if len(vectors) != len(texts) {
			t.Fatalf("%d vectors of %d texts", len(vectors), len(texts))
		}
		for i, text := range texts {
			row, err := host.EmbedOne(text, encoder.Passage)
			if err != nil {
				t.Fatal(err)
			}
			want, err := binary.Append(nil, binary.LittleEndian, row)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(vectors[i], want) {
				t.Errorf("%s kernels: text %d differs from native %s", kernels, i, host.KernelName())
			}
		}
	}
}
