package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
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

// screenshotVariable names a folder for pictures of the page in the tested states.
const screenshotVariable = "EFFIR_SCREENSHOTS"

const question = "how do I cancel a request that takes too long"

// page is the search page over a worker that follows a scenario.
type page struct {
	t        *testing.T
	browser  context.Context
	url      string
	scenario string
	progress string // status.json; empty: 404
}

func newPage(t *testing.T) *page {
	browser := browsertest.Open(t)
	assets, err := web.Build(false)
	if err != nil {
		t.Fatal(err)
	}
	fake, err := web.Compile(os.DirFS("."), []api.EntryPoint{{InputPath: "test/fake-worker.ts", OutputPath: "worker"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	assets[web.WorkerFile] = fake[web.WorkerFile]
	content, err := os.ReadFile("testdata/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	var scenarios map[string]json.RawMessage
	if err := json.Unmarshal(content, &scenarios); err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, browser: browser}
	files := http.FileServerFS(assets)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
		switch r.URL.Path {
		case "/":
			w.Write(assets[web.PageFile])
		case "/scenario.json":
			w.Write(scenarios[p.scenario])
		case "/status.json":
			if p.progress == "" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, p.progress)
		default:
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL + "/"
	p.do(chromedp.EmulateViewport(1040, 900))
	return p
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// open loads the page with a scenario.
func (p *page) open(scenario, query string) {
	p.t.Helper()
	p.scenario = scenario
	p.do(chromedp.Navigate(p.url + query))
}

// value evaluates an expression to a string.
func (p *page) value(expression string) string {
	p.t.Helper()
	got, err := browsertest.Await[string](p.browser, "String("+expression+")")
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

// want waits until an expression has a value.
func (p *page) want(expression, want string) {
	p.t.Helper()
	got := ""
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = p.value(expression); got == want {
			return
		}
	}
	p.t.Fatalf("%s is %q, want %q", expression, got, want)
}

// press presses a key as a keyboard does: what it types comes from the same
// event, so that a page can prevent it.
func (p *page) press(key, types string) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: types}
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, down); err != nil {
			return chromedp.Void{}, err
		}
		return cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
	})
}

// text returns the expression of an element's text.
func text(selector string) string {
	return fmt.Sprintf("document.querySelector(%q)?.textContent.trim()", selector)
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

func (p *page) scheme(scheme string) {
	p.t.Helper()
	feature := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: feature})
	})
}

const titles = `[...document.querySelectorAll(".hit .title")].map((e) => e.textContent).join(" | ")`

func TestPageShowsKeywordThenFusedResults(t *testing.T) {
	p := newPage(t)
	p.open("ready", "")
	p.want(text("#keyword-state"), "8,841 passages ready")
	p.want(text("#device"), "relaxed SIMD kernels · SmolLM2-135M-Instruct · model from cache")
	p.want(`document.getElementById("start").hidden`, "false")
	p.screenshot("empty")

	p.do(chromedp.Click("#examples li:first-child button"))
	p.want(`document.getElementById("query").value`, question)
	p.want(text("#count"), "5 passages by keyword, meaning follows")
	p.want(text(".hit .title"), "net/http.Transport.CancelRequest")
	p.want(text("#count"), "7 passages by keyword and meaning")
	p.want(text(".hit .title"), "net/http.Client.Timeout")
	p.want(text(".hit .source"), "https://pkg.go.dev/net/http#Client")
	p.want(text(".hit .section"), "type net/http.Client")
	p.want(text(".hit .badge.keyword b"), "#3")
	p.want(text(".hit .badge.meaning b"), "#1")
	p.want(text(".hit .score b"), "0.0323")
	p.want(text("#timings"), "keyword 0.8 msembed 31 msscan 0.4 ms")
	p.want(text("#announce"), "7 passages by keyword and meaning")
	p.want(`document.querySelector(".hit a").href`, "https://pkg.go.dev/net/http#Client")
	p.want(`[...document.querySelectorAll("#hit-3 .snippet mark")].some((m) => m.textContent === "requests")`, "true")
	p.want("location.search", "?"+url.Values{"q": {question}}.Encode())
	p.screenshot("fused")
	p.scheme("dark")
	p.screenshot("dark")
	p.do(chromedp.EmulateViewport(390, 844))
	p.screenshot("phone")
}

func TestPageShowsContentAsText(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q=request")
	p.want(titles, `net/http.Transport.CancelRequest | net/http.NewRequestWithContext | <img src=x onerror="window.hacked=1">`)
	p.want(text("#hit-7 .section"), "<b>package</b> evil")
	p.want(`document.querySelector("#hit-7 a")`, "null") // a javascript: URL is no link
	p.want(`document.querySelector("#results img, #results b script")`, "null")
	p.want("window.hacked", "undefined")
}

