// Package browsertest drives browsers: headless Chromium for tests of the page, and
// for comparing what the browser computes with other hosts; and three engines behind
// one interface (Engines), for tests of what must work everywhere.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/chromedp/chromedp"
)

// Environment variables that this package reads.
const (
	// PathVariable names the Chromium or Chrome to use; otherwise it is looked
	// for on PATH.
	PathVariable = "CHROMIUM"
	// RequireVariable set to 1 turns a missing browser into a failure of tests.
	RequireVariable = "EFFIR_REQUIRE_BROWSER"
)

// ErrMissing says that there is no browser on this machine.
var ErrMissing = errors.New("no browser found")

// Find returns the path of the browser, or ErrMissing.
func Find() (string, error) {
	return findProgram(PathVariable, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
}

// Start starts a browser with a fresh profile. The returned context is for
// chromedp; it and the browser end with ctx or when stop is called.
func Start(ctx context.Context) (browser context.Context, stop func(), err error) {
	path, err := Find()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	allocator, release := chromedp.NewExecAllocator(ctx, options...)
	browser, cancel := chromedp.NewContext(allocator)
	stop = func() {
		cancel()
		release()
	}
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return browser, stop, nil
}

// TB is what Open needs of a test.
type TB interface {
	Helper()
	Cleanup(func())
	Context() context.Context
	Skip(...any)
	Fatal(...any)
}

// Open starts a browser for a test and stops it at the test's end. Without a
// browser the test is skipped, or fails if RequireVariable is 1.
func Open(t TB) context.Context {
	t.Helper()
	browser, stop, err := Start(t.Context())
	switch {
	case errors.Is(err, ErrMissing) && os.Getenv(RequireVariable) != "1":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return browser
}
