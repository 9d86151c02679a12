package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/kernel/simd128"
	kernels "github.com/effir/effir/wasm/kernel/simd128/generator"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// page is the tab in which the browser's systems search.
type page struct {
	ctx     context.Context
	stop    func()
	server  *http.Server
	version string // of the browser
	kernels string
}

// openPage serves the page, its modules and the data, and opens it in Chromium.
func openPage(ctx context.Context, dir, work string, d *data) (*page, error) {
	files, err := pageFiles(ctx, dir, work, d)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &page{server: &http.Server{Handler: handler(files, filepath.Join(dir, "node_modules")), ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = p.server.Serve(listener) }()
	p.ctx, p.stop, err = browsertest.Start(ctx)
	if err != nil {
		_ = p.server.Close()
		return nil, err
	}
	about, err := chromedp.CallBrowser(p.ctx, browser.GetVersion, cdp.Empty{})
	if err == nil {
		p.version = about.Product
		err = chromedp.Do(p.ctx, chromedp.Navigate("http://"+listener.Addr().String()+"/index.html"))
	}
	if err == nil {
		p.kernels, err = call[string](p, "load")
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *page) close() {
	p.stop()
	_ = p.server.Close()
}

// call calls a function of the page and waits for what it promises.
func call[T any](p *page, function string, arguments ...any) (T, error) {
	var none T
	text, err := json.Marshal(append([]any{}, arguments...))
	if err != nil {
		return none, err
	}
	// The page's script is a module: it runs some time after the page is there.
	expression := fmt.Sprintf(`(async () => {
		while (!globalThis.bench) await new Promise((resolve) => setTimeout(resolve, 10));
		try {
			return { value: (await bench.%s(...%s)) ?? null };
		} catch (error) {
			return { error: error?.stack ?? (typeof error === "object" ? JSON.stringify(error) : String(error)) };
		}
	})()`, function, text)
	type outcome struct {
		Value T      `json:"value"`
		Error string `json:"error"`
	}
	o, err := chromedp.Run(p.ctx, chromedp.Evaluate[outcome](expression, chromedp.EvalAwaitPromise))
	if err == nil && o.Error != "" {
		err = errors.New(o.Error)
	}
	if err != nil {
		return none, fmt.Errorf("the page: %s%s: %w", function, text, err)
	}
	return o.Value, nil
}

// pageFiles are the page, the modules and the data, by their names on the server.
func pageFiles(ctx context.Context, dir, work string, d *data) (map[string][]byte, error) {
	root, err := filepath.Abs(filepath.Join(dir, "..", ".."))
	if err != nil {
		return nil, err
	}
	script, err := web.Compile(os.DirFS(root), []api.EntryPoint{{InputPath: "bench/index/page/page.ts", OutputPath: "page"}}, true)
	if err != nil {
		return nil, err
	}
	html, err := os.ReadFile(filepath.Join(dir, "page", "index.html"))
	if err != nil {
		return nil, err
	}
	guest := filepath.Join(work, "index-guest.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=c-shared", "-ldflags=-s -w", "-o", guest, "./bench/index/guest")
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the guest: %w\n%s", err, output)
	}
	module, err := os.ReadFile(guest)
	if err != nil {
		return nil, err
	}
	vectors, err := d.vectors.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"index.html": html, "page.js": script["page.js"], "guest.wasm": module,
		"kernels_baseline.wasm": simd128.Baseline, "kernels_relaxed.wasm": simd128.Relaxed,
		"limits.wasm": kernels.Limits(),
		"vectors.bin": vectors, "queries.bin": d.queryBytes(),
	}, nil
}

// types are media types that browsers insist on.
var types = map[string]string{
	".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".bin": "application/octet-stream",
}

// handler serves files, and npm packages under npm/. Its pages are isolated from others, for which
// browsers give them a finer clock.
func handler(files map[string][]byte, modules string) http.Handler {
	npm := os.DirFS(modules)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		content, ok := files[name]
		if within, npmFile := strings.CutPrefix(name, "npm/"); npmFile {
			var err error
			content, err = fs.ReadFile(npm, within)
			ok = err == nil
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Content-Type", types[path.Ext(name)])
		_, _ = w.Write(content)
	})
}
