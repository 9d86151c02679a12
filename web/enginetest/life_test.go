package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// twoTabs open the site at once: the model is downloaded once.
func twoTabs(v *visit) {
	a, b := v.open("/test.html"), v.open("/test.html")
	v.host.fail(chunks, -1, slow(16<<20)) // long enough for both to want the same
	ask[status](a, "open", "/effir/")
	ask[status](b, "open", "/effir/")
	first, second := begin[any](a, "loadMeaning"), begin[any](b, "loadMeaning")
	for _, wait := range []func() (any, string){first, second} {
		if _, problem := wait(); problem != "" {
			v.Fatal(problem)
		}
	}
	wholeModel(a)
	wholeModel(b)
	if x, y := fused(a, "sticky leaves").titles(), fused(b, "sticky leaves").titles(); !slices.Equal(x, y) {
		v.Errorf("one tab finds %q, the other %q", x, y)
	}
	sent := v.host.sent(chunks)
	v.Logf("two tabs were sent %d bytes of a model of %d", sent, v.site.modelBytes)
	if sent > v.site.modelBytes*12/10 {
		v.Errorf("two tabs were sent %d bytes of a model of %d", sent, v.site.modelBytes)
	}
}

// workerCrash ends the worker without a word, idle and in the middle of a search.
func workerCrash(v *visit) {
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	want := fused(p, "sticky leaves").titles()
	wholeModel(p)
	ask[any](p, "crash")
	waitFor(p, `harness.status().restarts`, "1")
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("after a crash %q, before %q", got, want)
	}
	v.host.fail(chunks, -1, slow(4<<20))
	ask[any](p, "evict")
	ask[status](p, "open", "/effir/")
	ask[[]results](p, "find", "compost", map[string]any{"mode": "keyword"})
	running := begin[[]results](p, "find", "sticky leaves", map[string]any{"mode": "fused"})
	wait(p, `harness.status().model.loaded > 0`, func(got string) bool { return got == "true" }, "the model on its way")
	ask[any](p, "crash")
	v.host.heal()
	list, problem := running()
	if problem != "" || len(list) == 0 || !slices.Equal(list[len(list)-1].titles(), want) {
		v.Errorf("a search over a crash gave %+v, %s", list, problem)
	}
}

// serverGone takes the server away without a service worker: what was used goes on,
// the rest says what is wrong, and everything is well when the server is back.
func serverGone(v *visit) {
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	want := fused(p, "sticky leaves").titles()
	wholeModel(p)
	keptModel(p)
	v.host.down()
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("without a server %q, with it %q", got, want)
	}
	ask[any](p, "evict")
	if message := refused(p, "open", "/effir/"); message == "" {
		v.Error("opening without server and cache gave no reason")
	}
	v.host.up()
	ask[status](p, "open", "/effir/")
	fused(p, "sticky leaves")
}

// airplaneMode visits a site with a service worker, then again without a network.
func airplaneMode(v *visit) {
	p := v.open("/index.html")
	scope, err := try[string](p, "registerOffline")
	if err != nil && strings.Contains(err.Error(), "service workers") {
		v.Skip(err)
	}
	if err != nil || scope != v.host.url("/") {
		v.Fatalf("registered for %q, %v", scope, err)
	}
	ask[status](p, "open", "/effir/")
	want := fused(p, "sticky leaves").titles()
	wholeModel(p)
	keptModel(p)
	p.navigate("/index.html") // a page under the service worker, which keeps what it loads
	waitFor(p, `await harness.keeps(["/index.html", "/style.css", "/effir/effir-search.js", "/effir/worker.js", "/effir/guest.wasm", "/effir/index.json"])`, "true")
	v.host.down()

	p.navigate("/index.html")
	if title := p.eval("document.title"); title != "The Allotment Handbook" {
		v.Errorf("without a network the page's title is %q", title)
	}
	ask[status](p, "open", "/effir/")
	if got := fused(p, "sticky leaves").titles(); !slices.Equal(got, want) {
		v.Errorf("without a network %q, with it %q", got, want)
	}
	search(p, "sticky leaves")
	waitFor(p, count, counted(len(want)))
	p.picture("offline")

	other := v.open("/index.html") // another tab
	search(other, "sticky leaves")
	waitFor(other, count, counted(len(want)))
	v.host.up()
}

// savedData: under Save-Data nothing of the model is loaded unasked. Engines
// without navigator.connection get one as Chromium's is.
func savedData(v *visit) {
	savesData(v, `/test.html?connection={"type":"cellular"}`, "metered")
	savesData(v, `/test.html?connection={"effectiveType":"2g"}`, "slow")
	fused(savesData(v, `/test.html?connection={"saveData":true}`, "save-data"), "sticky leaves") // asked for
}

func reallySavedData(v *visit) { fused(savesData(v, "/test.html", "save-data"), "sticky leaves") }

func savesData(v *visit, path, held string) *page {
	v.Helper()
	p := v.open(path)
	v.host.forget()
	ask[status](p, "open", "/effir/")
	list := ask[[]results](p, "find", "sticky leaves")
	if len(list) != 1 || list[0].Mode != "keyword" || !list[0].Final {
		v.Errorf("got %+v", list)
	}
	time.Sleep(300 * time.Millisecond)
	s := ask[status](p, "status")
	if n := len(v.host.log("/effir/model/*")); n > 0 || s.Model.Stage != "waiting" || s.Model.Held != held {
		v.Errorf("%d requests for the model, status %+v, want it held for %s", n, s.Model, held)
	}
	return p
}

