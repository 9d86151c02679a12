package site

const (
	passageShardMagic = "EFFIRSP1"
	// passageShardBytes is the raw size at which a shard is closed. Smaller
	// shards make the directory larger, larger ones what ten hits cost: near 12
	// KiB a first query of a site of some thousand pages costs least.
	passageShardBytes = 12 << 10
	maxRelated        = 6
)

// passageShard holds consecutive passages and the pages that they belong to.
type passageShard struct {
	firstPage, firstPassage int
	pages                   []shardPage
	passages                []Passage
}

type shardPage struct {
	page    Page // without filters, sorts and passages
	related []int
}

func appendPageHead(out []byte, page *Page, related []int) []byte {
	for _, text := range []string{page.URL, page.Title, page.Language, page.Image} {
		out = appendText(out, text)
	}
	out = appendNumber(out, len(page.Meta))
	for _, f := range page.Meta {
		out = appendText(appendText(out, f.Key), f.Value)
	}
	out = appendNumber(out, len(related))
	for _, other := range related {
		out = appendNumber(out, other)
	}
	return out
}

// parsePassageShard reads shard number n of a directory.
func parsePassageShard(data []byte, d *directory, n int) (*passageShard, error) {
	ref := d.passageShards[n]
	s := &passageShard{firstPage: d.page(ref.first), firstPassage: ref.first}
	lastPage := d.page(ref.first + ref.count - 1)

	r := newReader("passage shard", passageShardMagic, data)
	if r.count("pages", 6, maxPages) != lastPage-s.firstPage+1 {
		r.fail("pages", "are not those of the directory")
	}
	for page := s.firstPage; page <= lastPage && r.err == nil; page++ {
		s.pages = append(s.pages, readPageHead(r, d.pages()))
	}
	if r.count("passages", 3, maxPassages) != ref.count {
		r.fail("passages", "are not those of the directory")
	}
	for i := 0; i < ref.count && r.err == nil; i++ {
		s.passages = append(s.passages, Passage{Heading: r.text("heading"), Anchor: r.text("anchor"), Text: r.text("text")})
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return s, nil
}

func readPageHead(r *reader, pages int) (p shardPage) {
	p.page.URL, p.page.Title = r.text("URL"), r.text("title")
	p.page.Language, p.page.Image = r.text("language"), r.text("image")
	for range r.count("meta", 2, maxFields) {
		p.page.Meta = append(p.page.Meta, Field{Key: r.text("meta"), Value: r.text("meta")})
	}
	for range r.count("related", 1, maxRelated) {
		p.related = append(p.related, r.number("related", max(pages-1, 0)))
	}
	return p
}

// passageShardWriter collects the passages of all pages, in order, into shards.
type passageShardWriter struct {
	put             func(raw []byte) (File, error)
	shards          []passageShardRef
	pages, passages int
	heads, texts    []byte
	first           int // passage
}

// add appends a page with its related pages.
func (w *passageShardWriter) add(page *Page, related []int) error {
	open := false // the page's head is in the shard
	for i := range page.Passages {
		if !open {
			w.heads = appendPageHead(w.heads, page, related)
			w.pages++
			open = true
		}
		p := &page.Passages[i]
		w.texts = appendText(appendText(appendText(w.texts, p.Heading), p.Anchor), p.Text)
		w.passages++
		if len(w.heads)+len(w.texts) >= passageShardBytes {
			if err := w.close(); err != nil {
				return err
			}
			open = false
		}
	}
	return nil
}

// close ends the shard, if it holds anything.
func (w *passageShardWriter) close() error {
	if w.passages == 0 {
		return nil
	}
	raw := append(appendNumber([]byte(passageShardMagic), w.pages), w.heads...)
	file, err := w.put(append(appendNumber(raw, w.passages), w.texts...))
	if err != nil {
		return err
	}
	w.shards = append(w.shards, passageShardRef{file: file, first: w.first, count: w.passages})
	w.first += w.passages
	w.pages, w.passages, w.heads, w.texts = 0, 0, w.heads[:0], w.texts[:0]
	return nil
}
