package main

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/web"
)

// mode is a way to search.
type mode string

const (
	keyword  mode = "keyword"
	semantic mode = "semantic"
)

// system is one of those compared.
type system struct {
	name   string
	label  string
	script string // of its page, in page/
	modes  []mode
}

var systems = []system{
	{effir, "EffiR", "effir", []mode{keyword, semantic}},
	{pagefind, "Pagefind", "pagefind", []mode{keyword}},
	{orama, "Orama", "orama", []mode{keyword}},
	{transformersjs, "transformers.js, all-MiniLM-L6-v2 int8", "minilm", []mode{semantic}},
}

// ranking names a system's ranking in figures: only ours has two.
func (s system) ranking(m mode) string {
	if len(s.modes) > 1 {
		return s.name + "_" + map[mode]string{keyword: "keyword", semantic: "fused"}[m]
	}
	return s.name
}

// serve compiles the pages and serves them with all indexes.
func (b *bench) serve() error {
	pages, err := compilePages()
	if err != nil {
		return err
	}
	b.server, err = serveFiles(map[string]fs.FS{
		"":         pages,
		"effir":    os.DirFS(filepath.Join(b.work, effir)),
		"pagefind": os.DirFS(filepath.Join(b.work, pagefind)),
		"orama":    os.DirFS(filepath.Join(b.work, orama)),
		"minilm":   os.DirFS(filepath.Join(b.work, transformersjs)),
		"npm":      os.DirFS(filepath.Join(dir, "node_modules")),
		"models":   os.DirFS(b.models),
	}, packer{filepath.Join(b.work, "packed")})
	return err
}

// compilePages makes a page and its script of each system. Orama is compiled into its script, as its
// documentation says; the others are loaded as they are published.
func compilePages() (web.Assets, error) {
	layout, err := template.ParseFiles(filepath.Join(dir, "page", "index.html"))
	if err != nil {
		return nil, err
	}
	pages := web.Assets{}
	var entries []api.EntryPoint
	for _, s := range systems {
		var html bytes.Buffer
		if err := layout.Execute(&html, s.script); err != nil {
			return nil, err
		}
		pages[s.script+".html"] = html.Bytes()
		entries = append(entries, api.EntryPoint{InputPath: filepath.Join(dir, "page", s.script+".ts"), OutputPath: s.script})
	}
	result := api.Build(api.BuildOptions{
		EntryPointsAdvanced: entries,
		Bundle:              true,
		Outdir:              "/",
		Format:              api.FormatESModule,
		Platform:            api.PlatformBrowser,
		Target:              api.ES2022,
		MinifyWhitespace:    true,
		MinifyIdentifiers:   true,
		MinifySyntax:        true,
		TsconfigRaw:         "{}",
	})
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, fmt.Errorf("compiling the pages: %s", strings.Join(messages, "\n"))
	}
	for _, file := range result.OutputFiles {
		pages[filepath.Base(file.Path)] = file.Contents
	}
	return pages, nil
}
