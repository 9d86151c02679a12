package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// typed opens the component, types a query key by key and waits for a count.
func (p *page) typed(scenario, attributes, query, count string) {
	p.t.Helper()
	p.component(scenario, attributes, `lang="en"`)
	p.value(part("input") + ".focus()")
	p.write(query)
	p.want(partText(".count"), count)
}

const active = `(() => {
	const root = document.querySelector("effir-search").shadowRoot;
	const id = root.querySelector("input").getAttribute("aria-activedescendant");
	const chosen = [...root.querySelectorAll("[aria-selected=true]")].map((option) => option.id);
	return id === null && chosen.length === 0 ? "none" : chosen.length === 1 && chosen[0] === id ? (root.getElementById(id).querySelector(".heading") ?? root.getElementById(id).querySelector(".title")).textContent : "broken: " + id + " and " + chosen;
})()`

func TestComponentWorksByTwoLines(t *testing.T) {
	p := newPage(t)
	p.component("ready", "", "")
	p.value(part("input") + ".focus()")
	p.want(partText(".text"), "By words and meaning")
	p.want(`document.activeElement.localName`, "effir-search")
	p.write("request")
	p.want(partText(".count"), "3 results")
	p.want(part("input")+`.getAttribute("aria-expanded")`, "true")
	p.want(part("#"+"list")+".getRootNode() === "+part("input")+".getRootNode()", "true") // ids meet in one tree
	p.want(partText("[role=status]"), "3 results")
	p.want(part(".main")+".href", "https://pkg.go.dev/net/http#NewRequestWithContext")
	p.want(`[...`+part(".main .snippet")+`.querySelectorAll("mark")].every((mark) => /^requests?$/i.test(mark.textContent))`, "true")
	p.value(part(".clear") + ".click()")
	p.want(partText(".count"), "")
	p.want(part(".list")+".hidden", "true")
	p.want(part("input")+`.getAttribute("aria-expanded")`, "false")
	p.want(`document.activeElement.localName`, "effir-search")
}

func TestComponentKeyboard(t *testing.T) {
	p := newPage(t)
	p.typed("ready", "", "request", "3 results")
	p.want(active, "none")
	p.press("Home", "") // moves the text cursor as long as nothing is chosen
	p.want(part("input")+".selectionStart", "0")
	p.press("Enter", "")
	p.want(active, "http.NewRequestWithContext")
	p.press("ArrowDown", "")
	p.want(active, "http.Client")
	p.press("End", "")
	p.want(active, "<b>package</b> evil")
	p.press("ArrowDown", "")
	p.want(active, "<b>package</b> evil") // the last stays
	p.press("Home", "")
	p.want(active, "http.NewRequestWithContext")
	p.press("PageDown", "")
	p.want(active, "<b>package</b> evil")
	p.press("PageUp", "")
	p.want(active, "none")
	p.press("ArrowDown", "")
	p.press("ArrowUp", "")
	p.want(active, "none")

	// Enter follows the link, unless the page takes it over; Control opens another tab.
	p.value(`(() => {
		window.events = [];
		addEventListener("effir-select", (event) => {
			event.preventDefault();
			const { hit, passage, url, newTab } = event.detail;
			events.push([hit.title, passage.id, url.split("#")[1], newTab].join(" "));
		});
		window.open = (...address) => events.push("window " + address.join(" "));
	})()`)
	p.press("ArrowDown", "")
	p.press("Enter", "")
	p.press("Control+Enter", "")
	p.value(part(".further") + ".click()")
	number := p.value(part(".main") + `.id.split("-")[1]`)
	other := p.value(part(".further") + `.id.split("-")[1]`)
	p.want(`events.join(", ")`, fmt.Sprintf("net/http %[1]s NewRequestWithContext false, net/http %[1]s NewRequestWithContext true, net/http %[2]s Client false", number, other))
	p.want("location.pathname", "/component.html")

	p.press("Escape", "")
	p.want(active, "none")
	p.want(`document.querySelector("effir-search").value`, "request")
	p.press("Escape", "")
	p.want(`document.querySelector("effir-search").value`, "")
	p.want(part(".list")+".hidden", "true")

	// "/" and Ctrl+K lead to the field, and "/" can be typed in it.
	p.value(part("input") + ".blur()")
	p.press("/", "/")
	p.want(`document.activeElement.localName`, "effir-search")
	p.press("/", "/")
	p.want(`document.querySelector("effir-search").value`, "/")
	p.value(part("input") + ".blur()")
	p.press("Control+k", "")
	p.want(`document.activeElement.localName`, "effir-search")
	p.value(`document.querySelector("effir-search").setAttribute("open-key", "")`)
	p.value(part("input") + ".blur()")
	p.press("/", "/")
	p.want(`document.activeElement.localName`, "body")
}

