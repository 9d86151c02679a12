package web_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// memoryDocument is a document short enough to be one passage.
type memoryDocument struct {
	ID     string    `json:"id"`
	Title  string    `json:"title"`
	Text   string    `json:"text"`
	Vector []float64 `json:"vector,omitempty"`
}

type memoryQuery struct {
	Text   string      `json:"text"`
	Typing bool        `json:"typing"`
	Vector []float64   `json:"vector,omitempty"`
	Hits   []memoryHit `json:"hits"`
}

type memoryHit struct {
	ID           string  `json:"id"`
	Score        float64 `json:"score"`
	KeywordRank  int     `json:"keywordRank"`
	SemanticRank int     `json:"semanticRank"`
}

// memoryStage is what is done to an index, and what it answers afterwards.
type memoryStage struct {
	Name    string           `json:"name"`
	Add     []memoryDocument `json:"add"`
	Remove  []string         `json:"remove"`
	Queries []memoryQuery    `json:"queries"`
}

// TestMemoryIndex holds src/site's index in memory to the Go packages index and
// retriever: documents that were added, removed and replaced give, to the bit, what
// Go gives for an index of those that are left.
func TestMemoryIndex(t *testing.T) {
	browser := browsertest.Open(t)
	scripts, err := web.Compile(os.DirFS("."), []api.EntryPoint{{InputPath: "test/sitememory.ts", OutputPath: "memory"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	stages := memoryStages(t)
	file, err := json.Marshal(stages)
	if err != nil {
		t.Fatal(err)
	}
	files := web.Assets{"stages.json": file, "memory.js": scripts["memory.js"]}
	openFiles(t, browser, files)
	got, err := browsertest.Await[struct {
		Compared    int
		Differences []string
	}](browser, `import("/memory.js").then((memory) => memory.compare("/stages.json"))`)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(stages) * len(stages[0].Queries); got.Compared != want { // as it is, and restored
		t.Errorf("%d of %d queries were compared", got.Compared, want)
	}
	for _, difference := range got.Differences {
		t.Error(difference)
	}
}

func memoryStages(t *testing.T) []memoryStage {
	random := rand.New(rand.NewPCG(8, 9))
	var vocabulary []string
	for _, page := range documents(t) {
		for _, passage := range page.Passages {
			for _, word := range strings.Fields(passage.Text) {
				if !strings.ContainsAny(word[:1], "#`~") { // no headings, no code fences
					vocabulary = append(vocabulary, word)
				}
			}
		}
	}
	text := func(n int) string {
		words := make([]string, n)
		for i := range words {
			words[i] = vocabulary[random.IntN(1+random.IntN(len(vocabulary)))]
		}
		return strings.Join(words, " ")
	}
	vectors := topicVectors(t, random, 3500, 32)
	document := func(i int, embedded bool) memoryDocument {
		d := memoryDocument{ID: fmt.Sprintf("id %d", i), Title: text(i % 4), Text: text(1 + random.IntN(40))}
		if embedded {
			d.Vector = near(random, vectors)
		}
		return d
	}
	var all, added, replaced []memoryDocument
	var removed []string
	for i := range 2500 {
		all = append(all, document(i, true))
	}
	for i := range 300 {
		added = append(added, document(2500+i, false)) // not embedded yet
	}
	var left []memoryDocument
	for i, d := range append(append([]memoryDocument{}, all...), added...) {
		switch {
		case i%3 > 0:
			removed = append(removed, d.ID)
		default:
			left = append(left, d)
		}
	}
	for i := range 100 {
		d := document(i*3, false)
		for j, old := range left {
			if old.ID == d.ID {
				left = append(left[:j], left[j+1:]...)
				break
			}
		}
		replaced = append(replaced, d)
	}
	queries := func(current []memoryDocument) []memoryQuery {
		list := []memoryQuery{{}, {Text: "the", Typing: true}, {Text: "pars", Typing: true}, {Text: "x.y", Typing: true}}
		for i := range 80 {
			q := memoryQuery{Text: text(random.IntN(5)), Typing: i%2 == 0}
			if n := random.IntN(4); len(q.Text) > 8 {
				q.Text = strings.ToValidUTF8(q.Text[:len(q.Text)-n], "")
			}
			if i%3 > 0 {
				q.Vector = near(random, vectors)
			}
			list = append(list, q)
		}
		answer(t, current, list)
		return list
	}
	return []memoryStage{
		{Name: "added", Add: all, Queries: queries(all)},
		{Name: "partly embedded", Add: added, Queries: queries(append(append([]memoryDocument{}, all...), added...))},
		{Name: "removed and replaced", Remove: removed, Add: replaced, Queries: queries(append(left, replaced...))},
	}
}

// answer builds an index in Go and asks it.
func answer(t *testing.T, documents []memoryDocument, queries []memoryQuery) {
	t.Helper()
	builder := index.NewBuilder(index.DefaultParameters())
	vectors, err := index.NewVectors(32)
	if err != nil {
		t.Fatal(err)
	}
	passages := make([]index.Passage, len(documents))
	for _, d := range documents {
		builder.Add(index.Document{Title: d.Title, Text: d.Text})
		if d.Vector == nil {
			continue
		}
		if err := vectors.Append(float32s(d.Vector)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyword, err := index.ParseKeyword(data)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := index.MarshalPassages(passages)
	if err != nil {
		t.Fatal(err)
	}
	store, err := index.ParsePassages(stored)
	if err != nil {
		t.Fatal(err)
	}
	r, err := retriever.Open(keyword, store, index.DefaultFusion())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetVectors(vectors, nil); err != nil {
		t.Fatal(err)
	}
	for i := range queries {
		q := &queries[i]
		hits := r.Keyword(q.Text, retriever.FuseDepth)
		if q.Typing {
			hits = r.KeywordTyping(q.Text, retriever.FuseDepth)
		}
		if q.Vector != nil {
			if hits, err = r.Fused(hits, float32s(q.Vector), retriever.FuseDepth); err != nil {
				t.Fatal(err)
			}
		}
		q.Hits = []memoryHit{}
		for _, hit := range hits[:min(10, len(hits))] {
			q.Hits = append(q.Hits, memoryHit{documents[hit.Doc].ID, float64(hit.Score), hit.KeywordRank, hit.SemanticRank})
		}
	}
}

func float32s(numbers []float64) []float32 {
	list := make([]float32, len(numbers))
	for i, x := range numbers {
		list[i] = float32(x)
	}
	return list
}
