package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/effir/effir/wasm/site"
)

// FolderOptions shape how a folder is read.
type FolderOptions struct {
	HTMLOptions
	// Out is the bundle's folder. It is not searched for pages, and addresses are
	// relative to it if it lies in the site and URLBase is empty.
	Out     string
	URLBase string
	// Types are the kinds of pages: "html", "md", "txt". None means HTML if there
	// is any, else Markdown and text.
	Types []string
	// MarkdownURLs says where readers find the page of guide/start.md: "file" (the
	// default) there, "html" at guide/start.html, "folder" at guide/start/.
	MarkdownURLs string
	// Exclude are patterns of files and folders that are left out, as in path.Match;
	// one without a slash matches a name anywhere.
	Exclude []string
	// Memory, if set, keeps pages from one reading to the next.
	Memory *Memory
	// Progress, if set, is called after each page.
	Progress func(done, total int)
}

// maxFileBytes of one page: more is an accident, and would take memory without end.
const maxFileBytes = 256 << 20

// largeFile is the size from which a file is reported, whatever its text: readers
// wait for it, as when pictures are written into a page.
const largeFile = 5_000_000

// types are the extensions of each kind.
var types = map[string][]string{
	"html": {".html", ".htm", ".xhtml"},
	"md":   {".md", ".markdown"},
	"txt":  {".txt"},
}

// Folder reads all pages in a folder. Only a folder that cannot be read at all,
// and a cancelled context, are errors.
func Folder(ctx context.Context, root string, o FolderOptions) (*Collection, error) {
	files, c, err := listFolder(ctx, root, o)
	if err != nil {
		return nil, err
	}
	at := newAddresses(root, o.Out, o.URLBase)
	results := make([]result, len(files))
	err = parallel(ctx, len(files), o.Progress, func(i int) { results[i] = readFile(root, files[i], at, o) })
	if err != nil {
		return nil, err
	}
	shown := make(map[string]string) // file by address
	for i, r := range results {
		c.Report.add(r.notes)
		if r.page == nil {
			continue
		}
		file := files[i].file
		if other := shown[r.page.URL]; other != "" {
			c.Report.Notices = append(c.Report.Notices, Note{File: file, Text: "has the same address as " + other})
		}
		shown[r.page.URL] = file
		c.add(r.page, file)
	}
	return c.finish(), nil
}

// listFolder finds the files of a folder that are to be read.
func listFolder(ctx context.Context, root string, o FolderOptions) ([]found, *Collection, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("%s: is not a folder", root)
	}
	if err := checkPatterns(o.Exclude); err != nil {
		return nil, nil, err
	}
	kinds := o.Types
	if len(kinds) == 0 {
		kinds = slices.Sorted(maps.Keys(types))
	}
	extensions := make(map[string]bool)
	for _, kind := range kinds {
		for _, extension := range types[kind] {
			extensions[extension] = true
		}
		if types[kind] == nil {
			return nil, nil, fmt.Errorf("type %q is none of html, md, txt", kind)
		}
	}
	absolute, err := filepath.Abs(root) // as out and the targets of links are
	if err != nil {
		return nil, nil, err
	}
	f := finder{root: absolute, exclude: o.Exclude}
	if out, err := filepath.Abs(o.Out); err == nil && o.Out != "" {
		if f.out = out; !sameFolder(out, root) {
			if real, err := filepath.EvalSymlinks(out); err == nil {
				f.out = real
			}
		} else {
			f.out = ""
		}
	}
	files, err := f.find(ctx, extensions)
	if err != nil {
		return nil, nil, err
	}
	c := &Collection{}
	c.Report.add(f.notes)
	c.Report.OtherFiles = f.others
	if len(o.Types) == 0 && slices.ContainsFunc(files, func(f found) bool { return kindOf(f.file) == "html" }) {
		files = slices.DeleteFunc(files, func(file found) bool {
			if kindOf(file.file) == "html" {
				return false
			}
			c.Report.OtherFiles[extensionOf(file.file)]++
			return true
		})
	}
	return files, c, nil
}

func sameFolder(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

func kindOf(file string) string {
	for kind, extensions := range types {
		if slices.Contains(extensions, extensionOf(file)) {
			return kind
		}
	}
	return ""
}

// result is what became of one file: a page, or else a note why not.
type result struct {
	page  *site.Page
	notes notes
}

// readFile reads one page, unless it is remembered.
func readFile(root string, file found, at addresses, o FolderOptions) result {
	if r, known := o.Memory.recall(file); known {
		return r
	}
	var r result
	page, err := readPage(root, file, at, o, &r.notes)
	var skip errSkip
	switch {
	case errors.As(err, &skip):
		r.notes.skip(file.file, string(skip))
	case err != nil:
		r.notes.problem(file.file, err.Error())
	default:
		r.page = page
	}
	o.Memory.keep(file, r)
	return r
}

func readPage(root string, file found, at addresses, o FolderOptions, n *notes) (*site.Page, error) {
	if size := file.info.Size(); size > maxFileBytes {
		return nil, fmt.Errorf("has %d MiB: no page has more than %d", size>>20, maxFileBytes>>20)
	}
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file.file)))
	if err != nil {
		return nil, errors.New("cannot be read: " + cause(err))
	}
	var page *site.Page
	address := addressOfFile(file.file)
	switch kindOf(file.file) {
	case "html":
		page, err = readHTML(data, at.place(file.file, address), o.HTMLOptions, n)
	case "md":
		address = markdownAddress(file.file, o.MarkdownURLs)
		page, err = readMarkdown(data, at.place(file.file, address), o.HTMLOptions, n)
	default:
		page, err = readText(data, at.place(file.file, address), o.HTMLOptions, n)
	}
	if err != nil {
		return nil, err
	}
	if page.URL == "" {
		page.URL = at.of(address)
	}
	if text := textBytes(page); len(data) >= largeFile && text < largePage { // else the text is named
		n.notice(file.file, fmt.Sprintf("is a very large file: %.1f MB, of which %.1f MB are text", float64(len(data))/1e6, float64(text)/1e6))
	}
	return page, nil
}

// Memory remembers pages by name, size and time of change of their files. It is
// for one folder and one set of options, and safe for concurrent use. Nil
// remembers nothing.
type Memory struct {
	mu    sync.Mutex
	pages map[string]remembered
}

type remembered struct {
	size    int64
	changed time.Time
	result
}

func (m *Memory) recall(file found) (result, bool) {
	if m == nil {
		return result{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, known := m.pages[file.file]
	return r.result, known && same(r, file.info)
}

func same(r remembered, info fs.FileInfo) bool {
	return r.size == info.Size() && r.changed.Equal(info.ModTime())
}

func (m *Memory) keep(file found, r result) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil {
		m.pages = make(map[string]remembered)
	}
	m.pages[file.file] = remembered{file.info.Size(), file.info.ModTime(), r}
}
