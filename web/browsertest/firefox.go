package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// FirefoxVariable names the Firefox to use; otherwise it is looked for on PATH.
const FirefoxVariable = "FIREFOX"

// firefoxStart bounds the time until Firefox says where it listens.
const firefoxStart = time.Minute

// firefox is Firefox over WebDriver BiDi.
type firefox struct {
	command *exec.Cmd
	profile string
	session *bidi
	version string
}

func startFirefox(ctx context.Context, s Settings) (Browser, error) {
	path, err := findProgram(FirefoxVariable, "firefox-esr", "firefox")
	if err != nil {
		return nil, err
	}
	if s.SaveData {
		return nil, fmt.Errorf("%w save data: it has no navigator.connection", ErrUnsupported)
	}
	profile, err := os.MkdirTemp("", "firefox-")
	if err != nil {
		return nil, err
	}
	f := &firefox{profile: profile}
	if err := f.start(ctx, path, s); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// firefoxSettings keep a browser under test from calling home and from asking.
const firefoxSettings = `
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("remote.prefs.recommended", true);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

func (f *firefox) start(ctx context.Context, path string, s Settings) error {
	settings := firefoxSettings
	if s.StorageQuota > 0 {
		// In KiB, of all sites together; a single one may use all of so little.
		settings += fmt.Sprintf("user_pref(\"dom.quotaManager.temporaryStorage.fixedLimit\", %d);\n", s.StorageQuota>>10)
	}
	if err := os.WriteFile(filepath.Join(f.profile, "user.js"), []byte(settings), 0o600); err != nil {
		return err
	}
	f.command = exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", f.profile, "--remote-debugging-port", "0")
	f.command.Env = append(os.Environ(), "HOME="+f.profile, "MOZ_CRASHREPORTER_DISABLE=1")
	stderr, err := f.command.StderrPipe()
	if err != nil {
		return err
	}
	if err := f.command.Start(); err != nil {
		return err
	}
	address, err := listening(stderr)
	if err != nil {
		return err
	}
	// The session outlives no test, and ends with the process.
	if f.session, err = dialBiDi(ctx, address+"/session"); err != nil {
		return err
	}
	var created struct {
		Capabilities struct{ BrowserName, BrowserVersion string }
	}
	if err := f.session.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, &created); err != nil {
		return err
	}
	f.version = created.Capabilities.BrowserName + "/" + created.Capabilities.BrowserVersion
	return nil
}

var listeningLine = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// listening reads Firefox's messages until the one that says where it listens,
// then lets the others pass.
func listening(stderr io.Reader) (address string, err error) {
	found := make(chan string, 1)
	var said strings.Builder
	go func() {
		defer close(found)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if m := listeningLine.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
				break
			}
			fmt.Fprintln(&said, lines.Text())
		}
		if lines.Err() == nil {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
		}
	}()
	select {
	case address, ok := <-found:
		if !ok {
			return "", fmt.Errorf("firefox ended before it listened: %s", strings.TrimSpace(said.String()))
		}
		return address, nil
	case <-time.After(firefoxStart):
		return "", fmt.Errorf("firefox does not listen after %v", firefoxStart)
	}
}

func (f *firefox) Version() string { return f.version }

func (f *firefox) Memory() (int64, error) { return processMemory(f.command.Process.Pid) }

func (f *firefox) Close() error {
	if f.session != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = f.session.call(ctx, "browser.close", struct{}{}, nil)
		cancel()
		_ = f.session.close()
	}
	if f.command != nil && f.command.Process != nil {
		timer := time.AfterFunc(5*time.Second, func() { _ = f.command.Process.Kill() })
		_ = f.command.Wait()
		timer.Stop()
	}
	return os.RemoveAll(f.profile)
}

func (f *firefox) Tab(ctx context.Context) (Tab, error) {
	var created struct{ Context string }
	// A window, since tabs in the background of one get slow timers.
	if err := f.session.call(ctx, "browsingContext.create", map[string]any{"type": "window"}, &created); err != nil {
		return nil, err
	}
	return &firefoxTab{f.session, created.Context}, nil
}

type firefoxTab struct {
	session *bidi
	context string
}

// call sends a command about the tab.
func (t *firefoxTab) call(ctx context.Context, method string, params map[string]any, result any) error {
	params["context"] = t.context
	return t.session.call(ctx, method, params, result)
}

func (t *firefoxTab) Navigate(ctx context.Context, url string) error {
	return t.call(ctx, "browsingContext.navigate", map[string]any{"url": url, "wait": "complete"}, nil)
}

func (t *firefoxTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	var evaluated struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	params := map[string]any{"expression": promise(expression), "target": map[string]any{"context": t.context}, "awaitPromise": true}
	if err := t.session.call(ctx, "script.evaluate", params, &evaluated); err != nil {
		return nil, err
	}
	if evaluated.Type != "success" {
		return nil, fmt.Errorf("evaluating %.200s: %s", expression, evaluated.ExceptionDetails.Text)
	}
	return value(expression, evaluated.Result.Value)
}

func (t *firefoxTab) Keys(ctx context.Context, keys ...string) error {
	actions, err := keyActions(keys)
	if err != nil {
		return err
	}
	return t.call(ctx, "input.performActions", map[string]any{"actions": actions}, nil)
}

func (t *firefoxTab) Resize(ctx context.Context, width, height int) error {
	size := map[string]int{"width": width, "height": height}
	return t.call(ctx, "browsingContext.setViewport", map[string]any{"viewport": size}, nil)
}

func (t *firefoxTab) Screenshot(ctx context.Context) ([]byte, error) {
	var taken struct{ Data []byte }
	err := t.call(ctx, "browsingContext.captureScreenshot", map[string]any{}, &taken)
	return taken.Data, err
}

func (t *firefoxTab) Close(ctx context.Context) error {
	return t.call(ctx, "browsingContext.close", map[string]any{}, nil)
}
