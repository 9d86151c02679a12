package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/build"
	"go/scanner"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// analysed is a text with what Go makes of it.
type analysed struct {
	Text     string   `json:"text"`
	Terms    []term   `json:"terms"` // of the text taken as a query
	LastWord string   `json:"lastWord"`
	Query    string   `json:"query"`
	Ranges   [][2]int `json:"ranges"` // where the text matches the query, in UTF-16 units
}

type term struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// TestSiteAnalysis holds the analysis of src/site to that of the Go package
// index: on every word of the standard library's comments and of the project's
// documents, on every character, and on random texts.
//
// Go and browsers know different versions of Unicode: texts with characters that
// either of them does not know are left out.
func TestSiteAnalysis(t *testing.T) {
	browser := browsertest.Open(t)
	scripts, err := web.Compile(os.DirFS("."), []api.EntryPoint{
		{InputPath: "src/site/query.ts", OutputPath: "query"},
		{InputPath: "src/site/highlight.ts", OutputPath: "highlight"},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	files := scripts
	cases := map[string][]string{
		"words.json":      words(t),
		"sentences.json":  sentences(t),
		"characters.json": characters(),
		"random.json":     randomTexts(20000),
	}
	for name, texts := range cases {
		if files[name], err = json.Marshal(analyseAll(texts)); err != nil {
			t.Fatal(err)
		}
	}
	openFiles(t, browser, files)
	for name, texts := range cases {
		t.Run(strings.TrimSuffix(name, ".json"), func(t *testing.T) {
			type outcome struct {
				Compared, Unknown int
				Differences       []string
			}
			got, err := browsertest.Await[outcome](browser, `(async () => {
				const [{ queryTerms, lastWord }, { highlighter }, response] = await Promise.all([import("/query.js"), import("/highlight.js"), fetch("/`+name+`")]);
				const outcome = { Compared: 0, Unknown: 0, Differences: [] };
				for (const { text, query, ...want } of await response.json()) {
					if (/\p{Cn}/u.test(text)) {
						outcome.Unknown++;
						continue;
					}
					outcome.Compared++;
					const got = { terms: [...queryTerms(text)].map(([text, count]) => ({ text, count })), lastWord: lastWord(text), ranges: highlighter(query)(text) };
					if (JSON.stringify(got) !== JSON.stringify(want)) outcome.Differences.push(JSON.stringify({ text, query, got, want }));
				}
				return { ...outcome, Differences: outcome.Differences.slice(0, 20) };
			})()`)
			if err != nil {
				t.Fatal(err)
			}
			if got.Compared+got.Unknown != len(texts) || got.Compared < len(texts)/2 {
				t.Errorf("%d of %d texts compared, %d unknown to the browser", got.Compared, len(texts), got.Unknown)
			}
			for _, difference := range got.Differences {
				t.Error(difference)
			}
			t.Logf("%d texts", got.Compared)
		})
	}
}

// analyseAll takes the beginning of each text's successor as its query, so that
// some words match and the last one is often unfinished.
func analyseAll(texts []string) []analysed {
	list := make([]analysed, len(texts))
	for i, text := range texts {
		runes := []rune(text)
		list[i] = analysed{Text: text, LastWord: index.LastWord(text), Query: string(runes[:min(len(runes), 2+i%17)]), Terms: []term{}, Ranges: [][2]int{}}
		if i%3 == 0 {
			list[i].Query = texts[(i+1)%len(texts)]
		}
		for _, q := range index.QueryTerms(text) {
			list[i].Terms = append(list[i].Terms, term{q.Text, q.Count})
		}
		units := func(bytes int) int { return len(utf16.Encode([]rune(text[:bytes]))) }
		for _, r := range index.Highlight(text, list[i].Query) {
			list[i].Ranges = append(list[i].Ranges, [2]int{units(r[0]), units(r[1])})
		}
	}
	return list
}

// words returns all distinct words of the documentation, ten in a text.
func words(t *testing.T) []string {
	t.Helper()
	seen := make(map[string]bool)
	var texts []string
	var line []string
	for _, text := range documentation(t) {
		for _, word := range strings.Fields(text) {
			if seen[word] || !known(word) {
				continue
			}
			seen[word] = true
			if line = append(line, word); len(line) == 10 {
				texts = append(texts, strings.Join(line, " "))
				line = line[:0]
			}
		}
	}
	if len(seen) < 50000 {
		t.Fatalf("only %d words found", len(seen))
	}
	return texts
}

// sentences returns texts as they stand, some thousands.
func sentences(t *testing.T) []string {
	t.Helper()
	var texts []string
	for i, text := range documentation(t) {
		if i%20 == 0 && len(text) < 5000 && known(text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// documentation returns the comments of the standard library and the project's
// documents.
func documentation(t *testing.T) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(filepath.Join(build.Default.GOROOT, "src"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "cmd"):
			return fs.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		var s scanner.Scanner
		s.Init(files.AddFile(path, -1, len(source)), source, nil, scanner.ScanComments)
		for {
			_, kind, text := s.Scan()
			if kind == token.EOF {
				return nil
			}
			if kind == token.COMMENT {
				texts = append(texts, text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for paragraph := range bytes.SplitSeq(content, []byte("\n\n")) {
				texts = append(texts, string(paragraph))
			}
		}
	}
	return texts
}

// characters returns every character that Go knows (of the thousands of Han,
// Hangul and Tangut characters that are alike, a few), between others that can
// make it the start, the middle and the end of a word and of an identifier part.
func characters() []string {
	var texts []string
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if r%61 != 0 && unicode.In(r, unicode.Ideographic, unicode.Hangul) {
			continue
		}
		if c := string(r); known(c) {
			texts = append(texts, c+" a"+c+" "+c+"b a"+c+"b "+c+c+"x."+c+" A"+c+"s B"+c+"Cd xY"+c+"z")
		}
	}
	return texts
}

// randomTexts returns texts of characters that the analysis treats differently,
// in English words with odd endings, identifiers and any script.
func randomTexts(n int) []string {
	random := rand.New(rand.NewPCG(5, 6))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	stems := strings.Fields("gener commun arsen y ay yy by hop hopp sky cri fl tr lov ski di happ relat condit ration oper probat adopt effect nat formal electr good hope bl plot v inn out s'")
	endings := strings.Fields("s es ies ied 's 's' ' ed edly ing ingly eed eedly y tional enci anci abli entli izer ization ational ation ator alism aliti alli fulness ousli ousness iveness iviti biliti bli ogi fulli lessli li alize icate iciti ical ful ness ative al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion e l ll")
	pieces := strings.Fields("a B c D é É ß Ǆ ǅ ǆ İ ı ſ ’ ' . _ - .. 's S 1 23 ٣ 東 京 タ ー ひ 한국 ё Ё e\u0301 \u0301 \U0001d400 \U00010400 \U00010428 🙂 \u200d ﬁ Σ σ ς ꙮ 〇 \U00020000")
	pieces = append(pieces, " ", " ", "\n", "\t")
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range 1 + random.IntN(12) {
			switch random.IntN(3) {
			case 0:
				b.WriteString(pick(stems) + pick(endings) + pick(endings))
			case 1:
				b.WriteString(strings.Repeat(pick(pieces), 1+random.IntN(3)*random.IntN(2)*random.IntN(20)))
			default:
				for range random.IntN(8) {
					if r := rune(random.IntN(0x3000)); known(string(r)) {
						b.WriteRune(r)
					}
				}
			}
			if random.IntN(2) == 0 {
				b.WriteString(pick(pieces))
			}
		}
		texts[i] = b.String()
	}
	return texts
}

// known says that text is valid and holds only characters that Go's tables have.
func known(text string) bool {
	for _, r := range text {
		if r == unicode.ReplacementChar || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) {
			return false
		}
	}
	return true
}

// openFiles serves files to the browser, beside an empty page that it opens.
func openFiles(t *testing.T, browser context.Context, files web.Assets) {
	t.Helper()
	files["index.html"] = []byte("<!doctype html><title>tests</title>")
	server := httptest.NewServer(http.FileServerFS(files))
	t.Cleanup(server.Close)
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/index.html")); err != nil {
		t.Fatal(err)
	}
}
