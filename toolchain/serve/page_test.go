package serve_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"

	"github.com/effir/effir/toolchain/serve"
)

func TestPageFindsPages(t *testing.T) {
	s := newSite(t)
	s.embed()
	s.navigate("")
	s.want(text("#words-level"), "8 passages")
	s.want(text("#device"), "relaxed SIMD kernels · tiny")

	s.want(part("input")+".focus()", "undefined")
	if err := chromedp.Do(s.browser, chromedp.KeyEvent("reading a file by lines")); err != nil {
		t.Fatal(err)
	}
	s.want(said(".count"), "8 results") // all by meaning, some by words
	s.want(said(".load .text"), "By words and meaning")
	s.want(`[...document.querySelector("effir-search").shadowRoot.querySelectorAll(".disc.meaning")].some((disc) => disc.textContent === "1")`, "true")
	s.want(`[...document.querySelector("effir-search").shadowRoot.querySelectorAll(".hit")].find((hit) => hit.textContent.includes("bufio.Scanner")).querySelector(".disc.keyword").textContent`, "1")
	s.want(`document.getElementById("took-embed").textContent !== "–"`, "true")
	s.want("location.search", "?q=reading+a+file+by+lines")

	// A filter leaves what is in its area.
	s.want(part(".toggle")+".click()", "undefined")
	s.want(part(".chip input[value=sync]")+".click()", "undefined")
	s.want(said(".count"), "2 results")

	// A later visit takes model and index from the cache.
	if s.fetched("/model/") == 0 {
		t.Error("the model was not fetched from the server")
	}
	s.navigate("?q=reading+a+file+by+lines")
	s.want(said(".count"), "8 results")
	s.want(text("#device"), "relaxed SIMD kernels · tiny · model from cache")
	if n := s.fetched(".bin"); n != 0 {
		t.Errorf("%d content files were fetched again", n)
	}
}

func TestPageFollowsIndexing(t *testing.T) {
	s := newSite(t)
	s.setProgress(serve.Progress{Passages: len(pages)})
	s.navigate("?q=mutual+lock")
	s.want(said(".title"), "sync.Mutex")
	s.want(text("#meaning-level"), "reading 0 of 8")
	s.setProgress(serve.Progress{Passages: len(pages), Embedded: 5})
	s.want(text("#meaning-level"), "reading 5 of 8")
	s.want(said(".load .text"), "By words")

	s.embed()
	s.setProgress(serve.Progress{Passages: len(pages), Embedded: len(pages), Done: true})
	s.want(said(".count"), "8 results")
	s.want(said(".load .text"), "By words and meaning")
}

func TestPageShowsAServerWithoutIndex(t *testing.T) {
	s := newSite(t)
	if err := os.Remove(s.bundle + "/index.json"); err != nil {
		t.Fatal(err)
	}
	s.navigate("?q=lock")
	s.want(text("#words-level"), "not available")
	s.want(said(".error .detail")+`?.includes("index.json answered 404")`, "true")
	s.write(contentOf(pages))
	s.want(part(".error button")+".click()", "undefined")
	s.want(said(".title"), "sync.Mutex")
}

// TestPageIndexesFiles gives the page files to choose, searches them, and finds
// them again after a reload.
func TestPageIndexesFiles(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	var paths []string
	for name, content := range map[string]string{
		"bread.md":    "---\ndate: today\n---\n# Sourdough\n\nFold the **dough** [four times](https://example.org) in two hours.",
		"bicycle.txt": "The chain skips under load: measure its wear.",
		"picture.png": "\x89PNG",
		"broken.txt":  "caf\xe9",
	} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.navigate("files.html")
	s.want(`document.getElementById("files-page").hasAttribute("aria-busy")`, "false")
	s.fetched("")
	choose := func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		document, err := cdp.Call(ctx, target, dom.GetDocument, dom.GetDocumentParams{})
		if err != nil {
			return chromedp.Void{}, err
		}
		node, err := cdp.Call(ctx, target, dom.QuerySelector, dom.QuerySelectorParams{NodeID: document.Root.NodeID, Selector: "#choose-files"})
		if err != nil {
			return chromedp.Void{}, err
		}
		return cdp.Call(ctx, target, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, NodeID: node.NodeID})
	}
	if err := chromedp.Do(s.browser, choose); err != nil {
		t.Fatal(err)
	}
	s.want(`document.getElementById("files-page").dataset.state`, "filled")
	s.want(text("#shelf-count"), "2 files")
	s.want(text("#skipped summary"), "2 files left out")
	s.want(`document.getElementById("skipped").textContent.includes("broken.txt is not UTF-8 text")`, "true")
	s.want(`(document.getElementById("search").value = "folding dough", "asked")`, "asked")
	s.want(said(".load .text"), "By words and meaning")
	s.want(said(".title"), "Sourdough")
	s.want(said(".snippet"), "Fold the dough four times in two hours.")
	s.want(part(".main")+".click()", "undefined")
	s.want(`document.getElementById("reader").open`, "true")
	s.want(text("#reader-path"), "bread.md")
	s.want(`document.querySelector("#reader-text mark").textContent`, "Fold")
	if n := s.fetched("bread") + s.fetched("dough"); n != 0 {
		t.Errorf("%d requests name what is in the files", n)
	}

	s.navigate("files.html")
	s.want(text("#shelf-count"), "2 files")
	s.want(`(document.getElementById("search").value = "chain", "asked")`, "asked")
	s.want(said(".title"), "bicycle.txt")
	s.want(`document.querySelector('[aria-label="Remove bicycle.txt"]').click()`, "undefined")
	s.want(text("#shelf-count"), "1 file")
	s.want(`document.getElementById("remove-all").click()`, "undefined")
	s.want(text("#remove-all"), "Really remove all?")
	s.want(text("#shelf-count"), "1 file")
	s.want(`document.getElementById("remove-all").click()`, "undefined")
	s.want(`document.getElementById("files-page").dataset.state`, "empty")
	s.navigate("files.html")
	s.want(`document.getElementById("files-page").hasAttribute("aria-busy")`, "false")
	s.want(text("#shelf-count"), "Nothing yet")
}

func TestPageMeasures(t *testing.T) {
	s := newSite(t)
	s.embed()
	s.navigate("happened.html")
	s.want(text("#kernels"), "relaxed SIMD")
	s.want(text("#model-name"), "tiny")
	s.want(`[...document.querySelectorAll("#weights th")].length`, "7")
	s.want(`[...document.querySelectorAll("#weights td.number")].every((size) => /^[\d.]+ [kM]?B$/.test(size.textContent))`, "true")
	s.want(`document.getElementById("run").click()`, "undefined")
	s.want(text("#bench-state"), "Medians of 20 runs each, from the page and back")
	s.want(`[...document.querySelectorAll("#bench-results .strip")].map((strip) => strip.childElementCount).join()`, "20,20")
	s.want(`[...document.querySelectorAll("#bench-results b")].every((median) => / (m?s)$/.test(median.textContent))`, "true")
}
