package site

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
)

// testModel stands for the model that made a test's vectors.
var testModel = strings.Repeat("5a", 32)

// zipf draws words with the frequencies of text: the word of rank r about 1/r times
// as often as the first one.
type zipf struct {
	random *rand.Rand
	words  []string
	sums   []float64 // of the weights up to each word
}

func newZipf(words int) *zipf {
	z := &zipf{random: rand.New(rand.NewPCG(11, 12))}
	syllables := []string{"ba", "ko", "ri", "tan", "mel", "do", "ster", "ulo", "vex", "qui", "ner", "pha", "gil", "ost", "wem", "jac"}
	var sum float64
	for i := range words {
		word := ""
		for n := i*7 + 5; ; n /= len(syllables) {
			word += syllables[n%len(syllables)]
			if n < len(syllables) {
				break
			}
		}
		sum += 1 / float64(i+3)
		z.words, z.sums = append(z.words, word), append(z.sums, sum)
	}
	return z
}

func (z *zipf) word() string {
	x := z.random.Float64() * z.sums[len(z.sums)-1]
	low, high := 0, len(z.sums)-1
	for low < high {
		if mid := (low + high) / 2; z.sums[mid] < x {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return z.words[low]
}

func (z *zipf) text(words int) string {
	var out strings.Builder
	for i := range words {
		switch {
		case i > 0 && i%12 == 0:
			out.WriteString(". ")
		case i > 0:
			out.WriteString(" ")
		}
		out.WriteString(z.word())
	}
	return out.String()
}

// testPages returns pages of 1 to 5 passages of 40 to 200 words.
func testPages(count int) []Page {
	z := newZipf(40 * int(math.Sqrt(float64(count))) * 12)
	pages := make([]Page, count)
	for i := range pages {
		p := &pages[i]
		p.URL, p.Title = fmt.Sprintf("/section%d/page%d.html", i%17, i), z.text(3)
		p.Meta = []Field{{"author", z.words[i%20]}, {"date", fmt.Sprintf("2024-%02d-%02d", i%12+1, i%28+1)}}
		p.Language = []string{"en", "de", ""}[i%3]
		p.Filters = []Field{{"section", fmt.Sprintf("s%d", i%17)}, {"tag", z.words[i%7]}}
		if i%5 == 0 {
			p.Filters = append(p.Filters, Field{"tag", "fifth"})
		}
		if i%4 > 0 {
			p.Sorts = []Field{{"date", p.Meta[1].Value}, {"size", fmt.Sprint(i % 100)}}
		}
		if i%2 == 0 {
			p.Image = fmt.Sprintf("/images/%d.png", i)
		}
		for j := range 1 + z.random.IntN(5) {
			passage := Passage{Text: z.text(40 + z.random.IntN(160))}
			if j > 0 {
				passage.Heading, passage.Anchor = z.text(2), fmt.Sprintf("part-%d", j)
			}
			p.Passages = append(p.Passages, passage)
		}
	}
	return pages
}

// testVectors returns unit vectors around topics that are themselves similar in
// families, as the subjects of a site are; consecutive rows share a topic.
func testVectors(t testing.TB, count, dims int) *index.Vectors {
	t.Helper()
	random := rand.New(rand.NewPCG(21, 22))
	gauss := func(centre []float32, spread float64) []float32 {
		v := make([]float32, dims)
		for i := range v {
			v[i] = float32(random.NormFloat64() * spread / math.Sqrt(float64(dims)))
			if centre != nil {
				v[i] += centre[i]
			}
		}
		normalise(v)
		return v
	}
	vectors, err := index.NewVectors(dims)
	if err != nil {
		t.Fatal(err)
	}
	var family, topic []float32
	for i := range count {
		if i%400 == 0 {
			family = gauss(nil, 1)
		}
		if i%20 == 0 {
			topic = gauss(family, 0.9)
		}
		if err := vectors.Append(gauss(topic, 0.8)); err != nil {
			t.Fatal(err)
		}
	}
	return vectors
}

func testContent(t testing.TB, pages, dims int) Content {
	t.Helper()
	c := Content{Pages: testPages(pages), Fusion: index.DefaultFusion()}
	if dims > 0 {
		c.Vectors, c.Model = testVectors(t, c.passages(), dims), testModel
	}
	return c
}

// written returns the folder of the bundle of c.
func written(t testing.TB, c Content) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := Write(context.Background(), dir, c, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func opened(t testing.TB, dir string) *Site {
	t.Helper()
	s, err := Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func search(t testing.TB, s *Site, q Query) []Hit {
	t.Helper()
	results, err := s.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	return results.Hits
}

// row returns row i of vectors as numbers.
func row(v *index.Vectors, i int) []float32 {
	out := make([]float32, v.Dims())
	for j, x := range v.Rows()[i*v.Dims():][:v.Dims()] {
		out[j] = float32(x) * v.Scale(i)
	}
	return out
}
