package analyze

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSequences(t *testing.T) {
	m := newTiny(t, llamaConfig())
	got, err := Sequences(m, " one two  three\nfour five six seven ", 5, 4) // a token is a byte
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]int32{{'o', 'n', 'e', ' '}}; len(got) != 1 || !slices.Equal(got[0], want[0]) {
		t.Errorf("sequences %v, want %v: the rest is too short for a second one", got, want)
	}
	long := strings.Repeat("word ", 100)
	if got, err = Sequences(m, long, 3, 8); err != nil || len(got) != 3 || len(got[2]) != 8 {
		t.Errorf("three sequences of eight tokens: %v (%v)", got, err)
	}
	if got, err = Sequences(m, long, 3, 500); err != nil || len(got) != 3 || len(got[0]) != 32 {
		t.Errorf("longer than the model takes: %v (%v)", got, err)
	}
	if got, err = Sequences(m, "ab", 3, 8); err != nil || len(got) != 1 || len(got[0]) != 2 {
		t.Errorf("a short text: %v (%v)", got, err)
	}
	for want, text := range map[string]string{"empty": " \n "} {
		if _, err := Sequences(m, text, 3, 8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if _, err := Sequences(m, long, 0, 8); err == nil {
		t.Error("no sequences are asked for, and given")
	}
}

// TestGenericText: the built-in text fills the default number of sequences for a model whose tokens
// are words at best.
func TestGenericText(t *testing.T) {
	if words := len(strings.Fields(GenericText)); words < 64*256 {
		t.Errorf("%d words are too few for 64 sequences of 256 tokens", words)
	}
}

func TestReadText(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("b.txt", "second")
	put("a/c.md", "first")
	put("z.go", "no text")
	if got, err := ReadText(dir); err != nil || got != "first\nsecond\n" {
		t.Errorf("folder: %q (%v)", got, err)
	}
	if got, err := ReadText(filepath.Join(dir, "z.go")); err != nil || got != "no text\n" {
		t.Errorf("file: %q (%v)", got, err)
	}
	empty := t.TempDir()
	for _, path := range []string{empty, filepath.Join(empty, "none")} {
		if _, err := ReadText(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
