package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/web/browsertest"
)

// TestClient runs the tests of test/client.ts in all three engines: the whole
// library with the real guest, models and indexes, over a server that can be made
// to fail.
func TestClient(t *testing.T) {
	server := newPlace(t, []api.EntryPoint{{InputPath: "test/client.ts", OutputPath: "client"}})
	for _, engine := range browsertest.Engines {
		t.Run(engine.Name, func(t *testing.T) {
			if n := runModule(t, engine, browsertest.Settings{}, server, "client.js"); n < 45 {
				t.Errorf("there are only %d tests", n)
			}
		})
	}
}

// TestClientWithFullStorage runs test/full.ts in a browser that grants the page
// hardly any storage. Only Chromium can be told to.
func TestClientWithFullStorage(t *testing.T) {
	server := newPlace(t, []api.EntryPoint{{InputPath: "test/full.ts", OutputPath: "full"}})
	settings := browsertest.Settings{Origin: server.URL, StorageQuota: 4 << 20}
	if n := runModule(t, browsertest.Engines[0], settings, server, "full.js"); n < 2 {
		t.Errorf("there are only %d tests", n)
	}
}

// runModule runs each test of a script that was built from test/harness.ts and
// returns their number. Without the engine it skips.
func runModule(t *testing.T, engine browsertest.Engine, settings browsertest.Settings, server *place, script string) int {
	t.Helper()
	browser, err := engine.Start(t.Context(), settings)
	if errors.Is(err, browsertest.ErrMissing) && os.Getenv(browsertest.RequireEnginesVariable) != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = browser.Close() })
	tab, err := browser.Tab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.Navigate(t.Context(), server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	evaluate := func(t *testing.T, call string, value any) {
		t.Helper()
		raw, err := tab.Eval(within(t, t.Context(), 2*time.Minute), fmt.Sprintf("import(%q).then((tests) => tests.%s)", "/"+script, call))
		if err == nil {
			err = json.Unmarshal(raw, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	evaluate(t, "names()", &names)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			server.setSpoils()
			var failure string
			evaluate(t, fmt.Sprintf("runOne(%d)", i), &failure)
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

// TestRuntimeBesideTheIndex loads the client from a folder without a worker, as
// bundlers make it: the one beside the index serves.
func TestRuntimeBesideTheIndex(t *testing.T) {
	browser := browsertest.Open(t)
	server := newPlace(t, nil)
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/empty/")); err != nil {
		t.Fatal(err)
	}
	got, err := browsertest.Await[string](browser, `(async () => {
		const { open } = await import("/bare/effir.js");
		const search = await open("/t/bare/index/", { model: "/t/bare/model/" });
		const modes = [];
		for await (const { mode } of search.search("cancel a request")) modes.push(mode);
		return modes.join(" ");
	})()`)
	if err != nil || got != "keyword fused" {
		t.Errorf("%q, %v", got, err)
	}
}
