package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"github.com/effir/effir/web/browsertest"
)

// patience is how long a page may take for one call: loading half a gigabyte and embedding its first
// text is the longest.
const patience = 3 * time.Minute

// tab is a headless Chromium of its own, with a fresh profile, and its only page.
type tab struct {
	system  system
	ctx     context.Context
	stop    func()
	version string
}

// openTab starts the browser of a system.
func openTab(ctx context.Context, s system) (*tab, error) {
	path, err := browsertest.Find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
	)
	allocator, release := chromedp.NewExecAllocator(ctx, options...)
	page, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(logUnlessStray))
	t := &tab{system: s, ctx: page, stop: func() { cancel(); release() }}
	if err := chromedp.Do(page, chromedp.Navigate("about:blank")); err != nil {
		t.stop()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	about, err := chromedp.CallBrowser(page, browser.GetVersion, cdp.Empty{})
	if err != nil {
		t.stop()
		return nil, err
	}
	t.version = about.Product
	return t, nil
}

// logUnlessStray leaves out what chromedp says of sessions that it did not open, see collectTarget.
func logUnlessStray(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !strings.HasPrefix(line, "executor for") {
		log.Print(line)
	}
}

// load opens the system's page on a server, waits for its first embedding and returns the
// milliseconds from navigation to there.
func (t *tab) load(v *server) (float64, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(v.url+t.system.path())); err != nil {
		return 0, fmt.Errorf("%s: %w", t.system.name, err)
	}
	return evaluate[float64](t, "bench.first")
}

// leave ends the page and its workers, so that a later measurement finds nothing of them.
func (t *tab) leave() error { return chromedp.Do(t.ctx, chromedp.Navigate("about:blank")) }

// call asks the system's worker.
func call[T any](t *tab, method string, parameters ...any) (T, error) {
	text, err := json.Marshal(append([]any{method}, parameters...))
	if err != nil {
		var none T
		return none, err
	}
	return evaluate[T](t, "bench.call(..."+string(text)+")")
}

// evaluate returns the value of a promise in the page.
func evaluate[T any](t *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return value, fmt.Errorf("%s: %.60s: %w", t.system.name, strings.ReplaceAll(expression, "\n", " "), err)
	}
	return value, nil
}

// renderers returns the process numbers of the pages of the tab's browser.
func (t *tab) renderers() ([]int64, error) {
	info, err := chromedp.CallBrowser(t.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	var found []int64
	for _, p := range info.ProcessInfo {
		if p.Type == "renderer" {
			found = append(found, p.ID)
		}
	}
	return found, nil
}
