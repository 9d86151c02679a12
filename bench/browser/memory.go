package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
)

// Series of this phase.
func pageMemory(system string) string { return system + ", memory of the page" }

// emptyPage is the page with nothing in it: what it holds is the browser's own.
var emptyPage = system{name: "empty page", label: "an empty page", family: "none", phases: loaded}

// memory measures what a page holds after texts of every length, garbage aside: the private memory
// of its process less that of an empty page's. It needs Linux; elsewhere there are no values.
func (b *bench) memory(ctx context.Context) (*outcome, error) {
	var cases []measure.Case
	for _, s := range append([]system{emptyPage}, b.systems...) {
		if !s.phases.loaded {
			continue
		}
		t, err := openTab(ctx, s)
		if err != nil {
			return nil, err
		}
		defer t.stop()
		if _, err := t.private(); err != nil {
			fmt.Fprintln(b.log, "memory is not measured:", err)
			return &outcome{}, nil
		}
		cases = append(cases, measure.Case{Name: pageMemory(s.name), Unit: "MB", Every: min(s.every, 3), Run: func(ctx context.Context) (float64, error) {
			if err := t.leave(); err != nil {
				return 0, err
			}
			if _, err := t.load(b.server); err != nil {
				return 0, err
			}
			for _, length := range texts.Lengths {
				if s.family == "none" || s.every > 1 && length > 16 {
					break
				}
				if _, err := call[[]float64](t, "embed", b.texts[s.vocab][length][0]); err != nil {
					return 0, err
				}
			}
			if err := t.collect(ctx); err != nil {
				return 0, err
			}
			return t.private()
		}})
	}
	series, err := measure.Rounds(ctx, cases, min(b.Rounds, 5), measure.Bar(b.log, "weighing pages"))
	if err != nil {
		return nil, err
	}
	base := series[0].Median()
	for i := range series[1:] {
		for j := range series[1+i].Values {
			series[1+i].Values[j] -= base
		}
	}
	return &outcome{Series: series}, nil
}

// collect has the page and its workers give up their garbage, once what they still load in the
// background is there.
func (t *tab) collect(ctx context.Context) error {
	if err := wait(ctx, settle); err != nil {
		return err
	}
	targets, err := chromedp.Targets(t.ctx)
	if err != nil {
		return err
	}
	for _, info := range targets {
		if info.Type != "worker" && info.Type != "page" {
			continue
		}
		leave, err := t.collectTarget(info.TargetID)
		if err != nil {
			return fmt.Errorf("collecting the garbage of %s: %w", info.URL, err)
		}
		defer leave()
	}
	return wait(ctx, settle)
}

// collectTarget starts a collection; leave is called when it is over. It speaks to the target through
// the browser, since a context of chromedp that ends would end the worker too.
func (t *tab) collectTarget(id target.ID) (leave func(), err error) {
	attached, err := chromedp.CallBrowser(t.ctx, target.AttachToTarget, target.AttachToTargetParams{TargetID: id})
	if err != nil {
		return nil, err
	}
	session := string(attached.SessionID)
	browser := chromedp.FromContext(t.ctx).Browser
	leave = func() {
		_ = browser.Call(t.ctx, "Target.detachFromTarget", map[string]string{"sessionId": session}, nil)
	}
	return leave, browser.Call(t.ctx, "Target.sendMessageToTarget", map[string]string{
		"sessionId": session,
		"message":   `{"id":1,"method":"` + heapprofiler.CollectGarbage.Method + `"}`,
	}, nil)
}

// settle is how long a page gets to load the rest, and to collect garbage.
const settle = time.Second

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// private returns the private memory of the page's process in MB.
func (t *tab) private() (float64, error) {
	processes, err := t.renderers()
	if err != nil {
		return 0, err
	}
	most := 0.0 // a spare process waits for the next page
	for _, pid := range processes {
		if command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); bytes.Contains(command, []byte(browserPage)) {
			continue
		}
		mb, err := measure.PrivateMemory(int(pid))
		if err != nil {
			return 0, err
		}
		most = max(most, mb)
	}
	return most, nil
}

// browserPage is the flag of processes of the browser's own pages, such as the list of suggestions.
const browserPage = "--top-chrome-webui"
