package enginetest

import (
	"io/fs"
	"slices"
	"strings"
)

const (
	chunks   = "/effir/model/*.bin"
	shards   = "/effir/*.bin"
	manifest = "/effir/index.json"
)

func subFS(layer fs.FS) (fs.FS, error) { return fs.Sub(layer, "effir") }

// cancellation ends opening, embedding and searching on a network that does not
// answer, and the downloads with them; afterwards everything still works.
func cancellation(v *visit) {
	p := v.open("/test.html")
	v.host.fail(manifest, -1, stuck)
	if got := ask[string](p, "openFor", 300); got != "TimeoutError" {
		v.Errorf("opening came to %q, want TimeoutError", got)
	}
	v.host.heal()
	ask[status](p, "open", "/effir/")
	v.host.fail(chunks, -1, slow(64<<10))
	got := strings.Join(ask[[]string](p, "cancelled", 600), ", ")
	if want := "TimeoutError, AbortError, left after keyword"; got != want && got != "TimeoutError, TimeoutError, left after keyword" {
		v.Errorf("cancelled work came to %q, want %q", got, want)
	}
	ask[any](p, "close")
	if message := refused(p, "find", "compost"); !strings.Contains(message, "closed") {
		v.Errorf("a search after close() says %q", message)
	}
	v.host.heal()
	ask[status](p, "open", "/effir/")
	fused(p, "compost")
}

// cutMidChunk breaks connections off again and again: downloads go on where they were.
func cutMidChunk(v *visit) {
	p := v.open("/test.html")
	v.host.fail(chunks, 12, cut(700_000))
	ask[status](p, "open", "/effir/")
	fused(p, "compost")
	wholeModel(p)
	resumed := 0
	for _, r := range v.host.log(chunks) {
		if r.rang != "" {
			resumed++
		}
	}
	sent := v.host.sent(chunks)
	v.Logf("%d requests, %d of them for a part, %d bytes of a model of %d", len(v.host.log(chunks)), resumed, sent, v.site.modelBytes)
	if resumed == 0 || sent > v.site.modelBytes*13/10 {
		v.Errorf("%d bytes were sent of a model of %d, with %d requests for a part", sent, v.site.modelBytes, resumed)
	}
}

// wholeModel waits until all of the model is there, also what no query has needed yet.
func wholeModel(p *page) {
	p.Helper()
	wait(p, `harness.status().model.total > 0 && harness.status().model.loaded === harness.status().model.total`,
		func(got string) bool { return got == "true" }, "all of the model")
}

// keptModel waits until the browser has stored all of the model.
func keptModel(p *page) {
	p.Helper()
	wait(p, `await harness.kept("/effir/model/") >= harness.status().model.total`, func(got string) bool { return got == "true" }, "a stored model")
}

// noRanges is a server that answers every request with the whole file.
func noRanges(v *visit) {
	p := v.open("/test.html")
	v.host.fail(chunks, -1, whole)
	ask[status](p, "open", "/effir/")
	fused(p, "compost")
	wholeModel(p)
}

// wrongBytes are not taken for the right ones: not if they come once, not if they
// stay, neither of the model nor of the index.
func wrongBytes(v *visit) {
	p := v.open("/test.html")
	v.host.fail(chunks, 2, wrong) // of different files: they are fetched side by side
	v.host.fail(shards, 1, wrong)
	ask[status](p, "open", "/effir/")
	want := fused(p, "who eats my salad at night").titles()

	v.host.fail(chunks, -1, wrong)
	ask[any](p, "evict")
	s := ask[status](p, "open", "/effir/")
	list := ask[[]results](p, "find", "compost", map[string]any{"mode": "fused"})
	if last := list[len(list)-1]; last.Mode != "keyword" || !last.Final || len(last.Hits) == 0 {
		v.Errorf("with a spoilt model the last of %d results are by %s, final: %v, %d hits", len(list), last.Mode, last.Final, len(last.Hits))
	}
	s = ask[status](p, "status")
	if s.Model.Stage != "failed" || !strings.Contains(s.Model.Error, ".bin does not have the content that its name promises") {
		v.Errorf("with a spoilt model the status is %+v", s.Model)
	}
	v.host.heal()
	if err := ask[status](p, "open", "/effir/").Index.Error; err != "" {
		v.Error(err)
	}
	if got := fused(p, "who eats my salad at night").titles(); !slices.Equal(got, want) {
		v.Errorf("after all that %q, before %q", got, want)
	}

	ask[any](p, "evict")
	v.host.fail(shards, -1, wrong)
	if message := refused(p, "open", "/effir/"); !strings.Contains(message, "does not have the content that its name promises") {
		v.Errorf("a spoilt index says %q", message)
	}
}

