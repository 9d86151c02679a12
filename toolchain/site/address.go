package site

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// addresses turns places in a site into the references that a bundle stores.
type addresses struct {
	// base is put before the address of a page from the root of the site. It ends
	// in a slash.
	base string
}

// newAddresses makes addresses that begin with base. Without one they are
// relative to the bundle's folder out if that lies in the site's folder root, so
// that the site works wherever it is served; else they begin at the server's root.
func newAddresses(root, out, base string) addresses {
	if base != "" {
		return addresses{strings.TrimSuffix(base, "/") + "/"}
	}
	if up, inside := relative(out, root); inside {
		return addresses{up + "/"}
	}
	return addresses{"/"}
}

// relative returns how root is reached from the folder out in it.
func relative(out, root string) (up string, inside bool) {
	if out == "" {
		return "", false
	}
	from, err1 := filepath.Abs(out)
	to, err2 := filepath.Abs(root)
	if err1 != nil || err2 != nil {
		return "", false
	}
	down, err := filepath.Rel(to, from)
	if err != nil || !filepath.IsLocal(down) {
		return "", false
	}
	if down == "." {
		return ".", true
	}
	return strings.TrimSuffix(strings.Repeat("../", 1+strings.Count(filepath.ToSlash(down), "/")), "/"), true
}

// of returns the reference to a page by its address from the site's root.
func (a addresses) of(address string) string {
	return a.base + (&url.URL{Path: "/" + address}).EscapedPath()[1:]
}

// place of a page. address is its path from the root of the site.
func (a addresses) place(file, address string) place {
	return place{file: file, address: address, resolve: func(reference string) string {
		target, err := url.Parse(reference)
		switch {
		case err != nil || reference == "" || target.Scheme == "data" || target.Scheme == "javascript":
			return ""
		case target.Scheme != "" || target.Host != "" || strings.HasPrefix(target.Path, "/"):
			return target.String()
		}
		folder := address[:strings.LastIndexByte(address, '/')+1]
		resolved := a.of(strings.TrimPrefix(path.Join("/", folder, target.Path), "/"))
		if target.RawQuery != "" {
			resolved += "?" + target.RawQuery
		}
		return resolved
	}}
}

// addressOfFile returns where a web server shows a file: an index page at its
// folder.
func addressOfFile(file string) string {
	switch folder, name := path.Split(file); strings.ToLower(name) {
	case "index.html", "index.htm", "index.xhtml":
		return folder
	}
	return file
}
