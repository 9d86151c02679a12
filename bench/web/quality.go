package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web/browsertest"
)

// patience is how long a page may take for its first answer: over a slow link, loading a hundred
// megabytes is the longest.
const patience = 5 * time.Minute

// rankingsFile in the work folder keeps what each system found, to look at failures.
const rankingsFile = "rankings.json"

// quality asks every system all questions, in a page that stays open.
func (b *bench) quality(ctx context.Context) error {
	total := 0
	for _, s := range systems {
		total += len(s.modes) * len(b.questions)
	}
	progress, done := measure.Bar(b.log, "asking the judged questions"), 0
	b.outcome.found = map[string]map[string][]string{}
	for _, s := range systems {
		for _, m := range s.modes {
			found := map[string][]string{}
			err := b.inPage(ctx, fmt.Sprintf("/%s.html?mode=%s", s.script, m), func(page context.Context) error {
				for _, q := range b.questions {
					pages, err := evaluate[[]string](page, fmt.Sprintf("bench.answer(%s, %q)", quoted(q.Text), m))
					if err != nil {
						return fmt.Errorf("%s: question %s: %w", s.name, q.ID, err)
					}
					found[q.ID] = pages
					done++
					progress(done, total)
				}
				return nil
			})
			if err != nil {
				return err
			}
			b.outcome.found[s.ranking(m)] = found
		}
	}
	text, err := json.MarshalIndent(b.outcome.found, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.work, rankingsFile), text, 0o644)
}

// average returns how good a ranking is on the questions of a type; "" is all of them.
func (b *bench) average(ranking, kind string) scores {
	var each []scores
	for _, q := range b.questions {
		if kind == "" || q.Type == kind {
			each = append(each, score(b.outcome.found[ranking][q.ID], q.grades()))
		}
	}
	return average(each)
}

// budget is what a question reads of our index, in bytes: a first visitor's, and one that was asked
// another one before. both is by keyword and meaning.
type budget struct{ keyword, both, nextKeyword, nextBoth int64 }

// budgets reads the index for every question as a browser does, by the reference reader.
func (b *bench) budgets(context.Context) error {
	files := os.DirFS(filepath.Join(b.work, effir))
	model, err := native.Open(models.Default(), native.Options{})
	if err != nil {
		return err
	}
	vectors := make([][]float32, len(b.questions))
	for i, q := range b.questions {
		if vectors[i], err = model.EmbedOne(q.Text, encoder.Query); err != nil {
			return err
		}
	}
	for i := range b.questions {
		next := (i + 1) % len(b.questions)
		words, err := b.read(files, []int{i, next}, nil)
		if err != nil {
			return err
		}
		both, err := b.read(files, []int{i, next}, vectors)
		if err != nil {
			return err
		}
		b.outcome.budgets = append(b.outcome.budgets, budget{words[0], both[0], words[1], both[1]})
	}
	return nil
}

// read returns how many bytes of an index one reader reads for each of some questions, by their numbers;
// by keyword alone without vectors.
func (b *bench) read(files fs.FS, questions []int, vectors [][]float32) ([]int64, error) {
	s, err := site.Open(files)
	if err != nil {
		return nil, err
	}
	var each []int64
	before := int64(0)
	for _, i := range questions {
		q := site.Query{Text: b.questions[i].Text, Limit: depth, Typing: true}
		if vectors != nil {
			q.Vector = vectors[i]
		}
		if _, err := s.Search(q); err != nil {
			return nil, fmt.Errorf("question %s: %w", b.questions[i].ID, err)
		}
		_, sum := s.Transferred()
		each = append(each, sum-before)
		before = sum
	}
	return each, nil
}

// inPage opens a page in a browser of its own, with a fresh profile.
func (b *bench) inPage(ctx context.Context, address string, use func(page context.Context) error) error {
	started, stop, err := browsertest.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	page, cancel := context.WithTimeout(started, patience)
	defer cancel()
	if b.outcome.browser == "" {
		about, err := chromedp.CallBrowser(page, browser.GetVersion, cdp.Empty{})
		if err != nil {
			return err
		}
		b.outcome.browser = about.Product
	}
	if err := chromedp.Do(page, chromedp.Navigate(b.server.url+address)); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return use(page)
}

// evaluate returns what an expression promises, once the page's script has run.
func evaluate[T any](page context.Context, expression string) (T, error) {
	type outcome struct {
		Value T      `json:"value"`
		Error string `json:"error"`
	}
	o, err := chromedp.Run(page, chromedp.Evaluate[outcome](`(async () => {
		for (let i = 0; !globalThis.bench; i++) {
			if (i > 6000) return { error: "the page's script did not run" };
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		try {
			return { value: await `+expression+` };
		} catch (error) {
			return { error: String(error?.stack ?? error) };
		}
	})()`, chromedp.EvalAwaitPromise))
	if err == nil && o.Error != "" {
		err = fmt.Errorf("%s", strings.TrimSpace(o.Error))
	}
	return o.Value, err
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // a string always can be
		panic(err)
	}
	return string(b)
}
