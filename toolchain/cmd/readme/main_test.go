package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/results"
)

func TestFill(t *testing.T) {
	dir := t.TempDir()
	if err := results.Write(filepath.Join(dir, "size.json"), results.Figures{"guest_bytes": 1234567, "share": 0.25, "few": 12}); err != nil {
		t.Fatal(err)
	}
	got, err := fill("before\n<!-- results size -->\nold\n<!-- end -->\nafter\n", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n", "| guest bytes | 1,234,567 |", "| share | 0.2500 |", "| few | 12 |", "<!-- end -->\nafter\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "old") {
		t.Error("the old table is still there")
	}
	if again, err := fill(got, dir); err != nil || again != got {
		t.Errorf("filling again changes the text, error %v", err)
	}
	if only, err := fill("<!-- results size few -->\n<!-- end -->", dir); err != nil || !strings.Contains(only, "few") || strings.Contains(only, "share") {
		t.Errorf("the table of one word is %q, error %v", only, err)
	}
	if two, err := fill("<!-- results size few|share -->\n<!-- end -->", dir); err != nil || !strings.Contains(two, "few") || !strings.Contains(two, "share") || strings.Contains(two, "guest") {
		t.Errorf("the table of two words is %q, error %v", two, err)
	}
	if err := results.WriteWith(filepath.Join(dir, "gap.json"), results.Figures{}, map[string]string{"retention": "not trained yet"}); err != nil {
		t.Fatal(err)
	}
	if gap, err := fill("<!-- results gap -->\n<!-- end -->", dir); err != nil || !strings.Contains(gap, "| retention | not measured: not trained yet |") {
		t.Errorf("a missing figure is shown as %q, error %v", gap, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "quality.md"), []byte("| a |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if whole, err := fill("<!-- table quality -->\nold\n<!-- end -->", dir); err != nil || whole != "<!-- table quality -->\n| a |\n<!-- end -->" {
		t.Errorf("a whole table becomes %q, error %v", whole, err)
	}
	if _, err := fill("<!-- table none -->\n<!-- end -->", dir); err == nil {
		t.Error("a missing table is no error")
	}
	if _, err := fill("<!-- results none -->\n<!-- end -->", dir); err == nil {
		t.Error("a missing results file is no error")
	}
}

// The tables are what the results say.
func TestDocumentsAreUpToDate(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	for _, name := range documents {
		if err := run(filepath.Join(root, name), filepath.Join(root, "docs", "results"), true); err != nil {
			t.Error(err)
		}
	}
}