func TestComponentKeepsTheChoiceWhenMeaningArrives(t *testing.T) {
	p := newPage(t)
	p.typed("ready", "", "cancel slowly", "5 results")
	p.press("ArrowDown", "")
	p.press("ArrowDown", "")
	p.press("ArrowDown", "")
	p.press("ArrowDown", "")
	p.want(active, "CancelFunc")
	place := p.value(part("[aria-selected=true]") + `.getAttribute("aria-posinset")`)
	p.want(partText(".count"), "7 results")
	p.want(active, "CancelFunc") // a main option before, now one of the page's further passages
	if now := p.value(part("[aria-selected=true]") + `.getAttribute("aria-posinset")`); now == place {
		t.Errorf("the option is still number %s: the scenario does not move it", now)
	}
	p.want("document.activeElement.localName", "effir-search")
	p.want(part("[role=option]")+`.getAttribute("aria-setsize")`, p.value(`document.querySelector("effir-search").shadowRoot.querySelectorAll("[role=option]").length`))
}

func TestComponentHoldsStillUnderThePointer(t *testing.T) {
	p := newPage(t)
	p.typed("ready", "", "cancel slowly", "5 results")
	p.value(part(".main") + `.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, composed: true }))`)
	time.Sleep(5 * time.Second) // the fused results have come
	p.want(partText(".count"), "5 results")
	p.value(`dispatchEvent(new PointerEvent("pointerup"))`)
	p.want(partText(".count"), "7 results")
}

func TestComponentDialog(t *testing.T) {
	p := newPage(t)
	p.component("ready", `mode="dialog"`, `lang="en"`)
	p.want(part("dialog")+".open", "false")
	p.want(part(".trigger")+`.getAttribute("aria-haspopup")`, "dialog")
	p.press("Control+k", "")
	p.want(part("dialog")+".open", "true")
	p.want(part("input")+".matches(':focus')", "true")
	p.write("request")
	p.want(partText(".count"), "3 results")
	p.press("Escape", "")
	p.want(part("dialog")+".open", "false")
	p.value(part(".trigger") + ".focus()")
	p.press("Enter", "\r")
	p.want(part("dialog")+".open", "true")
	p.want(part("input")+".value", "request")
	// Following a link closes the dialog: it may lead to a place on the same page.
	p.value(`addEventListener("click", (event) => event.preventDefault())`)
	p.press("ArrowDown", "")
	p.press("Enter", "")
	p.want(part("dialog")+".open", "false")
	p.want(part(".trigger")+".matches(':focus')", "true")
}

func TestComponentFilters(t *testing.T) {
	p := newPage(t)
	p.typed("ready", `filters="area"`, "request", "3 results")
	p.want(part(".toggle")+".hidden", "false")
	p.want(part(".filters")+".hidden", "true")
	p.value(part(".toggle") + ".click()")
	p.want(part(".filters")+".hidden", "false")
	p.want(partText(".chip"), "crypto24") // most pages first
	p.want(`[...document.querySelector("effir-search").shadowRoot.querySelectorAll(".chip")].filter((chip) => !chip.hidden).length`, "8")
	p.value(part(".more") + ".click()")
	p.want(`[...document.querySelector("effir-search").shadowRoot.querySelectorAll(".chip")].filter((chip) => !chip.hidden).length`, "11")
	p.value(part(".chip input[value=net]") + ".click()")
	p.want(partText(".toggle"), "Filters (1)")
	p.want(partText(".count"), "1 result")
	p.value(part(".chip input[value=net]") + ".click()")
	p.value(part(".chip input[value=os]") + ".click()")
	p.want(part("[part=empty]")+".hidden", "false")
	p.want(part("[part=empty] button")+".hidden", "false")
	p.value(part("[part=empty] button") + ".click()")
	p.want(partText(".toggle"), "Filters")
	p.want(partText(".count"), "3 results")
}

