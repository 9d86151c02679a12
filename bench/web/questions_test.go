package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQuestions(t *testing.T) {
	all, err := readQuestions("questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, q := range all {
		counts[q.Type]++
		if best := q.Answers[0]; best.Grade != 2 {
			t.Errorf("%s: the first answer only helps", q.ID)
		}
	}
	if len(all) != 100 || counts["words"] != 34 || counts["other"] != 33 || counts["short"] != 33 {
		t.Errorf("%d questions, %v", len(all), counts)
	}
	for _, id := range visited {
		found := false
		for _, q := range all {
			found = found || q.ID == id
		}
		if !found {
			t.Errorf("question %s of the visits is missing", id)
		}
	}
}

// Every judged page and anchor is in the documentation.
func TestAnswersAreThere(t *testing.T) {
	folder := filepath.Join("..", "..", "build", "bench", "web", "site", "python")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the site of bench:web has not been made: go run ./bench/web/corpus")
	}
	all, err := readQuestions("questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		for _, a := range q.Answers {
			html, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(a.Page)))
			if err != nil {
				t.Errorf("%s: %v", q.ID, err)
			} else if a.Anchor != "" && !bytes.Contains(html, []byte(`id="`+a.Anchor+`"`)) {
				t.Errorf("%s: %s has no anchor %s", q.ID, a.Page, a.Anchor)
			}
		}
	}
}

func TestReadQuestionsRefuses(t *testing.T) {
	const good = `{"id": "a", "type": "short", "question": "x", "answers": [{"page": "p.html", "grade": 2}]}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":        {good + "{", "question 2"},
		"unknown field":  {`{"id": "a", "typo": 1}`, "typo"},
		"unknown type":   {strings.Replace(good, "short", "long", 1), `"long"`},
		"no answers":     {`{"id": "a", "type": "short", "question": "x", "answers": []}`, "answers are missing"},
		"wrong grade":    {strings.Replace(good, `"grade": 2`, `"grade": 3`, 1), "grade 1 or 2"},
		"page twice":     {strings.Replace(good, `[{`, `[{"page": "p.html", "grade": 1}, {`, 1), "each page once"},
		"same id":        {good + good, "two questions"},
		"nothing at all": {"", "no questions"},
	} {
		path := filepath.Join(t.TempDir(), "q.jsonl")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readQuestions(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "q.jsonl") {
			t.Errorf("%s: error %v does not say %s", name, err, c.want)
		}
	}
}
