package web_test

import (
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/effir/effir/web/browsertest"
)

// state is one that a reader can meet.
type state struct {
	name     string
	scenario string
	// attributes of the component, html those of the page's html element. path is
	// a page of the demo instead.
	attributes, html, path string
	// ready is an expression that becomes "true", before do runs and after.
	ready string
	do    func(p *page)
	width int64
}

var (
	asked    = fmt.Sprintf(`document.querySelector("effir-search").value = %q`, question)
	setQuery = func(query string) func(*page) {
		return func(p *page) {
			p.value(fmt.Sprintf(`document.querySelector("effir-search").value = %q`, query))
		}
	}
	// foundFile asks for what the notes of the scenario "files" answer.
	foundFile = func(p *page) {
		setQuery("repairing the brakes")(p)
		p.want(partText(".count"), "3 results")
	}
	found = func(count string) func(*page) {
		return func(p *page) {
			p.value(asked)
			p.want(partText(".count"), count)
		}
	}
)

// withPictures gives every page but the second one a picture; that of the third is missing.
func withPictures(p *page) {
	p.value(`(async () => {
		const { open } = await import("/effir-search.js");
		const engine = await open("/");
		const search = engine.search.bind(engine);
		engine.search = async function* (query, options) {
			for await (const results of search(query, options)) {
				results.hits.forEach((hit, i) => (hit.image = ["/icon.svg", undefined, "/missing.png"][i % 3]));
				yield results;
			}
		};
		document.querySelector("effir-search").search = engine;
	})()`)
	p.value(asked)
	p.want(part(".pictured .image")+"?.complete", "true")
	p.want(fmt.Sprintf("%s.getBoundingClientRect().width", part(".image")), "48")
	p.want(`(([image, name, snippet]) => image.right <= Math.min(name.left, snippet.left) || image.left >= Math.max(name.right, snippet.right))(["image", "name", "snippet"].map((part) => `+
		part(".pictured")+`.querySelector("." + part).getBoundingClientRect()))`, "true")
}

