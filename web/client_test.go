package web_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/web/browsertest"
)

// TestClient runs the tests of test/client.ts in Chromium: the whole library with
// the real guest, models and indexes, over a server that can be made to fail.
func TestClient(t *testing.T) {
	browser := browsertest.Open(t)
	server := newPlace(t, []api.EntryPoint{{InputPath: "test/client.ts", OutputPath: "client"}})
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/")); err != nil {
		t.Fatal(err)
	}
	if n := runModule(t, browser, "/client.js"); n < 45 {
		t.Errorf("there are only %d tests", n)
	}
}

// TestClientWithFullStorage runs test/full.ts in a browser that grants the page
// hardly any storage.
func TestClientWithFullStorage(t *testing.T) {
	browser := browsertest.Open(t)
	server := newPlace(t, []api.EntryPoint{{InputPath: "test/full.ts", OutputPath: "full"}})
	small := float64(4 << 20)
	quota := func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		params := storage.OverrideQuotaForOriginParams{Origin: server.URL, QuotaSize: &small}
		return cdp.Call(ctx, target, storage.OverrideQuotaForOrigin, params)
	}
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/"), quota); err != nil {
		t.Fatal(err)
	}
	if n := runModule(t, browser, "/full.js"); n < 2 {
		t.Errorf("there are only %d tests", n)
	}
}

// runModule runs each test of a script that was built from test/harness.ts and
// returns their number.
func runModule(t *testing.T, browser context.Context, script string) int {
	t.Helper()
	names, err := browsertest.Await[[]string](browser, fmt.Sprintf(`import(%q).then((tests) => tests.names())`, script))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			ctx := within(t, browser, 2*time.Minute)
			failure, err := browsertest.Await[string](ctx, fmt.Sprintf(`import(%q).then((tests) => tests.runOne(%d))`, script, i))
			if err != nil {
				t.Fatal(err)
			}
			if failure != "" {
				t.Error(failure)
			}
		})
	}
	return len(names)
}

// TestOffline visits a page, lets the service worker keep it, takes the network
// away and comes back.
func TestOffline(t *testing.T) {
	browser := browsertest.Open(t)
	server := newPlace(t, nil)
	visit := func(url, script string) string {
		t.Helper()
		ctx := within(t, browser, time.Minute)
		if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
			t.Fatal(err)
		}
		got, err := browsertest.Await[string](ctx, `(async () => {
			const { open, registerOffline } = await import("/effir.js");
			const places = { runtime: "/", index: "/t/offline/index/", model: "/t/offline/model/" };
			const ask = async (query) => {
				const search = await open(places.index, places);
				const modes = [];
				for await (const { mode, hits } of search.search(query)) modes.push(mode + hits.length);
				search.close();
				return modes.join(" ");
			};
			`+script+`
		})()`)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	const found = "keyword10 fused10"
	// A script may speak for its own folder only, unless the server allows more.
	if got := visit(server.URL+"/empty/", `return registerOffline({ ...places, script: "/t/offline/index/sw.js" }).catch((error) => error.message);`); !strings.Contains(got, "could not be registered") {
		t.Errorf("a missing script: %s", got)
	}
	if got := visit(server.URL+"/empty/", `return registerOffline({ ...places, script: "/nested/sw.js" }).catch((error) => error.message);`); !strings.Contains(got, "Service-Worker-Allowed") {
		t.Errorf("a script in another folder: %s", got)
	}
	for name, script := range map[string]string{"beside the library": "/sw.js", "allowed by the server": "/wide/sw.js"} {
		t.Run(name, func(t *testing.T) {
			got := visit(server.URL+"/empty/page", `
				await registerOffline({ ...places, script: `+strconv.Quote(script)+` });
				const modes = await ask("cancel a request");
				await new Promise((resolve) => setTimeout(resolve, 1500)); // the last files are kept
				return modes;`)
			if got != found {
				t.Fatalf("online: %s", got)
			}
			server.setSpoils(&spoil{Path: "/", Manner: "offline"})
			if got := visit(server.URL+"/empty/page", `return ask("cancel a request");`); got != found {
				t.Errorf("offline: %s", got)
			}
			server.setSpoils()
			if got := visit(server.URL+"/empty/page", `
				for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
				for (const name of await caches.keys()) await caches.delete(name);
				return "gone";`); got != "gone" {
				t.Error(got)
			}
		})
	}
}
