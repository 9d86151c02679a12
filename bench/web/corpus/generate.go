package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"unicode"

	"github.com/effir/effir/toolchain/site"
)

// seed of the generated pages. Another one makes another corpus.
const seed = 20260101

// generate makes count pages whose words follow each other as in the pages of sample: each word is
// drawn among those that follow the two before it there (a Markov chain of order two), so that
// vocabulary, frequencies and phrases are those of real documentation, while nothing is said.
func generate(ctx context.Context, sample []page, count int) ([]page, error) {
	if count <= 0 {
		return nil, nil
	}
	c, err := newChain(ctx, sample)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, seed))
	pages := make([]page, count)
	for i := range pages {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d := document{Title: c.title(random)}
		for k := range 1 + random.IntN(6) {
			s := section{Paragraphs: c.paragraphs(random)}
			if k > 0 {
				s.Heading, s.Anchor = c.title(random), fmt.Sprintf("part-%d", k)
			}
			d.Sections = append(d.Sections, s)
		}
		if pages[i], err = render(fmt.Sprintf("generated/%05d.html", i), d); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// chain knows which words follow which.
type chain struct {
	words     []string // by number
	follow    map[[2]int32][]int32
	beginning [][2]int32 // the first two words of sentences
}

// newChain reads the words of the pages' passages.
func newChain(ctx context.Context, sample []page) (*chain, error) {
	folder, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := write(ctx, folder+"/sample", sample); err != nil {
		return nil, err
	}
	read, err := site.Folder(ctx, folder+"/sample", site.FolderOptions{HTMLOptions: site.HTMLOptions{Budget: site.DefaultBudget()}})
	if err != nil {
		return nil, err
	}
	c := &chain{follow: map[[2]int32][]int32{}}
	numbers := map[string]int32{}
	for _, p := range read.Pages {
		for _, passage := range p.Passages {
			var last [2]int32
			for i, word := range strings.Fields(passage.Text) {
				n, known := numbers[word]
				if !known {
					n = int32(len(c.words))
					numbers[word] = n
					c.words = append(c.words, word)
				}
				switch {
				case i == 1 && startsSentence(c.words[last[1]]):
					c.beginning = append(c.beginning, [2]int32{last[1], n})
				case i > 1:
					c.follow[last] = append(c.follow[last], n)
				}
				last = [2]int32{last[1], n}
			}
		}
	}
	if len(c.beginning) == 0 {
		return nil, fmt.Errorf("the sample of %d pages has no sentence", len(sample))
	}
	return c, nil
}

func startsSentence(word string) bool {
	for _, r := range word {
		return unicode.IsUpper(r)
	}
	return false
}

// sentence draws at most so many words, up to the end of a sentence.
func (c *chain) sentence(random *rand.Rand, most int) []string {
	last := c.beginning[random.IntN(len(c.beginning))]
	words := []string{c.words[last[0]], c.words[last[1]]}
	for len(words) < most && !strings.HasSuffix(words[len(words)-1], ".") {
		next := c.follow[last]
		if len(next) == 0 {
			break
		}
		last = [2]int32{last[1], next[random.IntN(len(next))]}
		words = append(words, c.words[last[1]])
	}
	return words
}

func (c *chain) title(random *rand.Rand) string {
	return strings.TrimRight(strings.Join(c.sentence(random, 2+random.IntN(5)), " "), ".,:;")
}

// paragraphs draws those of one section.
func (c *chain) paragraphs(random *rand.Rand) []string {
	paragraphs := make([]string, 1+random.IntN(3))
	for i := range paragraphs {
		var words []string
		for length := 20 + random.IntN(60); len(words) < length; {
			words = append(words, c.sentence(random, 40)...)
		}
		paragraphs[i] = strings.Join(words, " ")
	}
	return paragraphs
}
