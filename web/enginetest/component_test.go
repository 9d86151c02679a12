package enginetest

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/effir/effir/web/browsertest"
)

// Expressions on the component that the page holds.
const (
	element  = `document.querySelector("effir-search")`
	shadow   = element + `.shadowRoot`
	count    = shadow + `.querySelector(".count").textContent`
	loading  = shadow + `.querySelector(".load").dataset.meaning`
	first    = shadow + `.querySelector("[role=option] .title")?.textContent`
	active   = shadow + `.querySelector("input").getAttribute("aria-activedescendant")`
	expanded = shadow + `.querySelector("input").getAttribute("aria-expanded")`
)

func inside(selector string) string { return fmt.Sprintf("%s.querySelector(%q)", shadow, selector) }

// question has its words in one page and its answer in another.
const question = "what ate my lettuce last night"

// counted is what the component says of so many pages.
func counted(n int) string {
	if n == 1 {
		return "1 result"
	}
	return fmt.Sprintf("%d results", n)
}

// search types a query into the component as a person does.
func search(p *page, query string) {
	p.Helper()
	p.eval(element + ".open()")
	p.keys(letters(query)...)
}

// twoLines is the page of a site owner who added two lines: typing finds pages by
// words, then by meaning, and their links lead there.
func twoLines(v *visit) {
	v.host.fail("/effir/effir-search.js", 1, slow(64<<10)) // the page is drawn before the component is there
	p := v.open("/index.html?still")
	if got := p.eval("crossOriginIsolated"); got != "false" {
		v.Error("the page is cross-origin isolated, which it must not need to be")
	}
	p.picture("empty")
	// Where <main> lies is seen in all engines, shifts of anything in one only.
	waitFor(p, `!!customElements.get("effir-search")`, "true")
	time.Sleep(300 * time.Millisecond)
	seen := ask[struct {
		Frames int
		Pixels float64
	}](p, "moved")
	if v.Logf("%d frames before the component was there", seen.Frames); seen.Frames == 0 {
		v.Error("the page was not drawn before the component was there: nothing was tested")
	}
	if seen.Pixels > 0.5 {
		v.Errorf("the page's content moved by %.1f px when the component came; that is %s px high", seen.Pixels, p.eval(element+".getBoundingClientRect().height"))
	}
	if shift := ask[float64](p, "shift"); shift > 0.01 {
		v.Errorf("the page's content was shifted by %.3f; the height that its style sheet reserves is not the component's, %s px",
			shift, p.eval(element+".getBoundingClientRect().height"))
	}
	search(p, question)
	waitFor(p, loading, "ready")
	waitFor(p, inside(".load .text")+".textContent", "By words and meaning")
	best := v.best(question)
	waitFor(p, first, best.Title)
	p.picture("results")
	if got := p.eval(inside("a[role=option]") + ".href"); !strings.HasPrefix(got, best.URL) {
		v.Errorf("the first result leads to %s", got)
	}
	if got := p.eval(shadow + `.querySelectorAll("mark").length > 0`); got != "true" {
		v.Error("nothing is highlighted")
	}
	p.eval(inside(".clear") + ".click()")
	waitFor(p, count, "")
}

// keyboard goes through results without a mouse, as the combobox pattern has it.
func keyboard(v *visit) {
	p := v.open("/potatoes.html")
	p.keys("Control+k")
	waitFor(p, `document.activeElement.tagName`, "EFFIR-SEARCH")
	p.keys(letters("leaves")...)
	wait(p, expanded, func(got string) bool { return got == "true" }, "an open list")
	waitFor(p, inside(".load .text")+".textContent", "By words and meaning")
	p.keys("ArrowDown", "ArrowDown", "ArrowUp")
	chosen := p.eval(active)
	if got := p.eval(shadow + `.querySelector("[aria-selected=true]").id`); chosen == "null" || got != chosen {
		v.Errorf("%s is active, %s selected", chosen, got)
	}
	if got := p.eval(shadow + `.querySelector("[role=option]").id`); got != chosen {
		v.Errorf("after down, down, up %s is active, not the first one, %s", chosen, got)
	}
	p.picture("chosen")
	target := p.eval(inside("[aria-selected=true]") + ".href")
	p.keys("Enter")
	wait(p, "location.href", func(got string) bool { return got == target }, target)

	waitFor(p, `typeof harness === "object" && !!customElements.get("effir-search")`, "true")
	search(p, "beans")
	wait(p, expanded, func(got string) bool { return got == "true" }, "an open list")
	p.keys("Escape")
	waitFor(p, expanded, "false")
}

