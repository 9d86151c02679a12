package main

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/site"
)

// set is a site with questions that one page answers each.
type set struct {
	name      string
	pages     []site.Page
	questions []question
}

type question struct {
	kind string
	text string
	page int // number of the page that answers
}

// record is a line of pairs or of a collection.
type record struct {
	ID       string `json:"_id"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Query    string `json:"query"`
	Positive string `json:"positive"`
}

const (
	// most questions of a kind, and pages of a collection, which are chosen by a hash.
	mostQuestions = 300
	mostPages     = 2000
	// passageWords is about half of what an encoder reads, so that pages of these short texts have
	// several passages, as real ones do.
	passageWords = 100
)

// readSets makes the sites from training data: articles, proposals, manuals and medical texts.
func readSets(data string) ([]set, error) {
	var sets []set
	for _, read := range []func(string) (set, error){articles, proposals, manuals, medicine} {
		s, err := read(data)
		if err != nil {
			return nil, err
		}
		s.questions = perKind(s.questions)
		sets = append(sets, s)
	}
	return sets, nil
}

// articles is an encyclopedia: pages of one to eight consecutive paragraphs of an article (SQuAD), pages of one
// paragraph (BoolQ).
func articles(data string) (set, error) {
	s := set{name: "articles"}
	for _, name := range []string{"squad-dev", "boolq-dev"} {
		read, err := corpus.ReadBEIR(filepath.Join(data, name), "train")
		if err != nil {
			return s, err
		}
		page := make(map[string]int)
		title, left := "", 0
		for _, p := range chosen(read.Corpus, map[string]int{"squad-dev": len(read.Corpus), "boolq-dev": mostPages}[name], func(p corpus.Passage) string { return p.ID }) {
			if p.Title != title || left == 0 {
				title, left = p.Title, 1
				if name == "squad-dev" {
					left = 1 + int(hash(p.ID)[0]%8)
				}
				s.pages = append(s.pages, site.Page{URL: p.ID, Title: p.Title})
			}
			left--
			last := len(s.pages) - 1
			s.pages[last].Passages = append(s.pages[last].Passages, divide("", p.Text)...)
			page[p.ID] = last
		}
		for _, q := range read.Queries {
			for doc := range read.Qrels[q.ID] {
				if number, ok := page[doc]; ok {
					s.questions = append(s.questions, question{name, q.Text, number})
				}
			}
		}
	}
	return s, nil
}

// proposals are Python's, without their titles and first sentences, which are asked for, and without the headings that
// are.
func proposals(data string) (set, error) {
	s := set{name: "proposals"}
	asked, err := pairs(data, "peps")
	if err != nil {
		return s, err
	}
	sections, err := lines(filepath.Join(data, "demo", "peps.jsonl"))
	if err != nil {
		return s, err
	}
	titles := make(map[string]string) // by the first words of the abstract
	for _, p := range asked {
		titles[start(p.Positive)] = p.Query
	}
	seen := make(map[string]int) // headings
	for _, r := range sections {
		seen[r.Title[strings.LastIndex(r.Title, ": ")+1:]]++
	}
	before := ""
	for _, r := range sections {
		proposal, _, _ := strings.Cut(r.ID, "#")
		if hash(proposal)[0]%2 == 0 {
			continue
		}
		if proposal != before {
			before = proposal
			s.pages = append(s.pages, site.Page{URL: proposal, Title: strings.ReplaceAll(proposal, "-", " ")})
		}
		last := len(s.pages) - 1
		heading := strings.TrimSpace(r.Title[strings.LastIndex(r.Title, ": ")+1:])
		text := r.Text
		if title, ok := titles[start(text)]; ok {
			s.questions = append(s.questions, question{"title", title, last})
			if first, rest, ok := strings.Cut(text, ". "); ok && len(first) > 40 && len(first) < 300 {
				s.questions = append(s.questions, question{"first sentence", first, last})
				text = rest
			}
		}
		if seen[" "+heading] == 1 && len(strings.Fields(heading)) >= 3 && hash(r.ID)[0]%3 == 0 {
			s.questions = append(s.questions, question{"heading", heading, last})
			heading = ""
		}
		s.pages[last].Passages = append(s.pages[last].Passages, divide(heading, text)...)
	}
	return s, nil
}

// manuals is a site of manual pages, command examples, a dictionary of computing and questions on Perl.
func manuals(data string) (set, error) {
	s := set{name: "manuals"}
	for _, name := range []string{"manpages", "tldr", "foldoc"} {
		records, err := lines(filepath.Join(data, "demo", name+".jsonl"))
		if err != nil {
			return s, err
		}
		examples := make(map[string][]string) // what examples of a command do
		if name == "tldr" {
			asked, err := pairs(data, name)
			if err != nil {
				return s, err
			}
			for _, p := range asked {
				command, _, _ := strings.Cut(p.Positive, ": ")
				examples[command] = append(examples[command], p.Query)
			}
		}
		for _, r := range chosen(records, mostPages, func(r record) string { return r.ID }) {
			title, text, number := r.Title, r.Text, len(s.pages)
			switch name {
			case "manpages":
				var summary string
				title, summary, _ = strings.Cut(title, " - ")
				s.questions = append(s.questions, question{"summary", summary, number})
			case "tldr":
				for _, example := range examples[title] {
					if without := strings.Replace(text, example+":", "", 1); without != text && hash(r.ID + example)[0]%4 == 0 {
						s.questions = append(s.questions, question{"example", example, number})
						text = without
						break
					}
				}
			case "foldoc":
				s.questions = append(s.questions, question{"term", "what is " + title, number})
			}
			s.pages = append(s.pages, site.Page{URL: r.ID, Title: title, Passages: divide("", text)})
		}
	}
	asked, err := pairs(data, "perlfaq")
	for _, p := range asked {
		s.questions = append(s.questions, question{"perlfaq", p.Query, len(s.pages)})
		s.pages = append(s.pages, site.Page{Title: "Perl", Passages: divide("", p.Positive)})
	}
	return s, err
}

// medicine is abstracts of papers, asked for by their titles, and answers to patients.
func medicine(data string) (set, error) {
	s := set{name: "medicine"}
	for _, name := range []string{"pubmedqa-labeled", "medquad-train"} {
		asked, err := pairs(data, name)
		if err != nil {
			return s, err
		}
		for _, p := range chosen(asked, mostPages, func(r record) string { return r.Positive }) {
			s.questions = append(s.questions, question{name, p.Query, len(s.pages)})
			s.pages = append(s.pages, site.Page{Passages: divide("", p.Positive)})
		}
	}
	return s, nil
}

// divide cuts a text after sentences.
func divide(heading, text string) []site.Passage {
	var passages []site.Passage
	var part []string
	for sentence := range strings.SplitSeq(text, ". ") {
		words := strings.Fields(sentence)
		if len(part) > 0 && len(part)+len(words) > passageWords {
			passages = append(passages, site.Passage{Heading: heading, Text: strings.Join(part, " ")})
			part = nil
		}
		part = append(part, words...)
		if len(part) > 0 {
			part[len(part)-1] += "."
		}
	}
	return append(passages, site.Passage{Heading: heading, Text: strings.Join(part, " ")})
}

func start(text string) string { return text[:min(len(text), 60)] }

func hash(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// chosen returns n items, those of the lowest hashes, in their order.
func chosen[T any](list []T, n int, id func(T) string) []T {
	if len(list) <= n {
		return list
	}
	sums := make([]string, len(list))
	for i, item := range list {
		sum := hash(id(item))
		sums[i] = string(sum[:])
	}
	limit := slices.Sorted(slices.Values(sums))[n]
	var kept []T
	for i, item := range list {
		if sums[i] < limit {
			kept = append(kept, item)
		}
	}
	return kept
}

func perKind(all []question) []question {
	kinds := make(map[string][]question)
	for _, q := range all {
		kinds[q.kind] = append(kinds[q.kind], q)
	}
	var kept []question
	for _, q := range all {
		if list, ok := kinds[q.kind]; ok {
			kept = append(kept, chosen(list, mostQuestions, func(q question) string { return fmt.Sprint(q.page, q.text) })...)
			delete(kinds, q.kind)
		}
	}
	return kept
}

func pairs(data, name string) ([]record, error) {
	file, err := os.Open(filepath.Join(data, "pairs", name+".jsonl.gz"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return decode(plain, file.Name())
}

func lines(path string) ([]record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return decode(file, path)
}

func decode(r io.Reader, path string) ([]record, error) {
	var records []record
	for decoder := json.NewDecoder(bufio.NewReader(r)); ; {
		var next record
		err := decoder.Decode(&next)
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", path, len(records)+1, err)
		}
		records = append(records, next)
	}
}

// together is one site of all pages, with a third of the questions.
func together(sets []set) set {
	all := set{name: "together"}
	for _, s := range sets {
		kinds := make(map[string]int)
		for _, q := range s.questions {
			if kinds[q.kind]++; kinds[q.kind]%3 == 0 {
				all.questions = append(all.questions, question{q.kind, q.text, q.page + len(all.pages)})
			}
		}
		all.pages = append(all.pages, s.pages...)
	}
	return all
}
