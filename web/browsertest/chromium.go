package browsertest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium is Chromium over the Chrome DevTools Protocol.
type chromium struct {
	ctx      context.Context
	stop     func()
	version  string
	settings Settings
}

func startChromium(ctx context.Context, s Settings) (Browser, error) {
	browserCtx, stop, err := Start(ctx)
	if err != nil {
		return nil, err
	}
	c := &chromium{ctx: browserCtx, stop: stop, settings: s}
	version, err := chromedp.CallBrowser(browserCtx, browser.GetVersion, cdp.Empty{})
	if err != nil {
		stop()
		return nil, err
	}
	c.version = version.Product
	return c, nil
}

func (c *chromium) Version() string { return c.version }

func (c *chromium) Memory() (int64, error) {
	process := chromedp.FromContext(c.ctx).Browser.Process()
	if process == nil {
		return 0, ErrUnsupported
	}
	return processMemory(process.Pid)
}

func (c *chromium) Close() error {
	c.stop()
	return nil
}

func (c *chromium) Tab(ctx context.Context) (Tab, error) {
	tabCtx, cancel := chromedp.NewContext(c.ctx)
	tab := &chromiumTab{tabCtx, cancel}
	if err := tab.prepare(ctx, c.settings); err != nil {
		cancel()
		return nil, err
	}
	return tab, nil
}

type chromiumTab struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func (t *chromiumTab) prepare(ctx context.Context, s Settings) error {
	// The first action opens the tab, which lives as long as that action's context.
	if err := chromedp.Do(t.ctx, chromedp.Navigate("about:blank")); err != nil {
		return err
	}
	var actions []chromedp.Action[chromedp.Void]
	if s.StorageQuota > 0 {
		actions = append(actions, call(storage.OverrideQuotaForOrigin,
			storage.OverrideQuotaForOriginParams{Origin: s.Origin, QuotaSize: new(float64(s.StorageQuota))}))
	}
	if s.SaveData {
		actions = append(actions, call(emulation.SetDataSaverOverride, emulation.SetDataSaverOverrideParams{DataSaverEnabled: new(true)}))
	}
	return t.do(ctx, actions...)
}

// call makes an action of a command of the protocol.
func call[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	}
}

// with returns the tab's context, ended early by ctx.
func (t *chromiumTab) with(ctx context.Context) (context.Context, func()) {
	both, cancel := context.WithCancel(t.ctx)
	stop := context.AfterFunc(ctx, cancel)
	return both, func() {
		stop()
		cancel()
	}
}

func (t *chromiumTab) do(ctx context.Context, actions ...chromedp.Action[chromedp.Void]) error {
	both, release := t.with(ctx)
	defer release()
	return chromedp.Do(both, actions...)
}

func (t *chromiumTab) Navigate(ctx context.Context, url string) error {
	return t.do(ctx, chromedp.Navigate(url))
}

func (t *chromiumTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	both, release := t.with(ctx)
	defer release()
	text, err := Await[string](both, promise(expression))
	if err != nil {
		return nil, fmt.Errorf("evaluating %.200s: %w", expression, err)
	}
	return value(expression, text)
}

func (t *chromiumTab) Keys(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		names := chord(key)
		code, err := chromiumKey(names[len(names)-1])
		if err != nil {
			return err
		}
		var modifiers []kb.Modifier
		for _, name := range names[:len(names)-1] {
			modifiers = append(modifiers, chromiumModifiers[name])
		}
		if err := t.do(ctx, chromedp.KeyEvent(code, chromedp.KeyModifiers(modifiers...))); err != nil {
			return err
		}
	}
	return nil
}

var chromiumModifiers = map[string]kb.Modifier{
	"Alt": kb.ModifierAlt, "Control": kb.ModifierCtrl, "Meta": kb.ModifierMeta, "Shift": kb.ModifierShift,
}

// chromiumKey returns chromedp's name of a key.
func chromiumKey(name string) (string, error) {
	if len([]rune(name)) == 1 {
		return name, nil
	}
	for code, key := range kb.Keys {
		if key.Key == name {
			return string(code), nil
		}
	}
	return "", fmt.Errorf("no key is named %q", name)
}

func (t *chromiumTab) Resize(ctx context.Context, width, height int) error {
	return t.do(ctx, chromedp.EmulateViewport(int64(width), int64(height)))
}

func (t *chromiumTab) Screenshot(ctx context.Context) ([]byte, error) {
	both, release := t.with(ctx)
	defer release()
	return chromedp.Run(both, chromedp.CaptureScreenshot())
}

func (t *chromiumTab) Close(context.Context) error {
	t.cancel()
	return nil
}