// missingFiles are named; a missing model leaves search by keyword.
func missingFiles(v *visit) {
	p := v.open("/test.html")
	v.host.fail(manifest, 1, missing)
	if message := refused(p, "open", "/effir/"); !strings.Contains(message, "index.json answered 404") {
		v.Errorf("without a manifest: %q", message)
	}
	v.host.fail("/effir/model/*", -1, missing)
	ask[status](p, "open", "/effir/")
	list := ask[[]results](p, "find", "compost", map[string]any{"mode": "fused"})
	if last := list[len(list)-1]; last.Mode != "keyword" || !last.Final || len(last.Hits) == 0 {
		v.Errorf("without a model: %d results, the last by %s, final: %v, %d hits", len(list), last.Mode, last.Final, len(last.Hits))
	}
	if s := ask[status](p, "status"); s.Model.Stage != "failed" || !strings.Contains(s.Model.Error, "answered 404") {
		v.Errorf("without a model the status is %+v", s.Model)
	}
	v.host.heal()
	v.host.fail("/effir/model/pages.json", -1, missing) // chunks can be verified only as a whole then
	ask[any](p, "refresh")                              // tries again what had failed
	fused(p, "compost")
	wholeModel(p)

	v.host.fail(manifest, -1, instead(v.site.pages, "index.html"))
	if message := refused(p, "open", "/effir/"); !strings.Contains(message, "index.json") {
		v.Errorf("a server that answers with its start page: %q", message)
	}
	v.host.heal()

	v.host.publish(v.site.pages, v.site.library, v.site.bare)
	s := ask[status](p, "open", "/effir/")
	if s.Index.Meaning || s.Model.Stage != "off" {
		v.Errorf("an index without vectors has the status %+v", s)
	}
	if message := refused(p, "find", "compost", map[string]any{"mode": "semantic"}); !strings.Contains(message, "no vectors") {
		v.Errorf("search by meaning in an index without vectors says %q", message)
	}
}

// slowNetwork shows keyword results long before the model is there, and progress meanwhile.
func slowNetwork(v *visit) {
	p := v.open("/test.html")
	v.host.fail(chunks, 4, slow(3<<20))
	ask[status](p, "open", "/effir/")
	list := ask[[]results](p, "find", "compost", map[string]any{"mode": "fused"})
	if len(list) != 2 || list[0].Mode != "keyword" || len(list[0].Hits) == 0 || list[1].Mode != "fused" {
		v.Errorf("got %d answers: %+v", len(list), list)
	}
	wholeModel(p)
	var shares []int64
	for _, s := range ask[[]status](p, "statuses") {
		if s.Model.Loaded < 0 || s.Model.Loaded > s.Model.Total {
			v.Errorf("%d bytes loaded of %d", s.Model.Loaded, s.Model.Total)
		}
		shares = append(shares, s.Model.Loaded)
	}
	if !slices.IsSorted(shares) || len(slices.Compact(shares)) < 5 {
		v.Errorf("progress went %d", shares)
	}
}

// publishedAnew replaces the index under an open page: files of the old edition are
// gone, so the new one takes its place.
func publishedAnew(v *visit) {
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	if got := ask[[]results](p, "find", "garlic", map[string]any{"mode": "keyword"})[0].titles(); !slices.Contains(got, "Garlic and onions") {
		v.Errorf("the first edition finds %q", got)
	}
	v.host.publish(v.site.pages, v.site.library, v.site.changed)
	// Nothing of the first edition is left in the browser either.
	ask[any](p, "evict")
	if got := fused(p, "worms make compost").titles(); !slices.Contains(got, "Making compost") {
		v.Errorf("the second edition finds %q", got)
	}
	ask[any](p, "refresh")
	found := ask[[]results](p, "find", "wormeries", map[string]any{"mode": "keyword"})[0]
	if len(found.Hits) == 0 || !strings.HasSuffix(found.Hits[0].URL, "/compost.html") || !strings.Contains(found.Hits[0].Passages[0].URL, "#second") {
		v.Errorf("after refresh() the second edition finds %+v", found.Hits)
	}
	if got := ask[[]results](p, "find", "garlic", map[string]any{"mode": "keyword"})[0].titles(); slices.Contains(got, "Garlic and onions") {
		v.Errorf("the second edition still finds %q", got)
	}
}