var states = []state{
	{name: "empty", scenario: "ready"},
	{name: "keyword", scenario: "loading", do: found("5 results")},
	{name: "fused", scenario: "ready", attributes: `ranks filters="area"`, do: func(p *page) {
		found("7 results")(p)
		p.value(part("input") + ".focus()")
		p.press("ArrowDown", "")
		p.press("ArrowDown", "")
	}},
	{name: "filters", scenario: "ready", attributes: `filters=""`, do: func(p *page) {
		found("7 results")(p)
		p.want(part(".toggle")+".hidden", "false")
		p.value(part(".toggle") + ".click()")
		p.value(part(".chip input[value=net]") + ".click()")
		p.want(partText(".toggle"), "Filters (1)")
	}},
	{name: "held", scenario: "held", do: found("5 results")},
	{name: "keyword only", scenario: "keyword only", do: found("5 results")},
	{name: "no meaning", scenario: "no meaning", do: found("5 results")},
	{name: "waiting", scenario: "slow index", do: func(p *page) {
		p.value(asked)
		p.want(part(".waiting")+".checkVisibility({ opacityProperty: true })", "true")
	}},
	{name: "nothing", scenario: "ready", do: func(p *page) {
		setQuery("zzz")(p)
		p.want(part("[part=empty]")+".hidden", "false")
	}},
	{name: "nothing yet", scenario: "loading", do: func(p *page) {
		setQuery("zzz")(p)
		p.want(part("[part=empty]")+".hidden", "false")
	}},
	{name: "error", scenario: "no index", do: func(p *page) {
		p.value(asked)
		p.want(part(".error")+".hidden", "false")
	}},
	{name: "trigger", scenario: "ready", attributes: `mode="dialog"`},
	{name: "dialog", scenario: "ready", attributes: `mode="dialog" ranks`, do: func(p *page) {
		p.value(`document.querySelector("effir-search").open()`)
		found("7 results")(p)
		p.press("ArrowDown", "")
	}},
	{name: "dialog empty", scenario: "ready", attributes: `mode="dialog"`, do: func(p *page) {
		p.value(`document.querySelector("effir-search").open()`)
	}},
	{name: "right to left", scenario: "ready", attributes: `ranks filters=""`, html: `lang="ar" dir="rtl"`, do: func(p *page) {
		setQuery("إلغاء")(p)
		p.want(partText(".count"), "نتيجتان")
		p.value(part("input") + ".focus()")
		p.press("ArrowDown", "")
	}},
	{name: "mixed", scenario: "ready", attributes: "ranks", do: func(p *page) {
		setQuery("إلغاء")(p)
		p.want(partText(".count"), "2 results")
	}},
	{name: "right to left phone", scenario: "ready", attributes: "ranks", html: `lang="ar" dir="rtl"`, width: 390, do: func(p *page) {
		setQuery("request")(p)
		p.want(partText(".count"), "3 نتائج")
	}},
	{name: "right to left empty", scenario: "ready", html: `lang="ar" dir="rtl"`},
	{name: "pictures", scenario: "ready", attributes: "ranks", do: withPictures},
	{name: "right to left pictures", scenario: "ready", attributes: "ranks", html: `lang="ar" dir="rtl"`, do: withPictures},
	{name: "phone", scenario: "ready", attributes: `ranks filters=""`, width: 390, do: found("7 results")},
	{name: "phone dialog", scenario: "ready", attributes: `mode="dialog"`, width: 390, do: func(p *page) {
		p.value(`document.querySelector("effir-search").open()`)
		found("7 results")(p)
	}},
	{name: "demo start", scenario: "ready", path: "?", ready: text("#meaning-level") + ` === "27.3 MB model"`},
	{name: "demo loading", scenario: "loading", path: "?q=" + url.QueryEscape(question), ready: partText(".count") + ` === "5 results"`},
	{name: "demo results", scenario: "ready", path: "?q=" + url.QueryEscape(question), ready: partText(".count") + ` === "7 results"`},
	{name: "demo error", scenario: "no index", path: "?q=request", ready: part(".error") + ".hidden === false"},
	{name: "demo phone", scenario: "ready", path: "?q=" + url.QueryEscape(question), width: 390, ready: partText(".count") + ` === "7 results"`},
	{name: "demo phone start", scenario: "ready", path: "?", width: 390, ready: text("#meaning-level") + ` === "27.3 MB model"`},
	{name: "demo happened", scenario: "ready", path: "happened.html", ready: text("#kernels") + ` === "relaxed SIMD"`},
	{name: "demo happened phone", scenario: "ready", path: "happened.html", width: 390, ready: text("#kernels") + ` === "relaxed SIMD"`},
	{name: "demo files", scenario: "files", path: "files.html", ready: `document.getElementById("files-page").dataset.state === "filled"`, do: foundFile},
	{name: "demo files empty", scenario: "no files", path: "files.html", ready: `document.getElementById("files-page").hasAttribute("aria-busy") === false`},
	{name: "demo files reader", scenario: "files", path: "files.html", ready: `document.getElementById("files-page").dataset.state === "filled"`, do: func(p *page) {
		foundFile(p)
		p.value(part(".main") + ".click()")
		p.want(`document.getElementById("reader").open`, "true")
	}},
	{name: "demo files phone", scenario: "files", path: "files.html", width: 390, ready: `document.getElementById("files-page").dataset.state === "filled"`},
}

// TestStatesAreAccessible looks at every state in both colour schemes with
// axe-core, and keeps pictures if a folder for them is set.
func TestStatesAreAccessible(t *testing.T) {
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv(browsertest.RequireVariable) == "1" {
			t.Fatal("no axe-core: run npm ci in web/")
		}
		t.Skip("no axe-core: run npm ci in web/")
	}
	p := newPage(t)
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			p.t = t
			p.reach(s)
			for _, scheme := range []string{"light", "dark"} {
				p.media("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce")
				p.want(`matchMedia("(prefers-color-scheme: `+scheme+`)").matches`, "true")
				if scheme == "light" {
					if _, err := browsertest.Await[bool](p.browser, string(axe)+"; true"); err != nil {
						t.Fatal(err)
					}
				}
				found, err := browsertest.Await[[]string](p.browser, violations)
				if err != nil {
					t.Fatal(err)
				}
				for _, violation := range found {
					t.Errorf("%s: %s", scheme, violation)
				}
				p.screenshot(s.name + " " + scheme)
			}
			p.media()
		})
	}
}

// reach leads the page to a state.
func (p *page) reach(s state) {
	p.t.Helper()
	width, height := s.width, int64(900)
	if width == 0 {
		width = 1120
	} else {
		height = 844
	}
	p.size(width, height)
	if s.path != "" {
		p.open(s.scenario, s.path)
	} else {
		html := s.html
		if html == "" {
			html = `lang="en"`
		}
		p.component(s.scenario, s.attributes, html)
		p.value(part("input") + `.dispatchEvent(new Event("focus"))`) // opens the index
	}
	if s.ready != "" {
		p.want(s.ready, "true")
	}
	if s.do != nil {
		s.do(p)
	}
}

// violations runs axe-core's rules, those of good practice too.
const violations = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
	nodes.map(({ target, failureSummary }) => [id, help, target.flat().join(" "), failureSummary].join(": "))))`
