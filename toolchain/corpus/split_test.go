package corpus

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name   string
		blocks []string
		want   []string
	}{
		{"nothing", nil, nil},
		{"blank", []string{"", " \n"}, nil},
		{"fits", []string{"a b", "c d"}, []string{"a b\nc d"}},
		{"blocks stay whole", []string{"a b c d e", "f g h i", "j k l m n o"}, []string{"a b c d e", "f g h i", "j k l m n o"}},
		{"short end stays", []string{"a b c d e f g h", "i"}, []string{"a b c d e f g h\ni"}},
		{"sentences", []string{"A b c d e. F g h i j. K l m."}, []string{"A b c d e.", "F g h i j. K l m."}},
		{"not a sentence end", []string{"a b c d e.g. f g h i j k l m"}, []string{"a b c d e.g. f g h", "i j k l m"}},
		{"lines before sentences", []string{"a b. C d\ne f g. H\ni j k l"}, []string{"a b. C d\ne f g. H", "i j k l"}},
		{"long words", []string{strings.Repeat("x ", 16) + "x"}, []string{"x x x x x x x x", "x x x x x x x x\nx"}},
	}
	for _, test := range tests {
		if got := split(test.blocks, 8); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// Text without spaces is divided too: at the stops of its script, else anywhere.
func TestSplitByCharacters(t *testing.T) {
	s := Splitter{Max: 8, Size: utf8.RuneCountInString}
	for text, want := range map[string][]string{
		"港は静かだ。船が出る。夜になる。": {"港は静かだ。", "船が出る。", "夜になる。"},
		"abcdefghijklmnop":           {"abcdefgh", "ijklmnop"},
		"ééééééééé":                  {"éééé", "ééééé"},
		"Ша ла. Ла ша. Даша":         {"Ша ла.", "Ла ша.", "Даша"},
		"one two 0123456789 three x": {"one two", "01234", "56789", "three x"},
	} {
		if got := s.Split([]string{text}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// No word may be lost, added or moved, and no piece be too long.
func FuzzSplit(f *testing.F) {
	f.Add("One two. Three four: Five\nsix", "seven\n\n\teight nine", 4)
	f.Add("\n\n", " . A", 10)
	f.Fuzz(func(t *testing.T, first, second string, maxWords int) {
		maxWords = 1 + (maxWords%100+100)%100
		pieces := split([]string{first, second}, maxWords)
		want := strings.Fields(first + "\n" + second)
		if got := strings.Fields(strings.Join(pieces, "\n")); !slices.Equal(got, want) {
			t.Fatalf("words %q, want %q", got, want)
		}
		for _, piece := range pieces {
			if n := countWords(piece); n == 0 || n > maxWords+maxWords/4 {
				t.Fatalf("a piece has %d words of at most %d", n, maxWords)
			}
		}
	})
}

func TestEmbedText(t *testing.T) {
	p := Passage{Title: "title", Text: "one  two\nthree four"}
	for n, want := range map[int]string{
		0: "title\none  two\nthree four", 1: "title\none", 3: "title\none  two\nthree", 4: "title\none  two\nthree four", 9: "title\none  two\nthree four",
	} {
		if got := p.EmbedText(n); got != want {
			t.Errorf("%d words: %q, want %q", n, got, want)
		}
	}
	if got := (Passage{Text: "only text"}).EmbedText(0); got != "only text" {
		t.Errorf("without title: %q", got)
	}
}