// anotherVersion updates the library under an open page. Files of two versions are
// never run together: readers are told to load the page again, and that helps.
func anotherVersion(v *visit) {
	const hint = "is of another version than the page's script, most likely since the site was updated: load the page again"
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	want := fused(p, "sticky leaves").titles()
	v.host.publish(append([]fs.FS{v.site.next}, v.site.layers()...)...)
	ask[any](p, "crash") // as on a phone without memory: a worker is fetched anew
	if message := refused(p, "find", "sticky leaves"); !strings.Contains(message, "worker.js?v=") || !strings.Contains(message, hint) {
		v.Errorf("with the worker of another version: %s", message)
	}
	p.navigate("/test.html")
	ask[status](p, "open", "/effir/")
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("after the update %q, before %q", got, want)
	}

	// A worker from a cache that ignores what is behind the question mark, and a newer module.
	for _, name := range []string{"effir/guest.wasm", "effir/kernels_baseline.wasm"} {
		v.host.publish(append([]fs.FS{files{name: v.site.next[name]}}, v.site.layers()...)...)
		p.navigate("/test.html")
		ask[status](p, "open", "/effir/", map[string]any{"kernels": "baseline"})
		list := ask[[]results](p, "find", "sticky leaves", map[string]any{"mode": "fused"})
		if last := list[len(list)-1]; last.Mode != "keyword" || len(last.Hits) == 0 {
			v.Errorf("with another %s results are by %s, %d hits", name, last.Mode, len(last.Hits))
		}
		if s := ask[status](p, "status"); s.Model.Stage != "failed" || !strings.Contains(s.Model.Error, name) || !strings.Contains(s.Model.Error, hint) {
			v.Errorf("with another %s: %+v", name, s.Model)
		}
	}
}

// evicted empties the caches under an open page and between visits.
func evicted(v *visit) {
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	want := fused(p, "sticky leaves").titles()
	wholeModel(p)
	keptModel(p)

	v.host.forget()
	s := ask[status](p, "open", "/effir/")
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("from the cache %q, want %q", got, want)
	}
	wholeModel(p)
	s = ask[status](p, "status")
	sent := v.host.sent(chunks) + v.host.sent(shards)
	v.Logf("second visit: %d of %d bytes of the model from the cache, %d bytes of content sent", s.Model.Cached, s.Model.Total, sent)
	if sent > v.site.modelBytes/20 {
		v.Errorf("the second visit downloaded %d bytes", sent)
	}
	ask[any](p, "evict")
	ask[status](p, "open", "/effir/")
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("after eviction %q, want %q", got, want)
	}
}

// poorBrowsers lack what private windows, settings and age take away: everything
// works but what that was for.
func poorBrowsers(v *visit) {
	for lack, script := range map[string]string{
		"caches":        `Object.defineProperty(globalThis, "caches", { value: undefined });`,
		"room in them":  `Cache.prototype.put = async () => { throw new DOMException("full", "QuotaExceededError") };`,
		"caches at all": `CacheStorage.prototype.open = async () => { throw new DOMException("no", "SecurityError") };`,
		"locks":         `Object.defineProperty(WorkerNavigator.prototype, "locks", { value: undefined });`,
	} {
		v.Logf("without %s", lack)
		v.host.heal()
		v.host.fail("/effir/worker.js", -1, before(script))
		path := "/test.html"
		if lack == "locks" {
			path += "?nolocks"
		}
		p := v.open(path)
		ask[status](p, "open", "/effir/")
		if got, want := fused(p, "sticky leaves").titles()[0], v.best("sticky leaves").Title; got != want {
			v.Errorf("without %s %q is found first, want %q", lack, got, want)
		}
		wholeModel(p)
		ask[any](p, "close")
	}
}
