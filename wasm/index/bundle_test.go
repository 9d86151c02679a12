package index

import (
	"encoding/json"
	"strings"
	"testing"
)

func validBundle() Bundle {
	hash := strings.Repeat("0a", 32)
	b := NewBundle(100, File{SHA256: hash, Bytes: 10}, File{SHA256: hash, Bytes: 20}, DefaultFusion())
	b.Vectors = &VectorFile{File: File{SHA256: hash, Bytes: 16 + 50*(4+384)}, Model: hash, Dims: 384, Count: 50}
	return b
}

func TestBundleRoundTrip(t *testing.T) {
	want := validBundle()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseBundle(append(text, '\n'))
	if err != nil {
		t.Fatal(err)
	}
	if *got.Vectors != *want.Vectors || got.Keyword != want.Keyword || got.Passages != want.Passages ||
		got.Fusion != want.Fusion || got.Count != want.Count {
		t.Errorf("parsed %+v, want %+v", got, want)
	}
	if name := got.Vectors.FileName(); name != want.Vectors.SHA256+".bin" {
		t.Errorf("file name %s", name)
	}
}

func TestParseBundleNamesTheField(t *testing.T) {
	tests := []struct {
		field  string
		change func(*Bundle)
	}{
		{"format", func(b *Bundle) { b.Format = "effir-index/1" }},
		{"count", func(b *Bundle) { b.Count = -1 }},
		{"keyword", func(b *Bundle) { b.Keyword.SHA256 = "../../etc/passwd" }},
		{"keyword", func(b *Bundle) { b.Keyword.Bytes = 0 }},
		{"passages", func(b *Bundle) { b.Passages.SHA256 = strings.Repeat("A", 64) }},
		{"passages", func(b *Bundle) { b.Passages.Bytes = 1 << 40 }},
		{"vectors", func(b *Bundle) { b.Vectors.SHA256 = "" }},
		{"vectors.model", func(b *Bundle) { b.Vectors.Model = "smol" }},
		{"vectors.dims", func(b *Bundle) { b.Vectors.Dims = MaxDims + 1 }},
		{"vectors.count", func(b *Bundle) { b.Vectors.Count = 101 }},
		{"vectors.bytes", func(b *Bundle) { b.Vectors.Bytes++ }},
		{"fusion", func(b *Bundle) { b.Fusion.Keyword = 2e6 }},
		{"fusion", func(b *Bundle) { b.Fusion.Keyword, b.Fusion.Semantic = 0, 0 }},
		{"fusion", func(b *Bundle) { b.Fusion.Semantic = -1 }},
	}
	for _, test := range tests {
		b := validBundle()
		test.change(&b)
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseBundle(text); err == nil || !strings.Contains(err.Error(), test.field+" ") {
			t.Errorf("%s: error %v", test.field, err)
		}
	}
}

func TestParseBundleRefusesText(t *testing.T) {
	text, err := json.Marshal(validBundle())
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty":         "",
		"truncated":     string(text[:len(text)/2]),
		"trailing":      string(text) + "{}",
		"unknown field": strings.Replace(string(text), `"count"`, `"extra":1,"count"`, 1),
		"null":          "null",
		"array":         "[]",
		"huge":          string(text) + strings.Repeat(" ", maxManifestBytes),
	} {
		if _, err := ParseBundle([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParseBundle(f *testing.F) {
	text, _ := json.Marshal(validBundle())
	f.Add(text)
	f.Add([]byte(`{"fusion":{"keyword":1e-400}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBundle(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseBundle(text); err != nil {
			t.Fatalf("an accepted manifest is refused when written again: %v", err)
		}
	})
}
