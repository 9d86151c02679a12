package site

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/effir/effir/wasm/site"
)

// JSONLOptions shape how JSON lines are read.
type JSONLOptions struct {
	Language string // of lines that do not say theirs
	Budget   Budget
	// URLBase is put before relative addresses.
	URLBase string
	// Progress, if set, is called after each line.
	Progress func(done, total int)
}

// document is one line: id or _id (a text or a number), url, title, text, lang,
// image, and meta, filters and sorts by key. Without url the id is the address.
type document struct {
	ID       any            `json:"id"`
	BEIR     any            `json:"_id"`
	URL      string         `json:"url"`
	Title    string         `json:"title"`
	Text     string         `json:"text"`
	Language string         `json:"lang"`
	Image    string         `json:"image"`
	Meta     map[string]any `json:"meta"`
	Filters  map[string]any `json:"filters"`
	Sorts    map[string]any `json:"sorts"`
}

// maxLineBytes bounds the memory that one line takes.
const maxLineBytes = 64 << 20

// JSONL reads one page from each line of a file. Lines that are no such object,
// or repeat an id, are named in the report.
func JSONL(ctx context.Context, name string, o JSONLOptions) (*Collection, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	base := filepath.Base(name)
	c := &Collection{}
	lines, err := readLines(ctx, file, func(line int, problem string) {
		c.Report.Problems = append(c.Report.Problems, Note{File: base, Line: line, Text: problem})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	type outcome struct {
		id string
		result
		err error
	}
	results := make([]outcome, len(lines))
	err = parallel(ctx, len(lines), o.Progress, func(i int) {
		r := &results[i]
		var d document
		if r.err = json.Unmarshal(lines[i].text, &d); r.err != nil {
			r.err = errors.New("is no such object: " + jsonProblem(r.err))
			return
		}
		r.id = firstOf(scalar(d.ID), scalar(d.BEIR))
		r.page, r.err = d.page(firstOf(r.id, d.URL), base, o, &r.notes)
	})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]int)
	for i, r := range results {
		number := lines[i].number
		if first := seen[r.id]; first > 0 && r.err == nil {
			r.err = fmt.Errorf("repeats the id %q of line %d", clip(r.id, 80), first)
		} else if r.id != "" && r.err == nil {
			seen[r.id] = number
		}
		c.addLine(r.page, r.notes, r.err, base, number)
	}
	return c.finish(), nil
}

// jsonProblem names the field that is wrong rather than types of this program.
func jsonProblem(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	return fmt.Sprintf("%s is of the JSON type %s", firstOf(wrong.Field, "the line"), wrong.Value)
}

func (c *Collection) addLine(page *site.Page, n notes, err error, file string, number int) {
	for _, list := range [][]Note{n.problems, n.notices, n.skipped} {
		for i := range list {
			list[i].Line = number
		}
	}
	c.Report.add(n)
	if err != nil {
		c.Report.Problems = append(c.Report.Problems, Note{File: file, Line: number, Text: err.Error()})
		return
	}
	c.add(page, file+":"+strconv.Itoa(number))
}

// page makes a page of a line. id names it.
func (d *document) page(id, file string, o JSONLOptions, n *notes) (*site.Page, error) {
	if id == "" {
		return nil, errors.New("has neither id nor url")
	}
	address := firstOf(d.URL, id)
	if o.URLBase != "" && !strings.Contains(address, "://") && !strings.HasPrefix(address, "/") {
		address = strings.TrimSuffix(o.URLBase, "/") + "/" + address
	}
	at := place{file: file, address: id}
	page := &site.Page{
		URL: address, Title: clip(collapse(d.Title), maxTitleBytes), Image: d.Image,
		Language: canonicalLanguage(firstOf(d.Language, o.Language), at, n),
		Meta:     limit(fieldsOf(d.Meta, ", "), "meta", at, n),
		Filters:  limit(fieldsOf(d.Filters, ""), "filters", at, n),
		Sorts:    limit(fieldsOf(d.Sorts, ", "), "sorts", at, n),
	}
	return page, fill(page, []*section{{blocks: splitParagraphs(d.Text)}}, at, o.Budget, n)
}

// fieldsOf returns values by key, sorted. A list is joined, or is several values
// if join is empty.
func fieldsOf(values map[string]any, join string) []site.Field {
	var fields []site.Field
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list := texts(values[key])
		if join != "" && len(list) > 0 {
			list = []string{strings.Join(list, join)}
		}
		for _, value := range list {
			if key != "" {
				fields = append(fields, site.Field{Key: key, Value: clip(value, maxFieldBytes)})
			}
		}
	}
	return fields
}

// scalar returns a text or number as text, "" for anything else.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// line of a file that is not blank.
type line struct {
	number int // from 1
	text   []byte
}

// readLines reads all lines. problem is told about those that are too long.
func readLines(ctx context.Context, in io.Reader, problem func(number int, text string)) ([]line, error) {
	reader := bufio.NewReaderSize(in, 1<<16)
	var lines []line
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, long, err := readLine(reader)
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if long {
			problem(number, fmt.Sprintf("is longer than %d MiB", maxLineBytes>>20))
		} else if text = bytes.TrimSpace(text); len(text) > 0 {
			lines = append(lines, line{number, text})
		}
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// readLine reads to the end of the line, however long it is, and returns at most
// maxLineBytes of it.
func readLine(reader *bufio.Reader) (text []byte, long bool, err error) {
	for {
		part, err := reader.ReadSlice('\n')
		if len(text)+len(part) > maxLineBytes {
			long, text = true, nil
		}
		if !long {
			text = append(text, part...)
		}
		if err != bufio.ErrBufferFull {
			return text, long, err
		}
	}
}