func TestComponentRecovers(t *testing.T) {
	p := newPage(t)
	p.typed("no index", "", "request", "")
	p.want(part(".error")+".hidden", "false")
	p.want(part(".error")+`.getAttribute("role")`, "alert")
	if got := p.value(partText(".error .detail")); !strings.Contains(got, "index.json answered 404") {
		t.Errorf("the error says %q", got)
	}
	p.set(func() { p.scenario = "ready" })
	p.value(part(".error button") + ".click()")
	p.want(partText(".count"), "3 results")
	p.want(part(".error")+".hidden", "true")

	// A search that fails says so; the next one works.
	p.value(`(() => { window.errors = []; addEventListener("effir-error", (event) => errors.push(event.detail.error.message)); })()`)
	p.value(`document.querySelector("effir-search").value = "broken"`)
	p.want(partText(".error .detail"), "the search engine stopped: unreachable; it was started again")
	p.want("errors.length", "1")
	p.value(`document.querySelector("effir-search").value = "request"`)
	p.want(partText(".count"), "3 results")
	p.want(part(".error")+".hidden", "true")
}

func TestComponentLoadsMeaningWhenAsked(t *testing.T) {
	p := newPage(t)
	for _, scenario := range []string{"held", "no meaning"} {
		p.component(scenario, "", `lang="en"`)
		p.value(`document.querySelector("effir-search").value = ` + fmt.Sprintf("%q", question))
		p.want(partText(".count"), "5 results")
		p.want(part(".load button")+".hidden", "false")
		p.value(part(".load button") + ".click()")
		p.want(partText(".count"), "7 results")
		p.want(partText(".load .text"), "By words and meaning")
		p.want(part(".load button")+".hidden", "true")
	}
}

func TestComponentTakesAnEngineOfThePage(t *testing.T) {
	p := newPage(t)
	p.component("ready", `src="/nowhere/"`, "")
	p.value(`(async () => {
		const { open } = await import("/effir-search.js");
		const engine = await open("/");
		const field = document.createElement("effir-search");
		field.search = engine;
		field.strings = { count: { one: "just one", other: "{n} found" } };
		field.setAttribute("limit", "2");
		document.querySelector("effir-search").replaceWith(field);
		window.seen = [];
		addEventListener("effir-search", (event) => seen.push(event.detail.mode + " " + event.detail.hits.length));
		field.value = "request";
	})()`)
	p.want(partText(".count"), "2 found")
	p.want("seen.join()", "keyword 2")
	// Moving the element in the page keeps its state.
	p.value(`document.querySelector("main").prepend(document.querySelector("effir-search"))`)
	p.want(partText(".count"), "2 found")
	p.want(`document.querySelector("effir-search").value`, "request")
	// So does taking it out for a while.
	p.value(`(async () => {
		const field = document.querySelector("effir-search");
		field.remove();
		await new Promise((resolve) => setTimeout(resolve, 50));
		field.value = "zzz";
		document.querySelector("main").append(field);
	})()`)
	p.want(partText("[part=empty] p"), "Nothing found for “zzz”.")
	p.want(partText(".load .text"), "By words")
}

func TestComponentSpeaksItsLanguage(t *testing.T) {
	p := newPage(t)
	for language, want := range map[string][3]string{
		"en":    {"ltr", "3 results", "Nothing found for “zzz”."},
		"de-AT": {"ltr", "3 Ergebnisse", "Nichts gefunden zu „zzz“."},
		"fr":    {"ltr", "3 résultats", "Aucun résultat pour « zzz »."},
		"es":    {"ltr", "3 resultados", "No hay resultados para «zzz»."},
		"ar":    {"rtl", "3 نتائج", "لا نتائج عن «zzz»."},
		"tlh":   {"ltr", "3 results", "Nothing found for “zzz”."}, // not built in
	} {
		p.component("ready", fmt.Sprintf("lang=%q", language), "")
		p.value(`document.querySelector("effir-search").value = "request"`)
		p.want(partText(".count"), want[1])
		p.want(`getComputedStyle(`+part(".search")+`).direction`, want[0])
		p.value(`document.querySelector("effir-search").value = "zzz"`)
		p.want(partText("[part=empty] p"), want[2])
	}
	p.component("ready", `strings='{"placeholder": "Find <b>it</b>"}'`, `lang="de" dir="rtl"`)
	p.want(part("input")+".placeholder", "Find <b>it</b>")
	p.want(part("input")+`.getAttribute("aria-label")`, "Suche")
	p.want(`getComputedStyle(`+part("input")+`).direction`, "rtl") // the page's own direction counts
}