// fullDisk: what cannot be kept is used all the same; documents that cannot be kept are refused.
func fullDisk(v *visit) {
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	fused(p, "sticky leaves")
	wholeModel(p)
	ask[any](p, "close")
	message := ""
	if _, err := try[int](p, "createIndex", "notes", map[string]any{"meaning": "never"}); err != nil {
		message = err.Error()
	}
	if message == "" {
		message = addUntilFull(p, 200)
	}
	v.Logf("a full disk says: %s", message)
	if !strings.Contains(message, "no room") {
		v.Errorf("9 MB of documents in a quota of 3 MB: %s", message)
	}
}

// addUntilFull adds up to twelve times four documents of so many kilobytes; it
// returns why it ended.
func addUntilFull(p *page, kilobytes int) (message string) {
	p.Helper()
	for range 12 {
		if message = ask[string](p, "addNoise", 4, kilobytes); message != "added" {
			break
		}
	}
	return message
}

// fullAfter lets a worker's writes fail as on a full disk: into caches at once, to
// files and databases after half a megabyte.
const fullAfter = `{
	const full = () => new DOMException("the disk is full", "QuotaExceededError");
	let left = 1 << 19;
	const room = (prototype, method) => {
		const before = prototype?.[method];
		if (before) prototype[method] = function (bytes, ...rest) {
			if ((left -= bytes.length) < 0) throw full();
			return before.call(this, bytes, ...rest);
		};
	};
	room(globalThis.FileSystemSyncAccessHandle?.prototype, "write");
	room(IDBObjectStore.prototype, "put");
	if (globalThis.Cache) Cache.prototype.put = async () => { throw full(); };
}`

// withoutFiles leaves a worker the database alone.
const withoutFiles = `if (globalThis.StorageManager) StorageManager.prototype.getDirectory = async () => { throw new DOMException("no", "SecurityError"); };`

// noRoom is fullDisk in engines that cannot be given a small disk, too: what was
// added before stays, and is there at the next visit.
func noRoom(v *visit) {
	v.host.fail("/effir/worker.js", -1, before(fullAfter))
	p := v.open("/test.html")
	ask[status](p, "open", "/effir/")
	if got, want := fused(p, "sticky leaves").titles()[0], v.best("sticky leaves").Title; got != want {
		v.Errorf("without room for the model %q is found first, want %q", got, want)
	}
	wholeModel(p)
	ask[any](p, "close")
	fillsUp(p)
}

// noRoomInDatabase is noRoom with the storage that older browsers have.
func noRoomInDatabase(v *visit) {
	v.host.fail("/effir/worker.js", -1, before(withoutFiles+fullAfter))
	if kind := fillsUp(v.open("/test.html")); kind != "indexeddb" {
		v.Errorf("documents are kept in %s", kind)
	}
}

func fillsUp(p *page) (kind string) {
	p.Helper()
	ask[int](p, "createIndex", "notes", map[string]any{"meaning": "never"})
	ask[any](p, "addLocal", []map[string]any{{"id": "1", "title": "Plumber", "text": "Call the plumber about the dripping tap."}})
	message := addUntilFull(p, 60)
	kind = p.eval(`harness.storageOfLocal()`)
	p.Logf("%s says: %s", kind, message)
	if !strings.Contains(message, "no room to keep") || !strings.Contains(message, "what was added before is kept") {
		p.Errorf("3 MB of documents in half of one: %s", message)
	}
	find := func(when string) {
		p.Helper()
		list := ask[[]results](p, "findLocal", "plumber")
		if last := list[len(list)-1]; len(last.Hits) != 1 || last.Hits[0].Title != "Plumber" {
			p.Errorf("%s, on a full disk, %q is found", when, last.titles())
		}
	}
	find("at once")
	size := p.eval(`harness.sizeOfLocal()`)
	p.navigate("/test.html")
	if n := ask[int](p, "createIndex", "notes", map[string]any{"meaning": "never"}); fmt.Sprint(n) != size || n < 2 {
		p.Errorf("the next visit finds %d documents, want %s", n, size)
	}
	find("at the next visit")
	ask[any](p, "clearLocal")
	return kind
}

// localIndex keeps documents of the page across visits.
func localIndex(v *visit) {
	p := v.open("/test.html")
	ask[int](p, "createIndex", "notes")
	ask[any](p, "addLocal", []map[string]any{
		{"id": "1", "title": "Plumber", "text": "Call the plumber about the dripping tap in the kitchen."},
		{"id": "2", "title": "Aunt", "text": "Birthday on Sunday: bring a cake and the photographs."},
		{"id": "3", "title": "Car", "text": "The brakes squeal; the garage opens at eight."},
	})
	find := func(query, want string) {
		v.Helper()
		list := ask[[]results](p, "findLocal", query, map[string]any{"mode": "fused"})
		last := list[len(list)-1]
		if last.Mode != "fused" || len(last.Hits) == 0 || last.Hits[0].Title != want {
			v.Errorf("%q finds %q by %s, want %s", query, last.titles(), last.Mode, want)
		}
	}
	find("water damage under the sink", "Plumber")
	find("vehicle repair", "Car")
	v.Logf("kept in %s", p.eval(`harness.storageOfLocal()`))
	ask[any](p, "removeLocal", []string{"3"})

	p.navigate("/test.html")
	if n := ask[int](p, "createIndex", "notes"); n != 2 {
		v.Fatalf("the next visit finds %d documents, want 2", n)
	}
	find("family party", "Aunt")
	ask[any](p, "clearLocal")
	if n := ask[int](p, "createIndex", "notes"); n != 0 {
		v.Errorf("%d documents after clear()", n)
	}
}
