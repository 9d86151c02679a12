package site

import (
	"fmt"
	"sync"
	"unicode"

	"github.com/effir/effir/wasm/site"
)

// noteUnread names a page most of whose text means nothing to the model, such as
// Chinese to one that was made for Latin, Greek and Cyrillic letters: nobody would
// otherwise learn why search by meaning does not find it.
func noteUnread(page *site.Page, at place, budget Budget, n *notes) {
	if budget.Reads == nil {
		return
	}
	all, unread := 0, 0
	scripts := make(map[string]int) // unread characters of each
	count := func(text string) {
		for _, r := range text {
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.So, r) {
				continue // signs and spaces carry little
			}
			if all++; !budget.Reads(r) {
				unread++
				scripts[scriptOf(r)]++
			}
		}
	}
	count(page.Title)
	for _, p := range page.Passages {
		count(p.Text)
	}
	if unread*2 <= all {
		return
	}
	most := ""
	for name, size := range scripts {
		if most == "" || size > scripts[most] || size == scripts[most] && name < most {
			most = name
		}
	}
	n.notice(at.file, fmt.Sprintf("is mostly in characters that the model does not know (%s): found by keyword only", most))
}

// scriptOf names the script of a letter as Unicode does; other characters, emoji
// among them, are symbols.
func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return "symbols"
}

// remembering asks once about each character.
func remembering(reads func(r rune) bool) func(r rune) bool {
	var known sync.Map
	return func(r rune) bool {
		answer, asked := known.Load(r)
		if !asked {
			answer = reads(r)
			known.Store(r, answer)
		}
		return answer.(bool)
	}
}
