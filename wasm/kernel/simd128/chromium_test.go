package simd128_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/web/browsertest"
)

// browser starts a headless Chromium with V8 flags. Without a browser the test
// is skipped, or fails where EFFIR_REQUIRE_BROWSER is 1.
func browser(t testing.TB, flags string) context.Context {
	t.Helper()
	path, err := browsertest.Find()
	if err != nil {
		if os.Getenv(browsertest.RequireVariable) == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("js-flags", flags))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	page, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	if err := chromedp.Do(page, chromedp.Navigate(isolated(t))); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	if _, err := chromedp.Run(page, chromedp.Evaluate[int](pageScript)); err != nil {
		t.Fatal(err)
	}
	return page
}

// isolated serves an empty page to which browsers give their finest clock.
func isolated(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// pageScript defines what the page does for chromiumKernels: bytes travel as
// base64.
const pageScript = `
globalThis.bytesOf = (text) => Uint8Array.fromBase64
	? Uint8Array.fromBase64(text)
	: Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
globalThis.instantiate = (module) => {
	globalThis.kernels = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(module))).exports;
};
globalThis.range = (p, n) => {
	if (p + n > kernels.allocated() >>> 0) throw new RangeError("outside of the allocated memory");
	return new Uint8Array(kernels.memory.buffer, p, n);
};
globalThis.write = (p, text) => {
	const bytes = bytesOf(text);
	range(p, bytes.length).set(bytes);
};
globalThis.read = (p, n) => {
	const bytes = range(p, n);
	if (bytes.toBase64) return bytes.toBase64();
	let text = "";
	for (const b of bytes) text += String.fromCharCode(b);
	return btoa(text);
};
// rate is Best of package rate: the operations a second, in 10^9, of the fastest
// of many windows of at least half a millisecond.
globalThis.rate = (operations, name, ...parameters) => {
	const call = kernels[name];
	let count = 1, best = 0;
	for (const end = performance.now() + 300; performance.now() < end;) {
		const start = performance.now();
		for (let i = 0; i < count; i++) call(...parameters);
		const took = performance.now() - start;
		if (took < 0.5) count *= 2;
		else best = Math.max(best, count * operations / took * 1000);
	}
	return best;
};
globalThis.defineLayer = (product, rows, hidden, width, x, y, wide, q, scale, sums, w, scratch, qkv, output, up, down) => {
	const k = kernels;
	const multiply = (to, from, weights, n, inputs) => {
		k.quantise(q, scale, sums, from, rows, inputs);
		k[product](to, q, scale, sums, weights, rows, n, inputs);
	};
	const addNorm = () => {
		k.bias(y, w, rows, hidden);
		k.add(x, y, rows * hidden);
		k.layer_norm(x, x, w, w, rows, hidden, 1e-12);
	};
	kernels = { ...k, layer: () => {
		multiply(wide, x, qkv, 3 * hidden, hidden);
		k.bias(wide, w, rows, 3 * hidden);
		k.attention(y, wide, scratch, rows, 12, 12, hidden / 12, 0.177, 0);
		multiply(y, y, output, hidden, hidden);
		addNorm();
		multiply(wide, x, up, width, hidden);
		k.gelu(wide, w, rows, width);
		multiply(y, wide, down, hidden, width);
		addNorm();
	} };
};
0`

// chromiumKernels implements kernel.Kernels with a module in a page.
type chromiumKernels struct {
	page context.Context
	name string
}

// newChromiumKernels replaces the page's instance by a new one.
func newChromiumKernels(t testing.TB, page context.Context, module []byte) chromiumKernels {
	k := chromiumKernels{page: page}
	k.evaluate("instantiate", base64.StdEncoding.EncodeToString(module))
	k.name = [...]string{"simd128-baseline", "simd128-relaxed"}[int(k.evaluate("kernels.variant"))]
	return k
}

// evaluate calls a function of the page. It panics where the page throws.
func (k chromiumKernels) evaluate(function string, arguments ...any) float64 {
	result, err := chromedp.Run(k.page, chromedp.Evaluate[float64](call(function, arguments)+" ?? 0"))
	if err != nil {
		panic(fmt.Errorf("%s: %w", function, err))
	}
	return result
}

func call(function string, arguments []any) string {
	var text []string
	for _, a := range arguments {
		switch a := a.(type) {
		case string:
			text = append(text, `"`+a+`"`)
		case float32: // binary32 survives the way through a decimal binary64
			text = append(text, strings.Replace(fmt.Sprintf("%.17g", float64(a)), "Inf", "Infinity", 1))
		default:
			text = append(text, fmt.Sprint(a))
		}
	}
	return function + "(" + strings.Join(text, ",") + ")"
}

func (k chromiumKernels) operate(name string, arguments ...any) {
	k.evaluate("kernels."+name, arguments...)
}

func (k chromiumKernels) Name() string { return k.name }

func (k chromiumKernels) Alloc(size int) (kernel.Ptr, error) {
	if size < 0 || size > math.MaxUint32 {
		return 0, kernel.ErrMemory
	}
	p := kernel.Ptr(uint32(int32(k.evaluate("kernels.alloc", size))))
	if p == 0 {
		return 0, kernel.ErrMemory
	}
	return p, nil
}

func (k chromiumKernels) Write(p kernel.Ptr, src []byte) {
	k.evaluate("write", p, base64.StdEncoding.EncodeToString(src))
}

func (k chromiumKernels) Read(dst []byte, p kernel.Ptr) {
	text, err := chromedp.Run(k.page, chromedp.Evaluate[string](call("read", []any{p, len(dst)})))
	if err != nil {
		panic(err)
	}
	src, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(src) != len(dst) {
		panic("read: the page returned something else")
	}
	copy(dst, src)
}

func (k chromiumKernels) Embed(out, table, ids kernel.Ptr, rows, dim int) {
	k.operate("embed", out, table, ids, rows, dim)
}

func (k chromiumKernels) EmbedQ4(out, table, ids kernel.Ptr, rows, dim int) {
	k.operate("embed_q4", out, table, ids, rows, dim)
}

func (k chromiumKernels) RMSNorm(out, x, w kernel.Ptr, rows, dim int, eps float32) {
	k.operate("rms_norm", out, x, w, rows, dim, eps)
}

func (k chromiumKernels) LayerNorm(out, x, w, b kernel.Ptr, rows, dim int, eps float32) {
	k.operate("layer_norm", out, x, w, b, rows, dim, eps)
}

func (k chromiumKernels) Quantise(q, scale, sums, x kernel.Ptr, rows, dim int) {
	k.operate("quantise", q, scale, sums, x, rows, dim)
}

func (k chromiumKernels) MatMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.operate("mat_mul_q4", out, q, scale, sums, w, rows, n, inputs)
}

