package pairs

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(content)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadPairs(t *testing.T) {
	const content = `{"query":"q1","positive":"p1"}` + "\n\n" + `{"query":"q2","positive":"p2","negatives":["n1","n2"]}`
	for _, name := range []string{"a.jsonl", "a.jsonl.gz"} {
		got, err := Read(write(t, name, content))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Query != "q1" || got[0].Positive != "p1" || got[1].Query != "q2" || !slices.Equal(got[1].Negatives, []string{"n1", "n2"}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestReadTexts(t *testing.T) {
	got, err := Read(write(t, "a.txt", "one text\n\n  another \n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Positive != "one text" || got[1].Positive != "another" || got[0].Query != "" {
		t.Errorf("got %+v", got)
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.jsonl", "", "empty"},
		{"a.jsonl", "\n \n", "empty"},
		{"a.jsonl", `{"query":"q","positive":"p"}` + "\n" + `{"query":"q"}`, `a.jsonl:2: "positive"`},
		{"a.jsonl", `{"positive":"p"}`, `"query"`},
		{"a.jsonl", `{"query":"q","positive":"p","negatives":[" "]}`, `"negatives"[0]`},
		{"a.jsonl", `nonsense`, "a.jsonl:1"},
		{"a.jsonl", `{"query":"` + strings.Repeat("x", maxLine) + `"}`, "longer than"},
		{"a.txt", "\xff\xfe", "UTF-8"},
		{"a.csv", "x", ".jsonl"},
	} {
		_, err := Read(write(t, c.name, c.content))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %.40q: error %v, want one with %q", c.name, c.content, err, c.want)
		}
	}
	if _, err := Read(write(t, "plain.jsonl.gz", "x")[:3] + "nothing.jsonl"); err == nil {
		t.Error("a missing file gives no error")
	}
	path := filepath.Join(t.TempDir(), "b.jsonl.gz")
	if err := os.WriteFile(path, []byte("not gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("plain text as gzip: error %v", err)
	}
}

func TestParseSource(t *testing.T) {
	for text, want := range map[string]Source{
		"a.jsonl":       {"a.jsonl", 1},
		"a.jsonl=0.5":   {"a.jsonl", 0.5},
		"d=x/b.jsonl=2": {"d=x/b.jsonl", 2},
	} {
		if got, err := ParseSource(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "=1", "a=0", "a=-1", "a=NaN", "a=x", "a=1e9"} {
		if got, err := ParseSource(text); err == nil {
			t.Errorf("%q: %v without error", text, got)
		}
	}
}

func TestPiece(t *testing.T) {
	const text = "The first sentence is long enough. The second one is it as well! And a third one, why not? Last."
	starts := Sentences(text)
	if len(starts) != 4 || text[starts[1]:starts[1]+10] != "The second" || text[starts[2]:starts[2]+5] != "And a" {
		t.Fatalf("sentences start at %v", starts)
	}
	draws := []int{1, 1} // from the second sentence, two of them
	next := func(int) int { d := draws[0]; draws = draws[1:]; return d }
	if got := Piece(text, next); got != "The second one is it as well! And a third one, why not?" {
		t.Errorf("piece %q", got)
	}
	if got := Piece("short", func(int) int { return 0 }); got != "short" {
		t.Errorf("piece %q", got)
	}
}

// FuzzPiece checks that a piece is a part of the text, and empty only if the
// text is.
func FuzzPiece(f *testing.F) {
	f.Add("One. Two. Three\nfour. ", uint16(7))
	f.Add("\n\n\n", uint16(1))
	f.Fuzz(func(t *testing.T, text string, seed uint16) {
		n := int(seed)
		piece := Piece(text, func(limit int) int { n = n*31 + 7; return n % limit })
		if !strings.Contains(text, piece) || piece == "" && strings.TrimSpace(text) != "" {
			t.Errorf("piece %q of %q", piece, text)
		}
	})
}

func TestWrite(t *testing.T) {
	list := []Pair{{Query: "a <b> & c", Positive: "p"}, {Query: "q", Positive: "ü", Negatives: []string{"n", "m"}}}
	for _, name := range []string{"a.jsonl", "a.jsonl.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, list); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if err := Write(filepath.Join(t.TempDir(), "a.txt"), list); err == nil {
		t.Error("a name without .jsonl gives no error")
	}
	if err := Write(filepath.Join(t.TempDir(), "no", "a.jsonl"), list); err == nil {
		t.Error("a folder that is not there gives no error")
	}
}
