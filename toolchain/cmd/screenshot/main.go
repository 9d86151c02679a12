// Command screenshot takes a picture of a running search page after a query, once
// its results by meaning are there.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/web/browsertest"
)

func main() {
	page := flag.String("url", "http://127.0.0.1:8787/", "address of the page")
	query := flag.String("query", "wait for several goroutines to finish", "what to search for")
	out := flag.String("out", "docs/search.png", "file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *page, *query, *out); err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, page, query, out string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	browser, stop, err := browsertest.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(browser, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(page+"?q="+url.QueryEscape(query))); err != nil {
		return err
	}
	const semantic = `document.querySelector("effir-search")?.shadowRoot.querySelector(".disc.meaning[data-state=placed]") != null &&
		document.getAnimations().length === 0`
	if _, err := chromedp.Run(browser, chromedp.Poll[bool](semantic, chromedp.WithPollingTimeout(2*time.Minute))); err != nil {
		return fmt.Errorf("no results by meaning: %w", err)
	}
	picture, err := chromedp.Run(browser, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return atomicfile.Write(out, picture)
}
