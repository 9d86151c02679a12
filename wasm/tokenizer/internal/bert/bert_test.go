package bert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// options are those of testdata/bertgolden.py.
var options = map[string]Options{
	"uncased": {CleanText: true, Ideographs: true, StripAccents: true, Lowercase: true},
	"cased":   {CleanText: true, Ideographs: true},
	"accents": {CleanText: true, Ideographs: true, Lowercase: true},
	"strip":   {Ideographs: true, StripAccents: true},
	"odd":     {StripAccents: true, Lowercase: true},
	"raw":     {},
}

func words(r *Rules, text string, limit int) []string {
	var list []string
	w := Word{Max: limit}
	for {
		text = r.Next(text, &w)
		if w.Chars == 0 {
			return list
		}
		list = append(list, string(w.Text))
	}
}

// TestWordsOfEveryCodePoint puts every code point into a probe text and compares
// the words, by hash, with the reference.
func TestWordsOfEveryCodePoint(t *testing.T) {
	file, err := os.ReadFile("testdata/words.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]string
	if err := json.Unmarshal(file, &want); err != nil {
		t.Fatal(err)
	}
	for name, o := range options {
		if len(want[name]) != 0x110 {
			t.Fatalf("%s: %d blocks", name, len(want[name]))
		}
		r := New(o)
		for block, sum := range want[name] {
			h := sha256.New()
			for c := rune(block << 12); c < rune(block+1)<<12; c++ {
				if c >= 0xD800 && c < 0xE000 {
					continue
				}
				probe := strings.ReplaceAll("A_É _ B\u302f_\u302e!_", "_", string(c))
				h.Write([]byte(strings.Join(words(r, probe, 100), "\n") + "\xff"))
			}
			if got := hex.EncodeToString(h.Sum(nil))[:8]; got != sum {
				t.Errorf("%s: words differ around a code point of %#x000", name, block)
			}
		}
	}
}

func TestMarksAreSorted(t *testing.T) {
	// U+302E has the combining class 224, U+302F too, U+1D165 has 216, U+0301 is
	// dropped (230), U+034F is dropped but has class 0, U+200D is dropped before.
	for text, want := range map[string]string{
		"a\u302e\U0001D165":                   "a\U0001D165\u302e",
		"a\u302f\u302e\U0001D165":             "a\U0001D165\u302f\u302e",
		"\u302e\u0301\u302f\U0001D165":        "\U0001D165\u302e\u302f",
		"a\u302e\u200d\U0001D165":             "a\U0001D165\u302e",
		"a\u302e\u034f\U0001D165":             "a\u302e\U0001D165",
		"a\u302eb\U0001D165":                  "a\u302eb\U0001D165",
		"\U0001D15E\u302e":                    "\U0001D157\U0001D165\u302e",
		"a\u302e\U0001D15E":                   "a\u302e\U0001D157\U0001D165",
		strings.Repeat("\u302e\U0001D165", 8): strings.Repeat("\U0001D165", 8) + strings.Repeat("\u302e", 8),
	} {
		if got := words(New(options["uncased"]), text, 100); !slices.Equal(got, []string{want}) {
			t.Errorf("%+q: %+q, want %+q", text, got, want)
		}
	}
}

func TestLongWordsAreCounted(t *testing.T) {
	for _, unit := range []string{"a", "É", "한", "\u302e\U0001D165"} {
		w := Word{Max: 10}
		text := strings.Repeat(unit, 5000)
		if rest := New(options["odd"]).Next(text, &w); rest != "" {
			t.Errorf("%q: %d bytes left", unit, len(rest))
		}
		if w.Chars < 5000 || utf8.RuneCount(w.Text) != 10 {
			t.Errorf("%q: %d characters, kept %q", unit, w.Chars, w.Text)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add("Ünïcode \u302e\U0001D165 \x00\ufffd", 100)
	f.Add("\xff\xe4\xb8字[CLS]\u0344", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 1 + limit&127
		for name, o := range options {
			rest, chars := text, 0
			w := Word{Max: limit}
			for {
				after := New(o).Next(rest, &w)
				if w.Chars == 0 {
					if after != "" {
						t.Fatalf("%s: stopped before %q", name, after)
					}
					break
				}
				if !strings.HasSuffix(rest, after) || len(after) == len(rest) {
					t.Fatalf("%s: %q follows in %q", name, after, rest)
				}
				if utf8.RuneCount(w.Text) != min(w.Chars, limit) || !utf8.Valid(w.Text) {
					t.Fatalf("%s: %d characters, kept %q", name, w.Chars, w.Text)
				}
				chars += w.Chars
				rest = after
			}
			if chars > len(text) {
				t.Fatalf("%s: %d characters of %d bytes", name, chars, len(text))
			}
			// Bytes that are not UTF-8 count as U+FFFD.
			if got, want := words(New(o), text, limit), words(New(o), string([]rune(text)), limit); !slices.Equal(got, want) {
				t.Fatalf("%s: %q, as valid UTF-8 %q", name, got, want)
			}
		}
	})
}
