package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/site"
	format "github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
)

// maxNotes of each kind are printed, and maxNames of pages left out for the same
// reason; --report has all.
const (
	maxNotes = 20
	maxNames = 3
)

// printNotes says what became of pages that were not simply indexed.
func printNotes(out io.Writer, report *site.Report) {
	for _, list := range []struct {
		what  string
		notes []site.Note
	}{{"could not be read", report.Problems}, {"worth a look", report.Notices}} {
		if len(list.notes) == 0 {
			continue
		}
		fmt.Fprintf(out, "%s (%d):\n", list.what, len(list.notes))
		for _, note := range list.notes[:min(maxNotes, len(list.notes))] {
			place := note.File
			if note.Line > 0 {
				place += fmt.Sprintf(":%d", note.Line)
			}
			fmt.Fprintf(out, "  %s: %s\n", printable(place), printable(note.Text))
		}
		if more := len(list.notes) - maxNotes; more > 0 {
			fmt.Fprintf(out, "  and %d more: --report names all\n", more)
		}
	}
	names := make(map[string][]string)
	for _, note := range report.Skipped {
		names[note.Text] = append(names[note.Text], printable(note.File))
	}
	for _, reason := range slices.Sorted(maps.Keys(names)) {
		files := names[reason]
		fmt.Fprintf(out, "left out, %s (%d): %s", reason, len(files), strings.Join(files[:min(maxNames, len(files))], ", "))
		if len(files) > maxNames {
			fmt.Fprint(out, ", …")
		}
		fmt.Fprintln(out)
	}
}

// printable keeps names of files from moving the cursor.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, text)
}

func writeReport(name string, report *site.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(name, append(text, '\n'))
}

// list prints what would be indexed.
func (b *siteBuild) list(c *site.Collection) {
	for i := range c.Pages {
		page := &c.Pages[i]
		size := 0
		for _, p := range page.Passages {
			size += len(p.Text)
		}
		fmt.Fprintf(b.stdout, "%s  %s  %s, %.1f kB\n", printable(c.Sources[i]), printable(page.Title), count(len(page.Passages), "passage"), float64(size)/1000)
		if !b.passages {
			continue
		}
		for _, p := range page.Passages {
			fmt.Fprintf(b.stdout, "    # %s\n", printable(strings.TrimSpace(p.Heading+"  #"+p.Anchor)))
			for line := range strings.Lines(p.Text) {
				fmt.Fprintf(b.stdout, "      %s\n", printable(strings.TrimRight(line, "\n")))
			}
		}
	}
	fmt.Fprintf(b.stdout, "%s, %s, %.1f MB of text", count(len(c.Pages), "page"), count(c.Report.Passages, "passage"), float64(c.Report.TextBytes)/1e6)
	if b.embedder != nil {
		fmt.Fprintf(b.stdout, ", %d to embed", len(b.embedder.Missing(c.Pages)))
	}
	fmt.Fprintln(b.stdout)
	others := make([]string, 0, len(c.Report.OtherFiles))
	for _, extension := range slices.Sorted(maps.Keys(c.Report.OtherFiles)) {
		others = append(others, fmt.Sprintf("%d %s", c.Report.OtherFiles[extension], printable(orNone(extension))))
	}
	if len(others) > 0 {
		fmt.Fprintf(b.stdout, "other files: %s\n", strings.Join(others, ", "))
	}
}

func orNone(extension string) string {
	if extension == "" {
		return "without extension"
	}
	return extension
}

// summarise prints what was written.
func (b *siteBuild) summarise(m *format.Manifest, report *site.Report, embedded int) error {
	files, bytes := 0, int64(0)
	entries, err := os.ReadDir(b.out)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && filepath.Ext(entry.Name()) == ".bin" {
			files++
			bytes += info.Size()
		}
	}
	fmt.Fprintf(b.stdout, "%s: %s, %s", b.out, count(m.Pages, "page"), count(m.Passages, "passage"))
	if b.embedder != nil {
		fmt.Fprintf(b.stdout, " (%d embedded now)", embedded)
	}
	fmt.Fprintf(b.stdout, ", %.1f MB of text in %s of %.1f MB\n", float64(report.TextBytes)/1e6, count(files, "file"), float64(bytes)/1e6)
	return nil
}

// sayHow prints what makes a page search the bundle. Where the site lies on its
// server is known only if --url-base says so.
func (b *siteBuild) sayHow() {
	folder, err := filepath.Rel(b.source, b.out)
	if err != nil || !filepath.IsLocal(folder) {
		folder = filepath.Base(b.out)
	}
	script := path.Join(filepath.ToSlash(folder), web.ComponentFile)
	base := "/"
	if address, err := url.Parse(b.urlBase); err == nil {
		base = path.Join("/", address.Path)
	}
	fmt.Fprintf(b.stdout, "add to your pages, which browsers must load by https or from localhost:\n  <script type=\"module\" src=%q></script>\n  <effir-search></effir-search>\n", path.Join(base, script))
	if base == "/" {
		fmt.Fprintf(b.stdout, "for a site below a path, such as a GitHub project page: src=%q\n", path.Join("/PROJECT", script))
	}
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