func TestPageKeyboard(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q=request")
	p.want(`document.querySelectorAll(".hit").length`, "3")
	p.value(`document.getElementById("query").blur()`)
	p.press("/", "/")
	p.want("document.activeElement.id", "query")
	p.want(`document.getElementById("query").value`, "request")
	p.value(`document.addEventListener("click", (e) => { e.preventDefault(); window.opened = e.target.href; })`)
	p.press("ArrowDown", "")
	p.press("ArrowDown", "")
	p.want(`document.getElementById("query").getAttribute("aria-activedescendant")`, "hit-2")
	p.want(`document.querySelector(".hit[aria-selected=true]").id`, "hit-2")
	p.press("Enter", "")
	p.want("window.opened", "https://pkg.go.dev/net/http#NewRequestWithContext")
	p.press("ArrowUp", "")
	p.want(`document.querySelector(".hit[aria-selected=true]").id`, "hit-5")
	p.press("Escape", "")
	p.want(`document.querySelector(".hit[aria-selected=true]")`, "null")
	p.press("Escape", "")
	p.want(`document.getElementById("query").value`, "")
	p.want(`document.getElementById("start").hidden`, "false")
	p.want(`document.getElementById("query").getAttribute("aria-expanded")`, "false")
	p.want("location.search", "")
}

func TestPageForgetsAClearedQuery(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q="+url.QueryEscape(question))
	p.want(text("#count"), "7 passages by keyword and meaning")
	p.want(`document.getElementById("timings").childElementCount`, "3")
	p.value(`document.getElementById("query").value = ""`)
	p.value(`document.getElementById("query").dispatchEvent(new Event("input"))`)
	p.want(`document.getElementById("found").hidden`, "true")
	p.want(text("#found"), "")
	p.want(text("#announce"), "")
	p.want(`document.getElementById("found").dataset.mode`, "undefined")
}

func TestPageShowsOnlyTheNewestQuery(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q=slow")
	p.want(`document.getElementById("query").value`, "slow")
	p.do(chromedp.SetValue("#query", "request"))
	p.value(`document.getElementById("query").dispatchEvent(new Event("input"))`)
	p.want(`document.querySelectorAll(".hit").length`, "3")
	time.Sleep(800 * time.Millisecond) // the slow answer has come by now
	p.want(`document.querySelectorAll(".hit").length`, "3")
}

func TestPageFollowsIndexing(t *testing.T) {
	p := newPage(t)
	p.progress = `{"passages": 3100, "embedded": 1240, "done": false}`
	p.open("indexing", "?q=request")
	p.want(text("#meaning-state"), "1,240 of 3,100 passages by meaning")
	p.want(`document.getElementById("meaning-bar").value`, "0.4")
	p.want(text("#count"), "1 passage by keyword and meaning")
}

func TestPageShowsErrors(t *testing.T) {
	p := newPage(t)
	p.open("error", "?q="+url.QueryEscape(question))
	p.want(text("#meaning-state"), "not available")
	p.want(`document.getElementById("notice").hidden`, "false")
	if got := p.value(text("#notice p")); !strings.HasPrefix(got, "Search by meaning is off: http") || !strings.Contains(got, "404") {
		t.Errorf("the notice says %q", got)
	}
	p.want(text("#count"), "5 passages by keyword")
	p.screenshot("error")

	p.open("foreign vectors", "")
	p.want(text("#meaning-state"), "not available")
	p.want(text("#notice p"), "Search by meaning is off: these vectors were made by another model: index the passages with this one")
	p.want(text("#keyword-state"), "8,841 passages ready")

	p.open("loading", "?q="+url.QueryEscape(question))
	p.want(text("#meaning-state"), "model 31.5 of 92.3 MB")
	p.want(text("#count"), "5 passages by keyword, meaning follows")
	p.screenshot("keyword")

	p.open("ready", "?q=zzz")
	p.want(text("#nothing"), "No passage matches “zzz”.")
	p.open("ready", "?q=broken")
	p.want(text("#notice p"), "the search engine stopped: unreachable; it was started again")
	p.do(chromedp.SetValue("#query", "request"))
	p.value(`document.getElementById("query").dispatchEvent(new Event("input"))`)
	p.want(`document.querySelectorAll(".hit").length`, "3")
	p.want(`document.getElementById("notice").hidden`, "true")
}
