package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// question is a line of questions.jsonl: what a person asks, and the pages of the Python documentation
// that answer it. README.md says how they were judged.
type question struct {
	ID      string   `json:"id"`
	Type    string   `json:"type"` // one of types
	Text    string   `json:"question"`
	Answers []answer `json:"answers"`
}

// answer is a judged page.
type answer struct {
	Page   string `json:"page"`   // relative to the documentation
	Anchor string `json:"anchor"` // of the part that answers; empty: the page as a whole
	Grade  int    `json:"grade"`  // 2: answers the question, 1: helps
}

// types of questions, in the order of tables.
var types = []string{"words", "other", "short"}

// typeLabels say what is asked in which words.
var typeLabels = map[string]string{
	"words": "questions in the documentation's words",
	"other": "questions in other words",
	"short": "short keyword queries",
}

// readQuestions reads and checks the judged questions.
func readQuestions(path string) ([]question, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := json.NewDecoder(bytes.NewReader(text))
	lines.DisallowUnknownFields()
	var all []question
	seen := map[string]bool{}
	for {
		var q question
		if err := lines.Decode(&q); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: question %d: %w", path, len(all)+1, err)
		}
		if err := q.check(); err != nil {
			return nil, fmt.Errorf("%s: question %s: %w", path, q.ID, err)
		}
		if seen[q.ID] {
			return nil, fmt.Errorf("%s: two questions are called %s", path, q.ID)
		}
		seen[q.ID] = true
		all = append(all, q)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: has no questions", path)
	}
	return all, nil
}

func (q *question) check() error {
	if typeLabels[q.Type] == "" {
		return fmt.Errorf("type %q is none of %v", q.Type, types)
	}
	if q.ID == "" || q.Text == "" || len(q.Answers) == 0 {
		return errors.New("id, question or answers are missing")
	}
	pages := map[string]bool{}
	for _, a := range q.Answers {
		if a.Grade != 1 && a.Grade != 2 || a.Page == "" || pages[a.Page] {
			return fmt.Errorf("answer %s: each page once, with grade 1 or 2", a.Page)
		}
		pages[a.Page] = true
	}
	return nil
}

// grades returns the grade of each judged page, by its path in the site.
func (q *question) grades() map[string]int {
	grades := map[string]int{}
	for _, a := range q.Answers {
		grades["python/"+a.Page] = a.Grade
	}
	return grades
}
