package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Environment variables that name WebKitGTK's programs; otherwise they are looked
// for where Debian and Fedora install them.
const (
	WebKitDriverVariable = "WEBKIT_DRIVER"
	MiniBrowserVariable  = "MINIBROWSER"
)

// webkit is WebKitGTK's MiniBrowser over WebDriver, on a display of its own.
// WebDriver has one current tab, so commands take turns.
type webkit struct {
	display *xvfb
	driver  *exec.Cmd
	home    string
	session *webdriver
	version string
	first   *webkitTab // never closed: without it the session ends

	mu sync.Mutex
}

// webkitStart bounds the time until a session has begun.
const webkitStart = time.Minute

func startWebKit(ctx context.Context, s Settings) (Browser, error) {
	driver, err := findProgram(WebKitDriverVariable, "WebKitWebDriver")
	if err != nil {
		return nil, err
	}
	browser, err := findProgram(MiniBrowserVariable, "/usr/lib/*/webkit2gtk-4.1/MiniBrowser", "/usr/libexec/webkit2gtk-4.1/MiniBrowser")
	switch {
	case err != nil:
		return nil, err
	case s.StorageQuota > 0:
		return nil, fmt.Errorf("%w limit storage", ErrUnsupported)
	case s.SaveData:
		return nil, fmt.Errorf("%w save data: it has no navigator.connection", ErrUnsupported)
	}
	w := &webkit{}
	if err := w.start(ctx, driver, browser); err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

func (w *webkit) start(ctx context.Context, driver, browser string) error {
	var err error
	if w.display, err = startXvfb(ctx); err != nil {
		return err
	}
	if w.home, err = os.MkdirTemp("", "webkit-"); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	w.driver = exec.CommandContext(ctx, driver, fmt.Sprintf("--port=%d", port))
	// Neither a GPU nor user namespaces can be counted on where tests run. (Without
	// the DMA-BUF renderer, which works in software too, no screenshot arrives.)
	w.driver.Env = append(os.Environ(), "DISPLAY="+w.display.display, "HOME="+w.home, "XDG_RUNTIME_DIR="+w.home,
		"GDK_BACKEND=x11", "LIBGL_ALWAYS_SOFTWARE=1", "NO_AT_BRIDGE=1", "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1")
	if err := w.driver.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, webkitStart)
	defer cancel()
	session, capabilities, err := newWebDriver(ctx, fmt.Sprintf("http://127.0.0.1:%d", port), map[string]any{
		"webkitgtk:browserOptions": map[string]any{"binary": browser, "args": []string{"--automation"}},
		"timeouts":                 map[string]any{"script": 120_000, "pageLoad": 60_000},
	})
	if err != nil {
		return err
	}
	w.session = session
	w.version = fmt.Sprintf("%v/%v", capabilities["browserName"], capabilities["browserVersion"])
	w.first = &webkitTab{browser: w}
	return session.call(ctx, http.MethodGet, "/window", nil, &w.first.handle)
}

// freePort returns a port that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (w *webkit) Version() string { return w.version }

func (w *webkit) Memory() (int64, error) { return processMemory(w.driver.Process.Pid) }

func (w *webkit) Close() error {
	if w.session != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = w.session.call(ctx, http.MethodDelete, "", nil, nil)
		cancel()
	}
	if w.driver != nil && w.driver.Process != nil {
		_ = w.driver.Process.Kill()
		_ = w.driver.Wait()
	}
	if w.display != nil {
		w.display.close() // ends a browser that is left
	}
	if w.home == "" {
		return nil
	}
	return os.RemoveAll(w.home)
}

func (w *webkit) Tab(ctx context.Context) (Tab, error) {
	var created struct{ Handle string }
	// A window, since tabs in the background of one get slow timers.
	if err := w.first.call(ctx, http.MethodPost, "/window/new", map[string]any{"type": "window"}, &created); err != nil {
		return nil, err
	}
	return &webkitTab{w, created.Handle}, nil
}

type webkitTab struct {
	browser *webkit
	handle  string
}

// call sends a command to the tab.
func (t *webkitTab) call(ctx context.Context, method, path string, params, value any) error {
	t.browser.mu.Lock()
	defer t.browser.mu.Unlock()
	if err := t.browser.session.call(ctx, http.MethodPost, "/window", map[string]any{"handle": t.handle}, nil); err != nil {
		return err
	}
	return t.browser.session.call(ctx, method, path, params, value)
}

func (t *webkitTab) Navigate(ctx context.Context, url string) error {
	return t.call(ctx, http.MethodPost, "/url", map[string]any{"url": url}, nil)
}

func (t *webkitTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	script := "const done = arguments[arguments.length - 1]; " + promise(expression) + ".then(done)"
	var text string
	if err := t.call(ctx, http.MethodPost, "/execute/async", map[string]any{"script": script, "args": []any{}}, &text); err != nil {
		return nil, fmt.Errorf("evaluating %.200s: %w", expression, err)
	}
	return value(expression, text)
}

func (t *webkitTab) Keys(ctx context.Context, keys ...string) error {
	actions, err := keyActions(keys)
	if err != nil {
		return err
	}
	return t.call(ctx, http.MethodPost, "/actions", map[string]any{"actions": actions}, nil)
}

// Resize sets the window's size such that the viewport gets the one wanted.
func (t *webkitTab) Resize(ctx context.Context, width, height int) error {
	frame, err := Value[struct{ Width, Height int }](ctx, t, `({ width: outerWidth - innerWidth, height: outerHeight - innerHeight })`)
	if err != nil {
		return err
	}
	size := map[string]any{"width": width + frame.Width, "height": height + frame.Height}
	return t.call(ctx, http.MethodPost, "/window/rect", size, nil)
}

func (t *webkitTab) Screenshot(ctx context.Context) ([]byte, error) {
	var picture []byte
	err := t.call(ctx, http.MethodGet, "/screenshot", nil, &picture)
	return picture, err
}

func (t *webkitTab) Close(ctx context.Context) error {
	return t.call(ctx, http.MethodDelete, "/window", nil, nil)
}
