package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// collections are the files of records, one {"_id", "title", "text"} a line. Sections of Python's
// enhancement proposals are none of them: they answer questions about Python too, and were not
// judged.
var collections = []string{"foldoc", "manpages", "tldr"}

// record is a line.
type record struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// readRecords returns the pages of count records, or of all if there are fewer: as many of each
// collection as of the others, unless it has not so many, picked at even distances.
func readRecords(folder string, count int) ([]page, error) {
	if folder == "" {
		return nil, nil
	}
	all := make([][]record, len(collections))
	for i, name := range collections {
		var err error
		if all[i], err = readCollection(filepath.Join(folder, name+".jsonl")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	sizes := make([]int, len(all))
	for i, records := range all {
		sizes[i] = len(records)
	}
	var pages []page
	for i, share := range shares(sizes, count) {
		for k := range share {
			at := k * sizes[i] / share
			r := all[i][at]
			p, err := render(fmt.Sprintf("%s/%05d-%s.html", collections[i], at, slug(r.ID)), document{Title: r.Title, Sections: []section{{Paragraphs: []string{r.Text}}}})
			if err != nil {
				return nil, fmt.Errorf("%s, record %s: %w", collections[i], r.ID, err)
			}
			pages = append(pages, p)
		}
	}
	return pages, nil
}

func readCollection(path string) ([]record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var records []record
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for number := 1; lines.Scan(); number++ {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
		if r.ID == "" || r.Title == "" || strings.TrimSpace(r.Text) == "" {
			return nil, fmt.Errorf("%s: line %d: _id, title or text is missing", path, number)
		}
		records = append(records, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return records, nil
}

// shares divides count among collections of these sizes, as evenly as they allow.
func shares(sizes []int, count int) []int {
	out := make([]int, len(sizes))
	for count > 0 {
		open := 0
		for i, size := range sizes {
			if out[i] < size {
				open++
			}
		}
		if open == 0 {
			break
		}
		each := max(1, count/open)
		for i, size := range sizes {
			more := min(each, size-out[i], count)
			out[i] += more
			count -= more
		}
	}
	return out
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id a part of a file name.
func slug(id string) string {
	s := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(id), "-"), "-")
	return s[:min(len(s), 40)]
}
