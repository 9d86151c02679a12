package site

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// sample holds one valid file of each form, uncompressed, and what its reader needs
// to know of the bundle that they are from.
type sample struct {
	site                                                                                  *Site
	manifest, directory, termShard, passageShard, vectors, cluster, nibbles, filter, sort []byte
	small                                                                                 *vectorFile // of nibbles
}

func samples(t testing.TB) *sample {
	t.Helper()
	c := smallContent(t)
	dir := written(t, c)
	s := opened(t, dir)
	search(t, s, Query{Text: c.Pages[1].Title, Vector: row(c.Vectors, 1), SortBy: "date", Filters: map[string][]string{"tag": {"fifth"}}})
	raw := func(f File) []byte {
		stored, err := s.read(f.Path(), f.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		data, err := unzip(stored, f.Raw)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	manifest, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	// 4 bits and an odd number of dimensions, as no small bundle has them.
	small := &vectorFile{dims: 5, bits: 4, cluster: []uint16{0, 0, 0}, clusters: []clusterRef{{members: 3}}}
	members := cluster{passages: []uint32{0, 1, 2}, differences: rows{dims: 5}}
	for i := range 3 {
		q := quantiseNibbles([]float32{float32(i), -1, 0.5, 2, -3})
		members.differences.append(q.values, q.scale)
	}
	return &sample{
		site: s, manifest: manifest, directory: raw(s.manifest.Directory),
		termShard: raw(s.directory.termShards[0].file), passageShard: raw(s.directory.passageShards[0].file),
		vectors: raw(s.manifest.Vectors.File), cluster: raw(s.vectors.clusters[0].file),
		nibbles: members.marshal(4), small: small,
		filter: raw(s.manifest.Filters["tag"]), sort: raw(s.manifest.Sorts["date"]),
	}
}

// smallContent has short passages, as every byte of its bundle is tried.
func smallContent(t testing.TB) Content {
	c := testContent(t, 12, 6)
	for i := range c.Pages {
		for j := range c.Pages[i].Passages {
			p := &c.Pages[i].Passages[j]
			p.Text = strings.Join(strings.Fields(p.Text)[:3], " ")
		}
	}
	return c
}

// parsers return, by name, a valid file and a function that parses it and uses what
// it gives, as a search would.
func (s *sample) parsers() map[string]struct {
	valid []byte
	parse func(data []byte) error
} {
	d, v := s.site.directory, s.site.vectors
	return map[string]struct {
		valid []byte
		parse func(data []byte) error
	}{
		"manifest": {s.manifest, func(data []byte) error {
			_, err := ParseManifest(data)
			return err
		}},
		"directory": {s.directory, func(data []byte) error {
			d, err := parseDirectory(data)
			if err != nil {
				return err
			}
			for passage := range min(d.passages(), 1000) {
				if page, shard := d.page(passage), d.passageShard(passage); page < 0 || page >= d.pages() || shard < 0 || shard >= len(d.passageShards) {
					panic("a passage is nowhere")
				}
			}
			d.termShard("word")
			return nil
		}},
		"term shard": {s.termShard, func(data []byte) error {
			shard, err := parseTermShard(data, d.passages())
			if err != nil {
				return err
			}
			for i := range shard.terms {
				last := -1
				shard.terms[i].each(func(passage int, impact byte) {
					if passage <= last || passage >= d.passages() || impact == 0 {
						panic("postings are out of range")
					}
					last = passage
				})
			}
			shard.withPrefix("w")
			return nil
		}},
		"passage shard": {s.passageShard, func(data []byte) error {
			_, err := parsePassageShard(data, d, 0)
			return err
		}},
		"vector file": {s.vectors, func(data []byte) error {
			parsed, err := parseVectorFile(data, d.passages())
			if err != nil {
				return err
			}
			q, err := quantise(make([]float32, parsed.dims))
			if err != nil {
				return err
			}
			for i := range parsed.clusters {
				if x := parsed.centroids.similarity(q, i) + parsed.reach[i]; x != x {
					panic("a similarity is no number")
				}
			}
			return nil
		}},
		"cluster file": {s.cluster, func(data []byte) error { return useCluster(data, v) }},
		"nibble file":  {s.nibbles, func(data []byte) error { return useCluster(data, s.small) }},
		"filter file": {s.filter, func(data []byte) error {
			f, err := parseFilter(data, d.pages())
			if err != nil {
				return err
			}
			for _, value := range f.values {
				for _, run := range value.runs {
					if run.count < 1 || run.first+run.count > d.pages() {
						panic("a run is out of range")
					}
				}
			}
			return nil
		}},
		"sort file": {s.sort, func(data []byte) error {
			_, err := parseSort(data, d.pages())
			return err
		}},
	}
}

func useCluster(data []byte, v *vectorFile) error {
	c, err := parseCluster(data, v, 0)
	if err != nil {
		return err
	}
	q, err := quantise(make([]float32, v.dims))
	if err != nil {
		return err
	}
	for i, passage := range c.passages {
		if x := c.differences.similarity(q, i); x != x || int(passage) >= len(v.cluster) {
			panic("a member is out of range")
		}
	}
	return nil
}

func TestParsersRefuseTruncatedAndExtended(t *testing.T) {
	for name, p := range samples(t).parsers() {
		if err := p.parse(p.valid); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range len(p.valid) - 1 { // the manifest's last byte is a line's end
			if err := p.parse(p.valid[:n:n]); err == nil {
				t.Fatalf("%s: the first %d of %d bytes were accepted", name, n, len(p.valid))
			} else if !strings.Contains(err.Error(), "build the search bundle again") {
				t.Fatalf("%s: %q names no remedy", name, err)
			}
		}
		if err := p.parse(append(slices.Clone(p.valid), 'x')); err == nil {
			t.Fatalf("%s: a byte too many was accepted", name)
		}
	}
}

// Whatever a changed byte does, what is accepted must be usable.
func TestParsersSurviveChangedBytes(t *testing.T) {
	for _, p := range samples(t).parsers() {
		for i := range p.valid {
			for _, x := range []byte{1, 0x40, 0x80, 0xFF} {
				changed := slices.Clone(p.valid)
				changed[i] ^= x
				_ = p.parse(changed)
			}
		}
	}
}

func TestParsersCheckCountsBeforeAllocating(t *testing.T) {
	huge := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}
	for name, p := range samples(t).parsers() {
		if name == "manifest" {
			continue
		}
		for at := len(directoryMagic); at < min(len(p.valid), 40); at++ {
			changed := slices.Concat(p.valid[:at], huge, p.valid[at+1:])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = p.parse(changed)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%s: a huge number at byte %d allocated %d bytes", name, at, used)
			}
		}
	}
}

