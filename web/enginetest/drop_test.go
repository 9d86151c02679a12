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

// Expressions on the page of one's own files.
const (
	filesState = `document.getElementById("files-page").dataset.state`
	filesShelf = `[...document.querySelectorAll("#shelf li")].map((item) => item.textContent).join("|")`
	leftOut    = `document.getElementById("skipped").textContent`
)

// ownFiles opens the demo's page "your own files", and writes some to a folder.
func ownFiles(v *visit) (p *page, folder string) {
	v.Helper()
	demo := must(web.BuildWith(v.site.modules, false))
	pages := files{}
	for name, content := range demo {
		pages[name] = content
	}
	v.host.publish(append([]fs.FS{pages, must(fs.Sub(v.site.library, "effir"))}, v.site.layers()...)...)
	folder = filepath.Join(v.TempDir(), "my notes")
	for name, text := range notes {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			v.Fatal(err)
		}
	}
	p = v.open("/files.html")
	waitFor(p, `document.getElementById("files-page").hasAttribute("aria-busy")`, "false")
	return p, folder
}

// checkNotes searches what was in the folder.
func checkNotes(p *page) {
	p.Helper()
	for query, title := range map[string]string{"pressure": "boiler.txt", "Auge": "Rosen", "lake": "été, 1999.txt"} {
		p.eval(element + `.value = "` + query + `"`)
		waitFor(p, first, title)
	}
}

// chosenFiles are those that a person picks in the dialog of a file input: they are
// found by words, then by meaning, and are there at the next visit.
func chosenFiles(v *visit) {
	p, folder := ownFiles(v)
	var paths []string
	for _, name := range []string{"bread.md", "house/boiler.txt", "house/garden/rosen.md", "house/日記/été, 1999.txt", "photo.jpg", "house/latin1.txt", "empty.md"} {
		paths = append(paths, filepath.Join(folder, filepath.FromSlash(name)))
	}
	if err := browsertest.ChooseFiles(v.ctx, p.tab, "#choose-files", paths...); err != nil {
		v.Fatal(err)
	}
	waitFor(p, filesState, "filled")
	if got := p.eval(filesShelf); strings.Count(got, "|") != 3 {
		v.Errorf("on the shelf: %s", got)
	}
	skipped := p.eval(leftOut)
	for _, want := range []string{"3 files left out", "photo.jpg is neither Markdown nor text", "latin1.txt is not UTF-8 text", "empty.md is empty"} {
		if !strings.Contains(skipped, want) {
			v.Errorf("left out: %s, lacking %q", skipped, want)
		}
	}
	checkNotes(p)
	waitFor(p, inside(".load .text")+".textContent", "By words and meaning")
	p.eval(element + `.value = "what to do in the night before baking"`)
	waitFor(p, first, "Sourdough")
	p.picture("chosen files")
	p.navigate("/files.html")
	waitFor(p, filesState, "filled")
	checkNotes(p)
}

// droppedFolder drags a folder onto the page, and searches what was in it.
func droppedFolder(v *visit) {
	p, folder := ownFiles(v)
	const over = `document.getElementById("files-page").dataset.over ?? "no"`
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
	waitFor(p, filesState, "empty")

	drag(300, 200, folder)
	end(true)
	waitFor(p, filesState, "filled")
	p.picture("dropped")
	if got := p.eval(filesShelf); strings.Count(got, "|") != 3 {
		v.Errorf("on the shelf: %s", got)
	}
	skipped := p.eval(leftOut)
	for _, want := range []string{"3 files left out", "my notes/photo.jpg is neither Markdown nor text", "my notes/house/latin1.txt is not UTF-8 text", "my notes/empty.md is empty"} {
		if !strings.Contains(skipped, want) {
			v.Errorf("left out: %s, lacking %q", skipped, want)
		}
	}
	checkNotes(p)
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
	waitFor(p, filesState, "working")
	drag(300, 200, late)
	end(true)
	waitFor(p, filesState, "filled")
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
	waitFor(p, filesState, "filled")
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
