package web_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/web/browsertest"
)

// navigateBack is the browser's back button.
func navigateBack(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
	_, err := browsertest.Await[bool](ctx, "history.back(), true")
	return chromedp.Void{}, err
}

func TestDemoSearches(t *testing.T) {
	p := newPage(t)
	p.open("ready", "")
	p.want(text("#words-level"), "4,964 passages")
	p.want(text("#meaning-level"), "27.3 MB model")
	p.want(text("#device"), "relaxed SIMD kernels · bge-small-slim · model from cache")
	p.want(text("#took-keyword"), "–")

	p.value(`document.querySelector("#examples button").click()`)
	p.want(`document.getElementById("search").value`, question)
	p.want("location.search", "?"+strings.ReplaceAll(url.Values{"q": {question}}.Encode(), "%20", "+"))
	p.want(partText(".count"), "5 results")
	p.want(text("#took-keyword"), "0.8 ms")
	p.want(text("#took-embed"), "–")
	p.want(partText(".count"), "7 results")
	p.want(text("#took-embed"), "31 ms")
	p.want(text("#took-bytes"), "319 kB, 19 files")
	p.want(text("#took-tokens"), "12")
	p.want(partText(".hit .ranks"), "21")

	// The search is in the address, and the next page lists it.
	p.do(navigateBack)
	p.want(`document.getElementById("search").value`, "")
	p.open("ready", "?q=request")
	p.want(partText(".count"), "3 results")
	p.open("ready", "happened.html")
	p.want(`[...document.querySelectorAll("#search-rows th")].map((e) => e.textContent).join(" | ")`, "request | "+question)
}

func TestDemoShowsContentAsText(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q=request")
	p.want(partText(".hit:nth-of-type(3) .title"), `<img src=x onerror="window.hacked=1">`)
	p.want(partText(".hit:nth-of-type(3) .heading"), "<b>package</b> evil")
	p.want(part(".hit:nth-of-type(3) [role=option]")+".tagName", "DIV") // a javascript: URL is no link
	p.want(part(".list img, .list b, .list script"), "null")
	p.want("window.hacked", "undefined")
}

func TestDemoFollowsIndexing(t *testing.T) {
	p := newPage(t)
	p.set(func() { p.progress = `{"passages": 4964, "embedded": 1240, "done": false}` })
	p.open("indexing", "?q="+url.QueryEscape(question))
	p.want(partText(".count"), "5 results")
	// The scenario has vectors from its first refresh on.
	p.want(text("#meaning-level"), "27.3 MB model")
	p.want(partText(".count"), "7 results")
}

func TestDemoShowsErrors(t *testing.T) {
	p := newPage(t)
	p.open("no index", "?q=request")
	p.want(text("#words-level"), "not available")
	p.want(part(".error")+".hidden", "false")
	if got := p.value(partText(".error .detail")); !strings.Contains(got, "index.json answered 404") {
		t.Errorf("the component says %q", got)
	}
	p.open("no meaning", "?q="+url.QueryEscape(question))
	p.want(text("#meaning-level"), "not available")
	p.want(partText(".count"), "5 results")
}

// The page with one's own files says when the model is loaded, and that it is not
// where the connection is to be spared.
func TestDemoSaysWhenTheModelComes(t *testing.T) {
	p := newPage(t)
	p.open("no files", "files.html")
	p.want(text("#model-state"), "The model is loaded with the first file")
	p.open("files held", "files.html")
	p.want(text("#model-state"), "By words only, to spare data; “Search by meaning, too” loads the model")
}

func TestDemoShowsOnlyTheNewestQuery(t *testing.T) {
	p := newPage(t)
	p.open("ready", "?q=slow")
	p.want(`document.getElementById("search").value`, "slow")
	p.value(`document.getElementById("search").value = "request"`)
	p.want(partText(".count"), "3 results")
	time.Sleep(800 * time.Millisecond) // the slow answer has come by now
	p.want(partText(".count"), "3 results")
}