func TestManifestNamesTheField(t *testing.T) {
	s := samples(t)
	for _, test := range []struct {
		field  string
		change func(*Manifest)
	}{
		{"format", func(m *Manifest) { m.Format = "effir-site/0" }},
		{"pages", func(m *Manifest) { m.Pages = -1 }},
		{"passages", func(m *Manifest) { m.Passages = m.Pages - 1 }},
		{"passages", func(m *Manifest) { m.Passages = maxPassages + 1 }},
		{"languages", func(m *Manifest) { m.Languages = map[string]int{"en": 1} }},
		{"languages", func(m *Manifest) { m.Languages = map[string]int{"en": m.Pages + 1, "de": -1} }},
		{"fusion", func(m *Manifest) { m.Fusion.Keyword = -1 }},
		{"directory", func(m *Manifest) { m.Directory.Name = "../../etc/passwd" }},
		{"directory", func(m *Manifest) { m.Directory.Bytes = 0 }},
		{"directory", func(m *Manifest) { m.Directory.Raw = m.Directory.Bytes*maxRatio + 1 }},
		{"vectors", func(m *Manifest) { m.Vectors.Bytes = 1 << 40 }},
		{"vectors.model", func(m *Manifest) { m.Vectors.Model = strings.Repeat("A", 64) }},
		{"vectors.dims", func(m *Manifest) { m.Vectors.Dims = 1 << 20 }},
		{"vectors.clusters", func(m *Manifest) { m.Vectors.Clusters = 0 }},
		{"filters.tag", func(m *Manifest) { m.Filters["tag"] = File{} }},
		{"sorts.date", func(m *Manifest) { m.Sorts["date"] = File{Name: strings.Repeat("0", 32)} }},
	} {
		m, err := ParseManifest(s.manifest)
		if err != nil {
			t.Fatal(err)
		}
		test.change(m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseManifest(text); err == nil || !strings.Contains(err.Error(), ManifestName+": "+test.field+" ") {
			t.Errorf("%s: error %v", test.field, err)
		}
	}
	for _, text := range []string{
		`{"format":"effir-site/1","colour":1}`, `[]`, `null`, ``, string(s.manifest) + "{}", strings.Repeat(" ", maxManifestBytes) + string(s.manifest),
	} {
		if _, err := ParseManifest([]byte(text)); err == nil {
			t.Errorf("%.40q was accepted", text)
		}
	}
}

// Every file of a bundle is missed, damaged and exchanged in turn: the error must
// name it, and nothing may be answered from it.
func TestDamagedBundlesNameTheFile(t *testing.T) {
	c := smallContent(t)
	dir := written(t, c)
	q := Query{Text: c.Pages[1].Title, Vector: row(c.Vectors, 1), SortBy: "date", Filters: map[string][]string{"tag": {"fifth"}}}
	other := contents(t, written(t, testContent(t, 13, 6)))[ManifestName]
	needed := 0
	for name, good := range contents(t, dir) {
		path := filepath.Join(dir, name)
		for _, bad := range []string{"", good[:len(good)/2], good + "x", other, strings.Replace(good, good[len(good)/2:len(good)/2+1], "\x00", 1)} {
			if bad == good {
				continue
			}
			if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := Open(os.DirFS(dir))
			if err == nil {
				_, err = s.Search(q)
			}
			if err != nil && name != ManifestName && !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error %v does not name it", name, err)
			}
			if err != nil {
				needed++
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		s, err := Open(os.DirFS(dir))
		if err == nil {
			_, err = s.Search(q)
		}
		if err != nil && (!strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "build the search bundle again")) {
			t.Errorf("%s is missing: error %v", name, err)
		}
		if err := os.WriteFile(path, []byte(good), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if needed < 5*4 {
		t.Errorf("only %d damages were noticed", needed)
	}
}

func TestSizesAreThoseOfTheReference(t *testing.T) {
	var stored bytes.Buffer
	zip := gzip.NewWriter(&stored)
	_, _ = zip.Write(make([]byte, 1000))
	_ = zip.Close()
	for _, raw := range []int64{0, 999, 1001, 2000} {
		if _, err := unzip(stored.Bytes(), raw); err == nil {
			t.Errorf("1000 bytes were accepted as %d", raw)
		}
	}
	if data, err := unzip(stored.Bytes(), 1000); err != nil || len(data) != 1000 {
		t.Errorf("%d bytes, error %v", len(data), err)
	}
	for _, damaged := range [][]byte{nil, stored.Bytes()[:10], append(slices.Clone(stored.Bytes()), 1)} {
		if _, err := unzip(damaged, 1000); err == nil {
			t.Errorf("%d damaged bytes were accepted", len(damaged))
		}
	}
}
