package index

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

var somePassages = []Passage{
	{Title: "Röntgen", Text: "text\nwith lines", URL: "https://example.org/#a", Section: "s"},
	{},
	{Text: strings.Repeat("long ", 1000)},
	{Title: "東京", Section: "z"},
}

func validPassages(t testing.TB) []byte {
	t.Helper()
	data, err := MarshalPassages(somePassages)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPassagesRoundTrip(t *testing.T) {
	for _, want := range [][]Passage{nil, {{}}, somePassages} {
		data, err := MarshalPassages(want)
		if err != nil {
			t.Fatal(err)
		}
		store, err := ParsePassages(data)
		if err != nil {
			t.Fatal(err)
		}
		if store.Len() != len(want) {
			t.Fatalf("%d passages, want %d", store.Len(), len(want))
		}
		for i := range want {
			if got := store.At(i); got != want[i] {
				t.Errorf("passage %d: %+v, want %+v", i, got, want[i])
			}
		}
	}
}

func TestPassagesMustBeUTF8(t *testing.T) {
	if _, err := MarshalPassages([]Passage{{Title: "bad", Text: "\xff"}}); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("error %v does not name the passage", err)
	}
}

func TestParsePassagesRefuses(t *testing.T) {
	data := validPassages(t)
	for n := range data {
		if _, err := ParsePassages(data[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
	for name, change := range map[string]func([]byte){
		"magic":                func(b []byte) { b[0] = 'X' },
		"huge count":           func(b []byte) { binary.LittleEndian.PutUint32(b[8:], 0xFFFFFFFF) },
		"first offset":         func(b []byte) { b[passagesHeader] = 1 },
		"offsets not in order": func(b []byte) { b[passagesHeader+4] = 0xFF },
		"offset beyond":        func(b []byte) { b[passagesHeader+7] = 0xFF },
		"broken UTF-8":         func(b []byte) { b[passagesHeader+4*(4*4+1)+1] = 0xFF },
	} {
		changed := slices.Clone(data)
		change(changed)
		if _, err := ParsePassages(changed); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParsePassages(f *testing.F) {
	f.Add(validPassages(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		store, err := ParsePassages(data)
		if err != nil {
			return
		}
		passages := make([]Passage, store.Len())
		for i := range passages {
			passages[i] = store.At(i)
		}
		if again, err := MarshalPassages(passages); err != nil || !slices.Equal(again, data) {
			t.Fatalf("accepted bytes are not what the writer gives (%v)", err)
		}
	})
}