// hundredKeystrokes types a hundred letters as fast as the engine takes them: what
// is shown at the end is of the last query, and nothing failed on the way.
func hundredKeystrokes(v *visit) {
	p := v.open("/index.html")
	text := "how do i keep slugs and snails away from the young lettuce in my garden without any poison or salt at all?"[:100]
	p.eval(`globalThis.shown = []`)
	p.eval(element + `.addEventListener("effir-search", ({ detail }) => shown.push(detail))`)
	p.eval(element + ".open()")
	began := time.Now()
	p.keys(letters(text)...)
	typed := time.Since(began)
	waitFor(p, `shown.at(-1)?.query + "|" + shown.at(-1)?.mode + "|" + shown.at(-1)?.final`, text+"|fused|true")
	waitFor(p, first, v.best(text).Title)
	v.Logf("100 keys in %v, %s sets of results shown, the last %v after the last key", typed.Round(time.Millisecond), p.eval("shown.length"), (time.Since(began) - typed).Round(time.Millisecond))

	// The same without a person's pauses at all.
	api := v.open("/test.html")
	ask[status](api, "open", "/effir/")
	if finals := ask[[]string](api, "hurry", text); len(finals) == 0 || finals[len(finals)-1] != text || slices.Contains(finals[:len(finals)-1], text) {
		v.Errorf("final results came for %q", finals)
	}
}

// dialog is the form in which the search opens above the page.
func dialog(v *visit) {
	p := v.open("/apples.html")
	p.eval(element + `.setAttribute("mode", "dialog")`)
	p.keys("Control+k")
	waitFor(p, inside("dialog")+".open", "true")
	p.keys(letters("when may i cut trees")...)
	waitFor(p, first, v.best("when may i cut trees").Title)
	waitFor(p, inside(".load .text")+".textContent", "By words and meaning")
	p.picture("dialog")
	checkAccess(p, "dialog")
	p.keys("Escape")
	waitFor(p, inside("dialog")+".open", "false")
}

// states shows what the component shows in good times and bad, and checks each
// with axe-core.
func states(v *visit) {
	p := v.open("/index.html")
	checkAccess(p, "empty")

	v.host.fail(chunks, -1, slow(1<<20))
	search(p, "sour smell")
	waitFor(p, loading, "loading")
	wait(p, count, func(got string) bool { return got != "" }, "keyword results")
	p.picture("loading")
	checkAccess(p, "loading")
	v.host.heal()
	waitFor(p, inside(".load .text")+".textContent", "By words and meaning")
	checkAccess(p, "results")

	p.eval(element + `.setAttribute("meaning", "never")`)
	p.eval(element + `.value = "zzzz"`)
	waitFor(p, inside("[part=empty]")+".hidden", "false")
	p.picture("nothing")
	checkAccess(p, "nothing")

	p.eval(element + `.setAttribute("filters", "")`)
	p.eval(element + `.value = "water"`)
	waitFor(p, inside(".toggle")+".hidden", "false")
	p.eval(inside(".toggle") + ".click()")
	waitFor(p, inside(".filters")+".hidden", "false")
	p.picture("filters")
	checkAccess(p, "filters")

	v.host.fail(manifest, -1, missing)
	p.eval(element + `.setAttribute("src", "/effir/#again")`)
	p.eval(element + `.value = "water"`)
	waitFor(p, inside("[part=error]")+".hidden", "false")
	p.picture("error")
	checkAccess(p, "error")
	v.host.heal()
	p.eval(inside("[part=error] button") + ".click()")
	wait(p, count, func(got string) bool { return got != "" }, "results after another try")

	v.host.fail("/effir/model/*", -1, missing)
	ask[any](p, "evict")
	p.eval(element + `.setAttribute("meaning", "always")`)
	p.eval(element + `.value = "water "`)
	waitFor(p, loading, "failed")
	p.picture("meaning-failed")
	checkAccess(p, "meaning failed")
	v.host.heal()

	arabic := v.open("/taswiq.html")
	search(arabic, "الماء")
	wait(arabic, shadow+`.querySelectorAll("[role=option]").length`, func(got string) bool { return got != "0" }, "results")
	if got := arabic.eval(`getComputedStyle(` + inside(".search") + `).direction`); got != "rtl" {
		v.Errorf("on an Arabic page the component runs %s", got)
	}
	arabic.picture("arabic")
	checkAccess(arabic, "arabic")

	small := v.open("/slugs.html")
	if err := small.tab.Resize(v.ctx, 360, 640); err != nil {
		v.Fatal(err)
	}
	search(small, "leaves")
	waitFor(small, inside(".load .text")+".textContent", "By words and meaning")
	if got := small.eval("document.documentElement.scrollWidth <= innerWidth"); got != "true" {
		v.Error("a small screen has to be scrolled sideways")
	}
	small.picture("small")
	checkAccess(small, "small")
}