// strays names the texts of results that do not begin at the given side of their
// place, or run in another direction than their letters.
const strays = `((side) => {
	const stray = [];
	for (const text of document.querySelector("effir-search").shadowRoot.querySelectorAll(".title, .heading, .url, .main > .snippet, .further > .snippet, input")) {
		const direction = /\p{Script=Arabic}/u.test(text.value ?? text.textContent) ? "rtl" : "ltr";
		if (getComputedStyle(text).direction !== direction) stray.push("runs wrongly: " + (text.value ?? text.textContent));
		const range = document.createRange();
		range.selectNodeContents(text);
		const lines = [...range.getClientRects()];
		const { left, right } = text.getBoundingClientRect();
		if (lines.length > 0 && (side === "left" ? Math.min(...lines.map((line) => line.left)) > left + 1 : Math.max(...lines.map((line) => line.right)) < right - 1)) stray.push("at the far side: " + text.textContent);
		if (text.localName === "input" && getComputedStyle(text).textAlign !== side) stray.push("the field");
	}
	return stray.join("; ");
})`

// TestTextsBeginAtThePagesSide shows Arabic and English results together: each text
// runs in its own direction, and all begin where the page's lines do.
func TestTextsBeginAtThePagesSide(t *testing.T) {
	p := newPage(t)
	for _, test := range []struct{ html, side string }{{`lang="ar" dir="rtl"`, "right"}, {`lang="en"`, "left"}} {
		for _, query := range []string{"إلغاء", "request"} {
			p.component("ready", "ranks", test.html)
			p.value(fmt.Sprintf(`document.querySelector("effir-search").value = %q`, query))
			p.want(part(".main")+"?.checkVisibility()", "true")
			p.want(strays+fmt.Sprintf("(%q)", test.side), "")
		}
	}
}

func TestComponentIsThemed(t *testing.T) {
	p := newPage(t)
	p.component("ready", "", "")
	for _, scheme := range []string{"light", "dark"} {
		p.media("prefers-color-scheme", scheme)
		background := p.value(`getComputedStyle(` + part(".field") + `).backgroundColor`)
		if want := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(23, 26, 33)"}[scheme]; background != want {
			t.Errorf("in a page for both schemes, %s: %s, want %s", scheme, background, want)
		}
	}
	// A page that is only light stays light on a dark system.
	p.value(`document.documentElement.style.colorScheme = "light"`)
	p.want(`getComputedStyle(`+part(".field")+`).backgroundColor`, "rgb(255, 255, 255)")
	p.value(`document.querySelector("effir-search").style.setProperty("--effir-surface", "rgb(1, 2, 3)")`)
	p.want(`getComputedStyle(`+part(".field")+`).backgroundColor`, "rgb(1, 2, 3)")
}

func TestComponentReportsNothingToTheConsole(t *testing.T) {
	p := newPage(t)
	messages := p.console()
	p.typed("ready", `filters="" ranks`, question, "7 results")
	p.component("ready", `mode="dialog" lang="ar"`, "")
	p.value(`document.querySelector("effir-search").open()`)
	p.do(chromedp.Navigate(p.url + "?q=" + url.QueryEscape(question)))
	p.want(partText(".count"), "7 results")
	for _, path := range []string{"files.html", "happened.html"} {
		p.open("ready", path)
		p.want("document.readyState", "complete")
	}
	if got := messages(); len(got) > 0 {
		t.Errorf("the console says %q", got)
	}
}
