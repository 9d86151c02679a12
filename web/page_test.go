package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// screenshotVariable names a folder for pictures of the pages in the tested states.
const screenshotVariable = "EFFIR_SCREENSHOTS"

const question = "how do I cancel a request that takes too long"

// host serves the demo's pages and the component alone, over a worker that follows
// a scenario.
type host struct {
	url string

	mu       sync.Mutex
	scenario string
	progress string // status.json; empty: 404
	document string // component.html
}

// page is a browser in front of a host.
type page struct {
	*host
	t       *testing.T
	browser context.Context
}

// pageEntries are the scripts and styles of the pages, with the scenarios' worker
// in the place of the real one.
var pageEntries = []api.EntryPoint{
	{InputPath: "component/index.ts", OutputPath: "effir-search"},
	{InputPath: "demo/search.ts", OutputPath: "search"},
	{InputPath: "demo/files.ts", OutputPath: "files"},
	{InputPath: "demo/happened.ts", OutputPath: "happened"},
	{InputPath: "demo/style.css", OutputPath: "style"},
	{InputPath: "test/fake-worker.ts", OutputPath: "worker"},
}

// pageStyle is what a site may have for the component's page: it keeps the
// component's height until its script has run.
const pageStyle = `html { color-scheme: light dark; background: Canvas; font-family: "Liberation Sans", sans-serif }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
effir-search:not(:defined) { display: block; min-height: 5.5rem }
effir-search[mode=dialog]:not(:defined) { min-height: 3.25rem }`

func newHost(t *testing.T) *host {
	t.Helper()
	assets, err := web.Compile(os.DirFS("."), pageEntries, true)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("testdata/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Pages     json.RawMessage            `json:"pages"`
		Scenarios map[string]json.RawMessage `json:"scenarios"`
	}
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	h := &host{}
	files, documents := http.FileServerFS(assets), http.FileServer(http.Dir("demo"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strictPolicy)
		h.mu.Lock()
		defer h.mu.Unlock()
		switch r.URL.Path {
		case "/scenario.json":
			json.NewEncoder(w).Encode(map[string]json.RawMessage{"pages": all.Pages, "scenario": all.Scenarios[h.scenario]})
		case "/status.json":
			if h.progress == "" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, h.progress)
		case "/component.html":
			fmt.Fprint(w, h.document)
		case "/component.css":
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, pageStyle)
		default:
			if extension := path.Ext(r.URL.Path); extension == "" || extension == ".html" || extension == ".svg" {
				documents.ServeHTTP(w, r)
				return
			}
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + "/"
	return h
}

func newPage(t *testing.T) *page {
	p := &page{browser: browsertest.Open(t), t: t, host: newHost(t)}
	p.size(1120, 900)
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	})
	return p
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// open loads a page of the demo with a scenario.
func (p *page) open(scenario, address string) {
	p.t.Helper()
	p.set(func() { p.scenario = scenario })
	p.do(chromedp.Navigate(p.url + address))
}

// component loads a page that holds the component with some attributes and, in
// its html element, others.
func (p *page) component(scenario, attributes, html string) {
	p.t.Helper()
	p.setComponent(scenario, attributes, html)
	p.do(chromedp.Navigate(p.url + "component.html"))
	p.want(`customElements.get("effir-search") !== undefined`, "true")
}

func (h *host) setComponent(scenario, attributes, html string) {
	h.set(func() {
		h.scenario = scenario
		h.document = fmt.Sprintf(`<!doctype html><html %s><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
			<title>Component</title><link rel="icon" href="icon.svg"><link rel="stylesheet" href="component.css"><script type="module" src="effir-search.js"></script></head>
			<body><main><h1>A site</h1><effir-search %s></effir-search><p id="after">What follows.</p></main></body></html>`, html, attributes)
	})
}

func (h *host) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// value evaluates an expression to a string.
func (p *page) value(expression string) string {
	p.t.Helper()
	got, err := browsertest.Await[string](p.browser, "(async () => String(await ("+expression+")))()")
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// want waits until an expression has a value.
func (p *page) want(expression, want string) {
	p.t.Helper()
	got := ""
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = p.value(expression); got == want {
			return
		}
	}
	p.t.Fatalf("%s is %q, want %q", expression, got, want)
}

// press presses a key as a keyboard does: what it types comes from the same
// event, so that a page can prevent it. Keys may be held with it, as "Control+k".
func (p *page) press(key, types string) {
	p.t.Helper()
	modifiers := int64(0)
	const control = "Control+"
	if len(key) > len(control) && key[:len(control)] == control {
		key, modifiers = key[len(control):], 2
	}
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: types, Modifiers: modifiers, WindowsVirtualKeyCode: keyCodes[key]}
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, down); err != nil {
			return chromedp.Void{}, err
		}
		return cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key, Modifiers: modifiers, WindowsVirtualKeyCode: keyCodes[key]})
	})
}

// keyCodes are the codes of keys that a browser acts on by itself.
var keyCodes = map[string]int64{"Tab": 9, "Enter": 13, "Escape": 27, "Home": 36, "End": 35, " ": 32}

// write types a text key by key.
func (p *page) write(text string) {
	p.t.Helper()
	for _, letter := range text {
		p.press(string(letter), string(letter))
	}
}

func (p *page) size(width, height int64) { p.t.Helper(); p.do(chromedp.EmulateViewport(width, height)) }

// media sets media features: name, value, name, value.
func (p *page) media(pairs ...string) {
	p.t.Helper()
	var features []*emulation.MediaFeature
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	})
}

// screenshot keeps a picture if a folder for them is set.
func (p *page) screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv(screenshotVariable)
	if dir == "" {
		return
	}
	time.Sleep(400 * time.Millisecond) // movements end
	picture, err := chromedp.Run(p.browser, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// expectedMissing are files whose absence a page expects: the state of indexing, and
// those of the engine, whose sizes are shown where there is more than a scenario.
var expectedMissing = []string{"/status.json", "/guest.wasm", "/kernels_relaxed.wasm", "/index/index.json", "/model/model.json"}

// console collects what the pages write to the console from now on, exceptions and
// refusals of the Content-Security-Policy among it. Answers of 404 that a page
// expects are left out.
func (p *page) console() (messages func() []string) {
	var mu sync.Mutex
	var list []string
	stream := chromedp.Console(p.browser)
	go func() {
		for message, err := range stream {
			if err != nil {
				return
			}
			if message.Source == "network" && slices.ContainsFunc(expectedMissing, func(name string) bool { return strings.HasSuffix(message.URL, name) }) {
				continue
			}
			mu.Lock()
			list = append(list, message.String())
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// text returns the expression of an element's text.
func text(selector string) string {
	return fmt.Sprintf("document.querySelector(%q)?.textContent.trim()", selector)
}

// part returns the expression of an element in the component.
func part(selector string) string {
	return fmt.Sprintf(`document.querySelector("effir-search").shadowRoot.querySelector(%q)`, selector)
}

// partText returns the expression of the text of an element in the component.
func partText(selector string) string { return part(selector) + "?.textContent.trim()" }
