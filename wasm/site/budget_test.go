package site

import (
	"strings"
	"testing"
)

// What a first query costs at 10,000 pages, with three passages each: the promise is
// 300 kB for a query by keyword and 600 kB more, the model aside, by meaning.
func TestTransferAtTenThousandPages(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a bundle of 10,000 pages")
	}
	c := testContent(t, 10_000, 384)
	dir := written(t, c)
	for i, query := range []string{
		c.Pages[77].Title,
		strings.Join(strings.Fields(c.Pages[500].Passages[0].Text)[:4], " "),
		c.Pages[9000].Title + " " + c.Pages[9000].Passages[0].Heading,
		c.Pages[9000].Title[:2], // the words with two letters lie in many shards
	} {
		s := opened(t, dir)
		search(t, s, Query{Text: query, Typing: true})
		files, keyword := s.Transferred()
		if keyword > 250_000 {
			t.Errorf("%q: %d bytes by keyword, want at most 250,000", query, keyword)
		}
		search(t, s, Query{Text: query, Vector: row(c.Vectors, 5000*i), Typing: true})
		all, bytes := s.Transferred()
		if bytes-keyword > 560_000 {
			t.Errorf("%q: %d bytes more by meaning, want at most 560,000", query, bytes-keyword)
		}
		search(t, s, Query{Text: query, Vector: row(c.Vectors, 5000*i), Typing: true})
		if again, _ := s.Transferred(); again != all {
			t.Errorf("%q: the same query read %d files again", query, again-all)
		}
		t.Logf("%q: %d files, %d bytes by keyword; %d, %d more by meaning", query, files, keyword, all-files, bytes-keyword)
	}
}
