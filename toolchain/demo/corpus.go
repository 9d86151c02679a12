// Package demo prepares what `effir demo` shows: the documentation of the
// installed Go as a search bundle, in the user's cache.
package demo

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/site"
	format "github.com/effir/effir/wasm/site"
)

// Corpus returns the documentation of the installed Go's standard library.
func Corpus(ctx context.Context) ([]corpus.Passage, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w; the demo's corpus is the documentation of an installed Go", err)
	}
	return corpus.GoDoc(ctx, strings.TrimSpace(string(out)), corpus.GoDocOptions{})
}

// AreaFilter is the filter key of the demo's page: the first element of a
// package's import path, of which there are a few dozen.
const AreaFilter = "area"

// Pages makes the pages that the demo searches: one for each package and symbol.
func Pages(passages []corpus.Passage, budget site.Budget) []format.Page {
	pages := site.GoDoc(passages, budget).Pages
	for i := range pages {
		for _, field := range pages[i].Meta {
			if field.Key != "package" {
				continue
			}
			area, _, _ := strings.Cut(field.Value, "/")
			pages[i].Filters = append(pages[i].Filters, format.Field{Key: AreaFilter, Value: area})
		}
	}
	return pages
}
