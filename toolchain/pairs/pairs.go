// Package pairs reads training data: queries with passages that answer them, or
// plain texts.
//
// A file of pairs is JSON Lines, one object {"query", "positive", "negatives"}
// a line, the list of negatives optional. A file of texts has one text a line.
// Either may be compressed by gzip. What a file is follows from its name:
// .jsonl or .jsonl.gz for pairs, .txt or .txt.gz for texts.
package pairs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pair is a query, a passage that answers it, and passages that do not but look
// like it. A line of a file of texts is a pair that has only a Positive.
type Pair struct {
	Query     string   `json:"query"`
	Positive  string   `json:"positive"`
	Negatives []string `json:"negatives,omitempty"`
}

// Source is a file and how much of it is used: with weight 1 an epoch has every
// pair once, with 2 twice, with 0.5 half of them, another half in the next epoch.
type Source struct {
	Path   string
	Weight float64
}

// ParseSource reads "path" (weight 1) or "path=weight".
func ParseSource(text string) (Source, error) {
	s := Source{Path: text, Weight: 1}
	if i := strings.LastIndexByte(text, '='); i >= 0 {
		w, err := strconv.ParseFloat(text[i+1:], 64)
		if err != nil || !(w > 0) || w > maxWeight {
			return Source{}, fmt.Errorf("data %q: weight %q is no number above 0 and at most %d", text, text[i+1:], maxWeight)
		}
		s = Source{Path: text[:i], Weight: w}
	}
	if s.Path == "" {
		return Source{}, fmt.Errorf("data %q: no file name", text)
	}
	return s, nil
}

const (
	maxWeight = 1000
	maxLine   = 1 << 20 // bytes
)

// Read reads a file. Empty lines are skipped; a file without pairs is an error,
// as is a pair without query or positive.
func Read(path string) ([]Pair, error) {
	parse := parsePair
	switch name := strings.TrimSuffix(path, ".gz"); {
	case strings.HasSuffix(name, ".jsonl"):
	case strings.HasSuffix(name, ".txt"):
		parse = parseText
	default:
		return nil, fmt.Errorf("%s: the name ends in none of .jsonl, .jsonl.gz, .txt, .txt.gz: rename it to what it holds", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("%s: not a gzip file: %w", path, err)
		}
		defer z.Close()
		r = z
	}
	return read(path, r, parse)
}

func read(path string, r io.Reader, parse func(line []byte) (Pair, error)) ([]Pair, error) {
	var list []Pair
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		p, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		list = append(list, p)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the line is longer than %d bytes: cut the text", path, number+1, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, number+1, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: empty: no data to train on", path)
	}
	return list, nil
}

func parsePair(line []byte) (Pair, error) {
	var p Pair
	if err := json.Unmarshal(line, &p); err != nil {
		return Pair{}, fmt.Errorf(`%w: want a JSON object {"query", "positive", "negatives"} on a line`, err)
	}
	if strings.TrimSpace(p.Query) == "" {
		return Pair{}, errors.New(`"query" is missing or empty`)
	}
	if strings.TrimSpace(p.Positive) == "" {
		return Pair{}, errors.New(`"positive" is missing or empty`)
	}
	for i, n := range p.Negatives {
		if strings.TrimSpace(n) == "" {
			return Pair{}, fmt.Errorf(`"negatives"[%d] is empty`, i)
		}
	}
	return p, nil
}

func parseText(line []byte) (Pair, error) {
	if !utf8.Valid(line) {
		return Pair{}, errors.New("not UTF-8 text")
	}
	return Pair{Positive: string(line)}, nil
}
