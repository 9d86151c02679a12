package enginetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// notes is a folder as people have them: with folders in it, names of any language,
// and files that are no text.
var notes = map[string]string{
	"bread.md":               "# Sourdough\n\nFeed the starter the evening before, and let the dough rise for twelve hours.",
	"house/boiler.txt":       "The boiler's pressure belongs between one and two bar. The valve is behind the washing machine.",
	"house/garden/rosen.md":  "# Rosen\n\nGeschnitten wird im März, über einem Auge, das nach außen zeigt.",
	"house/日記/été, 1999.txt": "We swam in the lake every day, and the boat leaked.",
	"photo.jpg":              "\xff\xd8\xff\xe0 no text",
	"house/latin1.txt":       "caf\xe9",
	"empty.md":               "",
	".git/config.txt":        "[core] nobody wants to find this",
	".draft.md":              "A hidden file in a folder.",
}

// droppedFolder drags a folder onto the demo's page "your own files", and searches
// what was in it.
func droppedFolder(v *visit) {
	demo := must(web.Build(false))
	pages := files{}
	for name, content := range demo {
		pages[name] = content
	}
	v.host.publish(append([]fs.FS{pages, must(fs.Sub(v.site.library, "effir"))}, v.site.layers()...)...)
	folder := filepath.Join(v.TempDir(), "my notes")
	for name, text := range notes {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			v.Fatal(err)
		}
	}

	p := v.open("/files.html")
	const state = `document.getElementById("files-page").dataset.state`
	const over = `document.getElementById("files-page").dataset.over ?? "no"`
	shelf := func() string {
		return p.eval(`[...document.querySelectorAll("#shelf li")].map((item) => item.textContent).join("|")`)
	}
	waitFor(p, `document.getElementById("files-page").hasAttribute("aria-busy")`, "false")
	finish, err := browsertest.DragFiles(v.ctx, p.tab, 300, 200, folder)
	if errors.Is(err, browsertest.ErrUnsupported) {
		v.Skip(err)
	}
	drag := func(x, y float64, paths ...string) {
		v.Helper()
		if finish, err = browsertest.DragFiles(v.ctx, p.tab, x, y, paths...); err != nil {
			v.Fatal(err)
		}
		waitFor(p, over, "1")
	}
	end := func(drop bool) {
		v.Helper()
		if err := finish(drop); err != nil {
			v.Fatal(err)
		}
		waitFor(p, over, "no")
	}
	if err != nil {
		v.Fatal(err)
	}
	waitFor(p, over, "1")
	p.picture("dragged over")
	end(false) // the hand goes away again
	waitFor(p, state, "empty")

	drag(300, 200, folder)
	end(true)
	waitFor(p, state, "filled")
	p.picture("dropped")
	if got := shelf(); strings.Count(got, "|") != 3 {
		v.Errorf("on the shelf: %s", got)
	}
	skipped := p.eval(`document.getElementById("skipped").textContent`)
	for _, want := range []string{"3 files left out", "my notes/photo.jpg is neither Markdown nor text", "my notes/house/latin1.txt is not UTF-8 text", "my notes/empty.md is empty"} {
		if !strings.Contains(skipped, want) {
			v.Errorf("left out: %s, lacking %q", skipped, want)
		}
	}
	for query, title := range map[string]string{"pressure": "boiler.txt", "Auge": "Rosen", "lake": "été, 1999.txt"} {
		p.eval(element + `.value = "` + query + `"`)
		waitFor(p, first, title)
	}
	p.eval(element + `.value = "nobody wants"`)
	waitFor(p, `[...`+shadow+`.querySelectorAll(".title")].some((title) => title.textContent.includes("config"))`, "false")
	p.eval(element + `.value = ""`)

	// Over the search field, from element to element of its shadow tree, and away.
	box := corner(p, element)
	drag(box[0]+40, box[1]+20, folder)
	drag(box[0]+140, box[1]+70, folder)
	end(false)
	// Single files are meant, also hidden ones.
	drag(box[0]+40, box[1]+20, filepath.Join(folder, ".draft.md"), filepath.Join(folder, "bread.md"))
	end(true)
	wait(p, `document.querySelectorAll("#shelf li").length`, func(got string) bool { return got == "6" }, "6 files on the shelf")

	// What is dropped while other files are indexed waits for its turn.
	many := filepath.Join(v.TempDir(), "many")
	if err := os.MkdirAll(many, 0o755); err != nil {
		v.Fatal(err)
	}
	for i := range 200 {
		text := fmt.Sprintf("Entry %d of the log: the wind turned and the boat went on.", i)
		if err := os.WriteFile(filepath.Join(many, fmt.Sprintf("%03d.txt", i)), []byte(text), 0o600); err != nil {
			v.Fatal(err)
		}
	}
	late := filepath.Join(v.TempDir(), "late.md")
	if err := os.WriteFile(late, []byte("# Late\n\nA xylophone stands in the attic."), 0o600); err != nil {
		v.Fatal(err)
	}
	drag(300, 200, many)
	end(true)
	waitFor(p, state, "working")
	drag(300, 200, late)
	end(true)
	waitFor(p, state, "filled")
	if got := p.eval(`document.getElementById("shelf-count").textContent`); got != "207 files" {
		v.Errorf("%s on the shelf, want 207; problem: %s", got, p.eval(`document.getElementById("problem").textContent`))
	}
	p.eval(element + `.value = "xylophone"`)
	waitFor(p, first, "Late")
	p.eval(element + `.value = ""`)

	// What cannot be indexed is not swallowed.
	other := filepath.Join(v.TempDir(), "pictures")
	if err := errors.Join(os.MkdirAll(other, 0o755), os.WriteFile(filepath.Join(other, "a.png"), []byte("png"), 0o600)); err != nil {
		v.Fatal(err)
	}
	drag(300, 200, other)
	end(true)
	waitFor(p, `document.getElementById("problem").textContent`, "There is no Markdown or text in what you chose.")
	waitFor(p, state, "filled")
	if got := p.eval("location.pathname"); got != "/files.html" {
		v.Errorf("the browser went to %s", got)
	}
}

// corner returns where an element lies: left, top, in CSS pixels.
func corner(p *page, expression string) [2]float64 {
	p.Helper()
	value, err := browsertest.Value[[2]float64](p.ctx, p.tab, "(({ left, top }) => [left, top])(("+expression+").getBoundingClientRect())")
	if err != nil {
		p.Fatal(err)
	}
	return value
}
