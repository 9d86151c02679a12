package serve_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/toolchain/serve"
)

func TestPageFindsPassages(t *testing.T) {
	s := newSite(t, nil)
	s.embed(len(passages))
	s.navigate("")
	s.want(text("#keyword-state"), "8 passages ready")
	s.want(text("#meaning-state"), "8 passages ready")
	s.want(text("#device"), "relaxed SIMD kernels · tiny")

	if err := chromedp.Do(s.browser, chromedp.SendKeys("#query", "reading a file by lines")); err != nil {
		t.Fatal(err)
	}
	s.want(text("#count"), "8 passages by keyword and meaning")
	s.want(`[...document.querySelectorAll(".hit")].some((e) => e.querySelector(".badge.meaning b").textContent === "#1")`, "true")
	s.want(text("#hit-2 .title"), "bufio.Scanner")
	s.want(text("#hit-2 .badge.keyword b"), "#1") // the right passage, by keyword
	s.want(`document.querySelectorAll("#timings span").length`, "3")
	s.want("location.search", "?q=reading+a+file+by+lines")

	// A later visit takes model and index from the cache.
	if s.fetched("/model/") == 0 {
		t.Error("the model was not fetched from the server")
	}
	s.navigate("?q=waits+for+goroutines")
	s.want(text("#count"), "8 passages by keyword and meaning")
	s.want(text("#device"), "relaxed SIMD kernels · tiny · model from cache")
	if n := s.fetched(".bin"); n != 0 {
		t.Errorf("%d content files were fetched again", n)
	}
}

func TestPageFollowsIndexingAndModel(t *testing.T) {
	s := newSite(t, nil)
	hidden := s.modelDir + ".hidden" // the model is still being made
	if err := os.Rename(s.modelDir, hidden); err != nil {
		t.Fatal(err)
	}
	s.setProgress(serve.Progress{Passages: len(passages)})
	s.navigate("?q=mutual+lock")
	s.want(text(".hit .title"), "sync.Mutex")
	s.want(text("#meaning-state"), "preparing the model")
	s.want(`document.getElementById("notice").hidden`, "true")

	if err := os.Rename(hidden, s.modelDir); err != nil {
		t.Fatal(err)
	}
	s.embed(5)
	s.setProgress(serve.Progress{Passages: len(passages), Embedded: 5})
	s.want(text("#meaning-state"), "5 of 8 passages by meaning")
	s.want(text("#count"), "6 passages by keyword and meaning") // five by meaning, and the one that keywords find

	s.embed(len(passages))
	s.setProgress(serve.Progress{Passages: len(passages), Embedded: len(passages), Done: true})
	s.want(text("#meaning-state"), "8 passages ready")
	s.want(text("#count"), "8 passages by keyword and meaning")
}

func TestPageShowsAServerWithoutIndex(t *testing.T) {
	s := newSite(t, nil)
	if err := os.Remove(s.bundle + "/index.json"); err != nil {
		t.Fatal(err)
	}
	s.navigate("?q=lock")
	s.want(text("#keyword-state"), "not available")
	s.want(`document.querySelector("#notice p").textContent.includes("index.json answered 404")`, "true")
}
