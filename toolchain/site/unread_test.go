package site

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/models"
)

// Pages that the released model cannot read are named, and indexed all the same.
func TestUnreadPages(t *testing.T) {
	model, err := models.Open(models.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	budget, err := ModelBudget(model)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{ // "": none
		"chinese.html":  "(Han): found by keyword only",
		"japanese.html": "(Hiragana): found by keyword only",
		"thai.html":     "(Thai): found by keyword only",
		"emoji.html":    "(symbols): found by keyword only",
		"mixed.html":    "",
		"mostly.html":   "(Han): found by keyword only",
		"russian.html":  "",
		"greek.html":    "",
		"german.html":   "",
		"code.html":     "",
		"smile.html":    "",
	}
	root := write(t, map[string]string{
		"chinese.html":  `<html lang="zh"><title>内存管理</title><p>垃圾回收器会自动释放不再使用的内存。`,
		"japanese.html": `<html lang="ja"><title>みなと</title><p>しずかなみなとに、ふねがとまっている。`,
		"thai.html":     `<title>ท่าเรือ</title><p>เรืออยู่ในท่าเรือ`,
		"emoji.html":    `<title>🥕🍅</title><p>👩🏽‍🌾 🥬 🌶️`,
		"mixed.html":    `<title>Harbours of the world</title><p>The word for harbour is 港 in Chinese, ميناء in Arabic and λιμάνι in Greek. 🚢`,
		"mostly.html":   `<title>Go 语言</title><p>Go 语言的垃圾回收器会自动释放不再使用的内存，开发者不需要手动管理。`,
		"russian.html":  `<title>Гавань</title><p>Корабль стоит в тихой гавани.`,
		"greek.html":    `<title>Λιμάνι</title><p>Το πλοίο είναι στο λιμάνι.`,
		"german.html":   `<title>Größe</title><p>Die Fähre fährt über den Fluß.`,
		"code.html":     `<title>x</title><pre>if (a[i] != 0 && b >= 10) { return ~c; }</pre>`,
		"smile.html":    `<title>Thanks</title><p>That was great 🙂👍`,
	})
	c := readFolder(t, root, FolderOptions{HTMLOptions: HTMLOptions{Budget: budget}})
	if len(c.Pages) != len(notes) || len(c.Report.Problems) > 0 {
		t.Errorf("%d pages of %d are indexed, problems %v", len(c.Pages), len(notes), c.Report.Problems)
	}
	for file, want := range notes {
		got := noteOf(c.Report.Notices, file)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: notice %q, want %q", file, got, want)
		}
	}
	// Without a model there is nothing that a page could miss.
	if c := readFolder(t, root, FolderOptions{}); len(c.Report.Notices) > 0 {
		t.Errorf("by keyword only: %v", c.Report.Notices)
	}
	// Lines of JSON are pages, too.
	lines := write(t, map[string]string{"pages.jsonl": `{"id": "a", "title": "港", "text": "船在安静的港口里。"}` + "\n" + `{"id": "b", "title": "Harbour", "text": "The boat lies still."}` + "\n"})
	c, err = JSONL(t.Context(), filepath.Join(lines, "pages.jsonl"), JSONLOptions{Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Report.Notices) != 1 || c.Report.Notices[0].Line != 1 || !strings.Contains(c.Report.Notices[0].Text, "(Han)") {
		t.Errorf("lines: %v", c.Report.Notices)
	}
}