func (k chromiumKernels) MatMulQ7(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.operate("mat_mul_q7", out, q, scale, sums, w, rows, n, inputs)
}

func (k chromiumKernels) RoPE(x, table kernel.Ptr, rows, heads, headDim, stride int) {
	k.operate("rope", x, table, rows, heads, headDim, stride)
}

func (k chromiumKernels) Attention(out, qkv, scratch kernel.Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool) {
	k.operate("attention", out, qkv, scratch, rows, heads, kvHeads, headDim, scale, causal)
}

func (k chromiumKernels) SwiGLU(out, x kernel.Ptr, rows, dim int) {
	k.operate("swi_glu", out, x, rows, dim)
}

func (k chromiumKernels) GELU(x, b kernel.Ptr, rows, dim int) { k.operate("gelu", x, b, rows, dim) }

func (k chromiumKernels) Bias(x, b kernel.Ptr, rows, dim int) { k.operate("bias", x, b, rows, dim) }

func (k chromiumKernels) Add(x, y kernel.Ptr, count int) { k.operate("add", x, y, count) }

func (k chromiumKernels) MeanPool(out, x kernel.Ptr, rows, dim int) {
	k.operate("mean_pool", out, x, rows, dim)
}

func (k chromiumKernels) Dense(out, x, w, bias kernel.Ptr, n, inputs int) {
	k.operate("dense", out, x, w, bias, n, inputs)
}

func (k chromiumKernels) Normalise(x kernel.Ptr, dim int) { k.operate("normalise", x, dim) }

func (k chromiumKernels) DotI8(out, query, vectors kernel.Ptr, count, dim int) {
	k.operate("dot_i8", out, query, vectors, count, dim)
}

func (k chromiumKernels) Score(found, x, scales kernel.Ptr, count int, scale, bound float32) int {
	return int(k.evaluate("kernels.score", found, x, scales, count, scale, bound))
}

func (k chromiumKernels) Hamming(out, query, vectors kernel.Ptr, count, size int) {
	k.operate("hamming", out, query, vectors, count, size)
}
