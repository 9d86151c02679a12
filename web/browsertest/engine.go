package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// RequireEnginesVariable set to 1 turns a missing engine into a failure of tests.
const RequireEnginesVariable = "EFFIR_REQUIRE_ENGINES"

// ErrUnsupported says that an engine has no means for what was asked of it.
var ErrUnsupported = errors.New("this engine cannot be told to")

// Engine is a kind of browser.
type Engine struct {
	Name  string
	start func(context.Context, Settings) (Browser, error)
}

// Engines are the three engines that matter: Blink, Gecko and WebKit, as Debian
// packages them.
var Engines = []Engine{
	{"chromium", startChromium},
	{"firefox", startFirefox},
	{"webkit", startWebKit},
}

// Settings differ from how a browser comes.
type Settings struct {
	// Origin is granted StorageQuota bytes of storage; 0: what the browser grants.
	Origin       string
	StorageQuota int64
	// SaveData is the user's wish for less traffic.
	SaveData bool
}

// Browser is a running browser with a fresh profile.
type Browser interface {
	// Version names the browser and its version.
	Version() string
	// Tab opens a tab of its own; all tabs share their storage.
	Tab(context.Context) (Tab, error)
	// Memory returns the bytes that the browser's processes hold, shared pages
	// divided among those that share them.
	Memory() (int64, error)
	// Close ends the browser and removes its profile.
	Close() error
}

// Tab is one page at a time. Different tabs may be used side by side.
type Tab interface {
	// Navigate opens a page and waits until it has loaded.
	Navigate(ctx context.Context, url string) error
	// Eval evaluates an expression in the page, waits for its promise and returns
	// its value as JSON; see Value.
	Eval(ctx context.Context, expression string) (json.RawMessage, error)
	// Keys presses keys, named as KeyboardEvent.key names them ("a", "ArrowDown"),
	// with modifiers before a plus ("Control+k"), on the element with the focus.
	Keys(ctx context.Context, keys ...string) error
	// Resize sets the size of the page's viewport in CSS pixels.
	Resize(ctx context.Context, width, height int) error
	// Screenshot returns the viewport as PNG.
	Screenshot(context.Context) ([]byte, error)
	// Close ends the tab.
	Close(context.Context) error
}

// Start starts a browser, which ends with ctx at the latest. The error wraps
// ErrMissing if it is not installed and ErrUnsupported for settings that it does
// not know.
func (e Engine) Start(ctx context.Context, s Settings) (Browser, error) {
	b, err := e.start(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return b, nil
}

// Open starts a browser for a test and stops it at the test's end. Without the
// browser the test is skipped, or fails if RequireEnginesVariable is 1; an engine
// that does not know the settings is a skip.
func (e Engine) Open(t TB, s Settings) Browser {
	t.Helper()
	// Cleanups, which end after the test's own context, may still look at pages.
	b, err := e.Start(context.WithoutCancel(t.Context()), s)
	switch {
	case errors.Is(err, ErrMissing) && os.Getenv(RequireEnginesVariable) != "1", errors.Is(err, ErrUnsupported):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// Value evaluates an expression in a page and returns the value of its promise.
func Value[T any](ctx context.Context, tab Tab, expression string) (T, error) {
	var value T
	text, err := tab.Eval(ctx, expression)
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(text, &value); err != nil {
		return value, fmt.Errorf("the value %.200s of %.200s: %w", text, expression, err)
	}
	return value, nil
}

// promise returns an expression of a promise of a string: the JSON of outcome.
func promise(expression string) string {
	return `(async () => {
		try { return JSON.stringify({ value: (await (` + expression + `)) ?? null }) }
		catch (thrown) { return JSON.stringify({ error: String(thrown?.message ?? thrown), stack: String(thrown?.stack ?? "") }) }
	})()`
}

// outcome is what an expression came to.
type outcome struct {
	Value        json.RawMessage
	Error, Stack string
}

// value reads the JSON of an outcome.
func value(expression, text string) (json.RawMessage, error) {
	var o outcome
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, fmt.Errorf("the outcome %.200q of %.200s: %w", text, expression, err)
	}
	if o.Value == nil {
		return nil, fmt.Errorf("%s (%s) in %.200s", o.Error, o.Stack, expression)
	}
	return o.Value, nil
}