// violation is what axe-core found.
type violation struct {
	ID, Impact, Help string
	Nodes            []string
}

// checkAccess runs axe-core on the page.
func checkAccess(p *page, state string) {
	p.Helper()
	if !p.site.axe && os.Getenv(browsertest.RequireEnginesVariable) != "1" {
		p.Log("no axe-core, run npm ci in web: accessibility is not checked")
		return
	}
	violations := ask[[]violation](p, "axe")
	figures["accessibility_violations"] += float64(len(violations))
	for _, found := range violations {
		p.Errorf("%s: %s (%s, %s): %s", state, found.Help, found.ID, found.Impact, strings.Join(found.Nodes, "; "))
	}
}

// longTask is for how many milliseconds the page may have no time for anything else.
// It is the budget that the recorded figure is read against. On a busy machine, whose
// caches and cores others share, computing takes up to twice as long.
const longTask = 8

// noLongTask looks at the main thread while a page loads with the component, while
// it searches by keyword and meaning with the model loading meanwhile, and while
// documents are added to an index of the page.
func noLongTask(v *visit) {
	const other = "aphids on young shoots"
	longest(v, "longest_main_thread_task_ms", func() (*page, func()) {
		p := v.open("/index.html")
		expect(p, question, other)
		return p, func() {
			search(p, question)
			meet(p, question)
			p.eval(fmt.Sprintf("%s.value = %q", element, other))
			meet(p, other)
		}
	})
	longest(v, "longest_page_load_task_ms", func() (*page, func()) {
		p := v.open("/test.html")
		return p, func() {
			p.navigate("/index.html")
			p.eval(element + `.focus()`) // opens the index
			waitFor(p, inside(".load")+".dataset.words", "ready")
		}
	})
	longest(v, "longest_add_task_ms", func() (*page, func()) {
		p := v.open("/test.html")
		return p, func() { ask[int](p, "addMany", 2000, 2) }
	})
}

// longest measures some work three times. In Chromium each turn of the main thread
// counts with the time that it computed; elsewhere the longest pause between two
// turns is logged. What else the machine does can only lengthen both, so the best
// of three is the figure, and the median is recorded beside it.
func longest(v *visit, figure string, prepare func() (p *page, work func())) {
	v.Helper()
	var all []float64
	for range 3 {
		p, work := prepare()
		tasks, err := browsertest.LongTasks(v.ctx, p.tab, time.Millisecond, func() error {
			work()
			return nil
		})
		if err != nil {
			ask[any](p, "watchPauses")
			work()
			if p.eval("harness.watching()") == "true" { // else the work began with another page
				v.Logf("%s: the longest pause between two turns took %.1f ms", figure, ask[float64](p, "longestPause"))
			}
			return
		}
		if len(tasks) == 0 {
			v.Fatalf("%s: no turn of the main thread computed for a millisecond: nothing was measured", figure)
		}
		for _, task := range tasks[:min(len(tasks), 3)] {
			v.Logf("%s: a turn of %v, computing %v:%s", figure, task.Wall, task.CPU, task.What)
		}
		all = append(all, tasks[0].CPU.Seconds()*1e3)
	}
	slices.Sort(all)
	figures[figure], figures[figure+"_median"] = math.Round(all[0]*100)/100, math.Round(all[len(all)/2]*100)/100
	// The figure is recorded; only what no noise of a machine explains is an error.
	if all[0] > 4*longTask {
		v.Errorf("%s: the main thread computed %.1f ms without a pause, the budget is %v", figure, all[0], longTask)
	}
}

// expect prepares meet, which waits for the fused results of a query by an event:
// asking again and again would be measured, too.
func expect(p *page, queries ...string) {
	p.Helper()
	for _, query := range queries {
		p.eval(fmt.Sprintf(`(globalThis.met ??= {})[%[1]q] = new Promise((resolve) => {
			%[2]s.addEventListener("effir-search", ({ detail: { query, mode, final, hits } }) => {
				if (query === %[1]q && mode === "fused" && final) resolve(hits[0]?.title);
			});
		})`, query, element))
	}
}

func meet(p *page, query string) {
	p.Helper()
	title := p.best(query).Title
	got, err := browsertest.Value[string](p.ctx, p.tab, fmt.Sprintf("met[%q]", query))
	if err != nil || got != title {
		p.Errorf("%q found %q, %v, want %q", query, got, err, title)
	}
}
