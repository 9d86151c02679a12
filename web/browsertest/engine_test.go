package browsertest_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/effir/effir/web/browsertest"
)

const page = `<!doctype html><title>engines</title><script type="module" src="/page.js"></script><input autofocus>`

const script = `
globalThis.pressed = [];
document.querySelector("input").focus();
document.addEventListener("keydown", (event) => pressed.push((event.ctrlKey ? "Control+" : "") + event.key));
`

// Every engine gives what the interface promises, under a strict CSP.
func TestEngines(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
		if strings.HasSuffix(r.URL.Path, ".js") {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, script)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	}))
	defer server.Close()
	for _, engine := range browsertest.Engines {
		t.Run(engine.Name, func(t *testing.T) {
			ctx := t.Context()
			browser := engine.Open(t, browsertest.Settings{})
			check := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			a, err := browser.Tab(ctx)
			check(err)
			check(a.Navigate(ctx, server.URL))
			check(a.Resize(ctx, 700, 500))
			check(a.Keys(ctx, "h", "i", "ArrowDown", "Control+k", "Enter"))
			got, err := browsertest.Value[string](ctx, a, `document.querySelector("input").value + ": " + pressed.filter((key) => !key.endsWith("Control")).join(" ")`)
			if want := "hi: h i ArrowDown Control+k Enter"; err != nil || got != want {
				t.Errorf("pressed %q, %v; want %q", got, err, want)
			}
			late, err := browsertest.Value[[]int](ctx, a, `new Promise((resolve) => setTimeout(resolve, 50, [1, 2]))`)
			if err != nil || fmt.Sprint(late) != "[1 2]" {
				t.Errorf("a promise gave %v, %v", late, err)
			}
			if _, err := a.Eval(ctx, `Promise.reject(new Error("as told"))`); err == nil || !strings.Contains(err.Error(), "as told") {
				t.Errorf("a rejected promise gave %v", err)
			}

			b, err := browser.Tab(ctx)
			check(err)
			check(b.Navigate(ctx, server.URL+"/b"))
			_, err = b.Eval(ctx, `localStorage.setItem("from", "b")`)
			check(err)
			from, err := browsertest.Value[string](ctx, a, `localStorage.getItem("from")`)
			if err != nil || from != "b" {
				t.Errorf("the first tab reads %q of the second, %v", from, err)
			}
			check(b.Close(ctx))

			picture, err := a.Screenshot(ctx)
			check(err)
			size, _, err := image.DecodeConfig(bytes.NewReader(picture))
			if err != nil || size.Width != 700 || size.Height != 500 {
				t.Errorf("a picture of %d x %d, %v", size.Width, size.Height, err)
			}
			memory, err := browser.Memory()
			t.Logf("%s, %d MB, %v", browser.Version(), memory>>20, err)
		})
	}
}
