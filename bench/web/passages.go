package main

import (
	"bufio"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/site"
)

// passage is a line of the file that Orama and transformers.js index: what EffiR makes of the pages,
// so that all rank the same texts.
type passage struct {
	URL     string `json:"url"`
	Title   string `json:"title"`
	Heading string `json:"heading"` // empty if it is the title
	Anchor  string `json:"anchor"`
	Text    string `json:"text"`
}

// writePassages divides the pages of a site and writes a line for each passage.
func writePassages(ctx context.Context, folder, path string) (int, error) {
	budget, err := site.ModelBudget(models.Default())
	if err != nil {
		return 0, err
	}
	read, err := site.Folder(ctx, folder, site.FolderOptions{
		HTMLOptions: site.HTMLOptions{Budget: budget},
		Out:         filepath.Join(folder, "effir"), URLBase: "/", Exclude: site.DefaultExclude,
	})
	if err != nil {
		return 0, err
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Abort()
	buffered := bufio.NewWriter(file)
	lines := json.NewEncoder(buffered)
	lines.SetEscapeHTML(false)
	count := 0
	for _, page := range read.Pages {
		for _, p := range page.Passages {
			count++
			if err := lines.Encode(passage{strings.TrimPrefix(page.URL, "/"), page.Title, p.Heading, p.Anchor, p.Text}); err != nil {
				return 0, err
			}
		}
	}
	if err := buffered.Flush(); err != nil {
		return 0, err
	}
	return count, file.Commit()
}
