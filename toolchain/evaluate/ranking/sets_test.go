package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestSets(t *testing.T) {
	sets, err := readSets(filepath.Join("..", "..", "..", "..", "shared", "data"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the data sets are missing: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(sets, together(sets)) {
		passages := 0
		for _, page := range s.pages {
			if len(page.Passages) == 0 {
				t.Fatalf("%s: page %s has no passage", s.name, page.URL)
			}
			passages += len(page.Passages)
		}
		if len(s.questions) < 500 || passages < len(s.pages)*5/4 {
			t.Errorf("%s: %d questions, %d pages of %d passages", s.name, len(s.questions), len(s.pages), passages)
		}
		for _, q := range s.questions {
			page := s.pages[q.page]
			if q.kind != "heading" {
				continue
			}
			for _, p := range page.Passages {
				if strings.TrimSpace(p.Heading) == q.text {
					t.Errorf("%s, %q: page %s still has the heading that is asked for", s.name, q.text, page.URL)
				}
			}
		}
	}
}

func TestDivideKeepsAllWords(t *testing.T) {
	text := strings.Repeat("One sentence of some words. Another, longer one, that says more than the first. ", 40)
	passages := divide("heading", strings.TrimSpace(text))
	var words []string
	for _, p := range passages {
		part := strings.Fields(p.Text)
		if len(part) > passageWords || p.Heading != "heading" {
			t.Errorf("a passage of %d words under %q", len(part), p.Heading)
		}
		words = append(words, part...)
	}
	if want := len(strings.Fields(text)); len(words) != want || len(passages) < want/passageWords {
		t.Errorf("%d words in %d passages, want %d", len(words), len(passages), want)
	}
}
