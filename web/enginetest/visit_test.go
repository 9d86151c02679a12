package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/effir/effir/web/browsertest"
)

// patience bounds a scenario, on a machine that does other things besides.
const patience = 90 * time.Second

// visit is one scenario: a browser, a site on a host of its own, a limit of time.
type visit struct {
	*testing.T
	ctx     context.Context
	engine  browsertest.Engine
	browser browsertest.Browser
	site    *built
	host    *host
}

func newVisit(t *testing.T, engine browsertest.Engine, browser browsertest.Browser, layers ...fs.FS) *visit {
	site := theSite(t)
	if layers == nil {
		layers = site.layers()
	}
	// What is done at the end of a test is done after its own context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return &visit{t, ctx, engine, browser, site, newHost(t, layers...)}
}

// page is a tab with a page of the site.
type page struct {
	*visit
	tab browsertest.Tab
}

// open opens a path of the site in a tab of its own. When the scenario ends,
// nothing may have gone wrong unnoticed on the page.
func (v *visit) open(path string) *page {
	v.Helper()
	tab, err := v.browser.Tab(v.ctx)
	if err != nil {
		v.Fatal(err)
	}
	p := &page{v, tab}
	v.Cleanup(func() { _ = tab.Close(v.ctx) })
	p.navigate(path)
	v.Cleanup(func() {
		if !v.Failed() {
			p.noProblems()
		}
	})
	return p
}

func (p *page) navigate(path string) {
	p.Helper()
	if err := p.tab.Navigate(p.ctx, p.host.url(path)); err != nil {
		p.Fatal(err)
	}
	waitFor(p, `typeof harness === "object"`, "true")
}

func (p *page) noProblems() {
	p.Helper()
	if problems := ask[[]string](p, "problems"); len(problems) > 0 {
		p.Errorf("on the page: %s", strings.Join(problems, "; "))
	}
}

// ask calls a function of page/harness.ts.
func ask[T any](p *page, function string, arguments ...any) T {
	p.Helper()
	value, err := try[T](p, function, arguments...)
	if err != nil {
		p.Fatal(err)
	}
	return value
}

// try is ask for calls that may fail.
func try[T any](p *page, function string, arguments ...any) (T, error) {
	list := make([]string, len(arguments))
	for i, argument := range arguments {
		text, err := json.Marshal(argument)
		if err != nil {
			p.Fatal(err)
		}
		list[i] = string(text)
	}
	return browsertest.Value[T](p.ctx, p.tab, fmt.Sprintf("harness.%s(%s)", function, strings.Join(list, ", ")))
}

// refused calls a function that must fail, and returns the message.
func refused(p *page, function string, arguments ...any) string {
	p.Helper()
	got, err := try[any](p, function, arguments...)
	if err == nil {
		p.Fatalf("%s gave %v and no error", function, got)
	}
	return err.Error()
}

// begin starts a function of the page without waiting; the result waits.
func begin[T any](p *page, function string, arguments ...any) (wait func() (T, string)) {
	p.Helper()
	id := ask[int](p, "begin", append([]any{function}, arguments...)...)
	return func() (T, string) {
		p.Helper()
		outcome := ask[struct {
			Value T
			Error string
		}](p, "end", id)
		return outcome.Value, outcome.Error
	}
}

// eval evaluates an expression to a string.
func (p *page) eval(expression string) string {
	p.Helper()
	value, err := browsertest.Value[string](p.ctx, p.tab, "String("+expression+")")
	if err != nil {
		p.Fatal(err)
	}
	return value
}

// waitFor waits until an expression has a value.
func waitFor(p *page, expression, want string) {
	p.Helper()
	wait(p, expression, func(got string) bool { return got == want }, want)
}

// wait waits until the value of an expression is as wanted.
func wait(p *page, expression string, good func(string) bool, wanted string) string {
	p.Helper()
	got := ""
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = p.eval(expression); good(got) {
			return got
		}
	}
	p.Fatalf("%s is %q, want %s", expression, got, wanted)
	return ""
}

func (p *page) keys(keys ...string) {
	p.Helper()
	if err := p.tab.Keys(p.ctx, keys...); err != nil {
		p.Fatal(err)
	}
}

// letters divides a text into the keys that type it.
func letters(text string) []string { return strings.Split(text, "") }

// picture keeps a screenshot if there is a folder for them.
func (p *page) picture(name string) {
	p.Helper()
	dir := os.Getenv("EFFIR_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(400 * time.Millisecond) // movements end
	picture, err := p.tab.Screenshot(p.ctx)
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, p.engine.Name+"-"+name+".png"), picture, 0o644); err != nil {
		p.Fatal(err)
	}
}
