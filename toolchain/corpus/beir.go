package corpus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Dataset is a corpus with queries and judgements.
type Dataset struct {
	Name    string // of the folder
	Corpus  []Passage
	Queries []Query // those of the split, in the order of queries.jsonl
	Qrels   Qrels
}

// Query is one information need.
type Query struct{ ID, Text string }

// Qrels holds judgements: query id, then document id, then relevance. What is
// not judged is absent.
type Qrels map[string]map[string]int

// maxLineBytes bounds one line of a data file.
const maxLineBytes = 64 << 20

// byteOrderMark is what some editors put in front of UTF-8 text.
const byteOrderMark = "\ufeff"

// corpusFile is the file of passages in a folder.
const corpusFile = "corpus.jsonl"

// ReadBEIR reads a folder in the layout of the BEIR benchmark: corpus.jsonl
// (_id, title, text), queries.jsonl (_id, text) and qrels/<split>.tsv (a
// header line, then query id, document id and relevance between tabs). Errors
// name file and line.
func ReadBEIR(dir, split string) (*Dataset, error) {
	data, err := readBEIR(dir, split)
	if unreadable(err) {
		return nil, fmt.Errorf("BEIR folder is incomplete: %w", err)
	}
	return data, err
}

// ReadCorpus reads corpus.jsonl of a folder, the layout of which is that of
// BEIR. Lines may also have fields url and section, for results that link to
// their source. A file without passages is an error.
func ReadCorpus(dir string) ([]Passage, error) {
	passages, err := readCorpus(dir)
	if unreadable(err) {
		return nil, fmt.Errorf("%w: give a folder with a file %s that has one passage a line, a JSON object with _id and text, and title, url, section if there are any", err, corpusFile)
	}
	return passages, err
}

func readBEIR(dir, split string) (*Dataset, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data := &Dataset{Name: filepath.Base(absolute)}
	if data.Qrels, err = readQrels(filepath.Join(dir, "qrels", split+".tsv")); err != nil {
		return nil, err
	}
	queries := filepath.Join(dir, "queries.jsonl")
	if err := readJSONL(queries, func(r record) {
		if _, judged := data.Qrels[r.ID]; judged {
			data.Queries = append(data.Queries, Query{ID: r.ID, Text: r.Text})
		}
	}); err != nil {
		return nil, err
	}
	if found, judged := len(data.Queries), len(data.Qrels); found < judged {
		return nil, fmt.Errorf("%s: %d of the %d queries judged in qrels/%s.tsv are missing: use the files of one release",
			queries, judged-found, judged, split)
	}
	if data.Corpus, err = readCorpus(dir); err != nil {
		return nil, err
	}
	return data, nil
}

func readCorpus(dir string) ([]Passage, error) {
	path := filepath.Join(dir, corpusFile)
	var passages []Passage
	if err := readJSONL(path, func(r record) {
		passages = append(passages, Passage(r))
	}); err != nil {
		return nil, err
	}
	if len(passages) == 0 {
		return nil, fmt.Errorf("%s: holds no passages: put one a line, a JSON object with _id and text", path)
	}
	return passages, nil
}

// unreadable reports whether err is that of opening or reading a file, not of
// its content.
func unreadable(err error) bool {
	var failed *fs.PathError
	return errors.As(err, &failed)
}

// record is a line of corpus.jsonl or queries.jsonl.
type record struct {
	ID      string `json:"_id"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	URL     string `json:"url"`
	Section string `json:"section"`
}

func readJSONL(path string, add func(record)) error {
	seen := make(map[string]bool)
	return readLines(path, func(_ int, line []byte) error {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("not a JSON object with string fields: %w", err)
		}
		if r.ID == "" {
			return errors.New("field _id is missing: every line needs one")
		}
		if seen[r.ID] {
			return fmt.Errorf("_id %q occurs twice: ids must be unique", r.ID)
		}
		seen[r.ID] = true
		add(r)
		return nil
	})
}

func readQrels(path string) (Qrels, error) {
	qrels := make(Qrels)
	err := readLines(path, func(number int, line []byte) error {
		fields := strings.Split(string(line), "\t")
		if len(fields) != 3 {
			return fmt.Errorf("has %d tab-separated fields: want query-id, corpus-id, score", len(fields))
		}
		relevance, err := strconv.Atoi(fields[2])
		if err != nil {
			if number == 1 {
				return nil // the header
			}
			return fmt.Errorf("score %q is not a whole number", fields[2])
		}
		query, doc := fields[0], fields[1]
		if qrels[query] == nil {
			qrels[query] = make(map[string]int)
		}
		if _, twice := qrels[query][doc]; twice {
			return fmt.Errorf("query %q and document %q are judged twice: remove one line", query, doc)
		}
		qrels[query][doc] = relevance
		return nil
	})
	if err == nil && len(qrels) == 0 {
		err = fmt.Errorf("%s: holds no judgements: put one a line, query-id, corpus-id and score between tabs", path)
	}
	return qrels, err
}

// readLines calls each for every line of the file that is not blank, with its
// number from 1, and adds file and line to the error that it returns. A byte
// order mark at the start of the file is skipped.
func readLines(path string, each func(number int, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := scanLines(file, each); err != nil {
		return fmt.Errorf("%s:%w", path, err)
	}
	return nil
}

func scanLines(in io.Reader, each func(number int, line []byte) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), maxLineBytes)
	number := 0
	for lines.Scan() {
		number++
		line := lines.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, byteOrderMark)
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if err := each(number, []byte(line)); err != nil {
			return fmt.Errorf("%d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%d: %w", number+1, err)
	}
	return nil
}
