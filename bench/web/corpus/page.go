package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// page is a file of the site.
type page struct {
	name string // with slashes; its first folder is where it comes from
	html []byte
}

// document is what a page of ours says.
type document struct {
	Title    string
	Sections []section
}

// section is a heading, which the first may lack, and paragraphs below it.
type section struct {
	Heading    string
	Anchor     string
	Paragraphs []string
}

// layout is that of many sites: navigation and footer are the same on every page and are not what
// the page says. The attribute is the one by which Pagefind's documentation has owners mark the
// content; the others find <main> by themselves.
var layout = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
</head>
<body>
<header><nav><a href="../">Home</a> <a href="../python/">Python</a> <a href="../foldoc/">Dictionary</a> <a href="../manpages/">Manual pages</a> <a href="../tldr/">Examples</a></nav></header>
<main data-pagefind-body>
<h1>{{.Title}}</h1>
{{range .Sections}}{{if .Heading}}<h2 id="{{.Anchor}}">{{.Heading}}</h2>
{{end}}{{range .Paragraphs}}<p>{{.}}</p>
{{end}}{{end}}</main>
<footer><p>Pages of several collections, put together to measure search.</p></footer>
</body>
</html>
`))

// render returns the page of a document.
func render(name string, d document) (page, error) {
	var b bytes.Buffer
	err := layout.Execute(&b, d)
	return page{name: name, html: b.Bytes()}, err
}

// describe counts and hashes.
func describe(pages []page) *about {
	a := &about{Pages: len(pages), Sources: map[string]int{}}
	h := sha256.New()
	for _, p := range pages {
		fmt.Fprintln(h, p.name, len(p.html))
		h.Write(p.html)
		a.Bytes += int64(len(p.html))
		source, _, _ := strings.Cut(p.name, "/")
		a.Sources[source]++
	}
	a.SHA256 = hex.EncodeToString(h.Sum(nil))
	return a
}

// write puts the pages where the folder out was. Pages can be made again: they are not synced to
// disk one by one, which ten thousand would take minutes for.
func write(ctx context.Context, out string, pages []page) error {
	temp := out + ".new"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	made := map[string]bool{}
	for _, p := range pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if dir := path.Dir(p.name); !made[dir] {
			if err := os.MkdirAll(filepath.Join(temp, filepath.FromSlash(dir)), 0o755); err != nil {
				return err
			}
			made[dir] = true
		}
		if err := os.WriteFile(filepath.Join(temp, filepath.FromSlash(p.name)), p.html, 0o644); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	return os.Rename(temp, out)
}
