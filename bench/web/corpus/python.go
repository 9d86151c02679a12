package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// installed is where Debian's package puts the documentation.
const installed = "usr/share/doc/python3.11/html"

// pythonFolder returns the folder of the documentation: the one that was given, that of the
// installed package, or that of the package downloaded and unpacked into cache.
func pythonFolder(ctx context.Context, given, cache string, log io.Writer) (string, error) {
	unpacked := filepath.Join(cache, filepath.FromSlash(installed))
	candidates := []string{"/" + installed, unpacked}
	if given != "" {
		candidates = []string{given}
	}
	for _, folder := range candidates {
		if _, err := os.Stat(filepath.Join(folder, "library", "index.html")); err == nil {
			return folder, nil
		}
	}
	if given != "" {
		return "", fmt.Errorf("%s: is not the HTML of the Python documentation: library/index.html is missing", given)
	}
	fmt.Fprintln(log, "downloading Debian's package python3.11-doc")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	for _, command := range [][]string{{"apt-get", "download", "python3.11-doc"}, {"sh", "-c", "dpkg -x python3.11-doc_*.deb ."}} {
		c := exec.CommandContext(ctx, command[0], command[1:]...)
		c.Dir = cache
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s\ninstall Debian's package python3.11-doc, or unpack it and name its html folder with --python", strings.Join(command, " "), err, bytes.TrimSpace(out))
		}
	}
	if _, err := os.Stat(filepath.Join(unpacked, "library", "index.html")); err != nil {
		return "", fmt.Errorf("python3.11-doc lacks %s/library/index.html: %w", installed, err)
	}
	return unpacked, nil
}

// content is the attribute of the element that holds what a page says, in Sphinx's layout.
const content = `role="main"`

// readPython reads the documentation's pages in alphabetical order. What Sphinx makes of the others
// (indexes, the table of contents, the page of its own search) is left out, as owners of sites
// leave it out of their search; Pagefind's attribute is added, see layout.
func readPython(ctx context.Context, folder string) ([]page, error) {
	var pages []page
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || entry.IsDir() || path.Ext(name) != ".html" || madeBySphinx(name) {
			return err
		}
		html, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if bytes.Count(html, []byte(content)) != 1 {
			return fmt.Errorf("%s: %s stands not once: this is not the layout of Sphinx that the corpus is made of", name, content)
		}
		html = bytes.Replace(html, []byte(content), []byte(content+" data-pagefind-body"), 1)
		pages = append(pages, page{name: "python/" + name, html: html})
		return nil
	})
	return pages, err
}

func madeBySphinx(name string) bool {
	switch name {
	case "contents.html", "download.html", "genindex.html", "py-modindex.html", "search.html", "includes/wasm-notavail.html":
		return true
	}
	return strings.HasPrefix(name, "genindex-")
}
