package site

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"strconv"
)

// Site is an open bundle. It reads files when a search needs them, each once, and
// keeps what it has read. It is for one goroutine at a time.
type Site struct {
	fsys          fs.FS
	manifest      *Manifest
	directory     *directory
	vectors       *vectorFile
	termShards    map[int]*termShard
	passageShards map[int]*passageShard
	clusters      map[int]*cluster
	filters       map[string]*filterFile
	sorts         map[string][]uint32

	readFiles int
	readBytes int64
}

// Open reads the manifest of the bundle in fsys. The hash of every other file is
// checked when it is read.
func Open(fsys fs.FS) (*Site, error) {
	s := &Site{
		fsys:       fsys,
		termShards: make(map[int]*termShard), passageShards: make(map[int]*passageShard), clusters: make(map[int]*cluster),
		filters: make(map[string]*filterFile), sorts: make(map[string][]uint32),
	}
	data, err := s.read(ManifestName, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	if s.manifest, err = ParseManifest(data); err != nil {
		return nil, err
	}
	return s, nil
}

// Manifest returns the manifest, not to be changed.
func (s *Site) Manifest() *Manifest { return s.manifest }

// Transferred returns how many files and bytes have been read since Open, which
// count as well: after one search, what a reader's first query costs.
func (s *Site) Transferred() (files int, bytes int64) { return s.readFiles, s.readBytes }

// Page returns a page without its filters, sorts and passages.
func (s *Site) Page(number int) (Page, error) {
	page, err := s.page(number)
	return page.page, err
}

// Related returns the at most limit pages that are most similar in meaning to one,
// best first: none if the bundle was made without vectors, and never more than 6.
func (s *Site) Related(number, limit int) ([]Hit, error) {
	page, err := s.page(number)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	for _, other := range page.related[:min(max(limit, 0), len(page.related))] {
		content, err := s.Page(other)
		if err != nil {
			return nil, err
		}
		hits = append(hits, Hit{Number: other, Page: content})
	}
	return hits, nil
}

func (s *Site) page(number int) (shardPage, error) {
	d, err := s.loadDirectory()
	if err != nil {
		return shardPage{}, err
	}
	if number < 0 || number >= d.pages() {
		return shardPage{}, errors.New("site: there is no page " + strconv.Itoa(number) + ": it has " + strconv.Itoa(d.pages()))
	}
	shard, err := s.loadPassageShard(d.passageShard(int(d.first[number])))
	if err != nil {
		return shardPage{}, err
	}
	return shard.pages[number-shard.firstPage], nil
}

func (s *Site) loadDirectory() (*directory, error) {
	if s.directory != nil {
		return s.directory, nil
	}
	d, err := load(s, s.manifest.Directory, parseDirectory)
	if err != nil {
		return nil, err
	}
	if d.pages() != s.manifest.Pages || d.passages() != s.manifest.Passages {
		return nil, corrupt("directory", "pages or passages", "are not those of the manifest")
	}
	s.directory = d
	return d, nil
}

func (s *Site) loadTermShard(number int) (*termShard, error) {
	return cached(s.termShards, number, func() (*termShard, error) {
		return load(s, s.directory.termShards[number].file, func(raw []byte) (*termShard, error) {
			return parseTermShard(raw, s.directory.passages())
		})
	})
}

func (s *Site) loadPassageShard(number int) (*passageShard, error) {
	return cached(s.passageShards, number, func() (*passageShard, error) {
		return load(s, s.directory.passageShards[number].file, func(raw []byte) (*passageShard, error) {
			return parsePassageShard(raw, s.directory, number)
		})
	})
}

func (s *Site) loadVectors() (*vectorFile, error) {
	if s.vectors != nil {
		return s.vectors, nil
	}
	v, err := load(s, s.manifest.Vectors.File, func(raw []byte) (*vectorFile, error) {
		return parseVectorFile(raw, s.manifest.Passages)
	})
	if err != nil {
		return nil, err
	}
	if v.dims != s.manifest.Vectors.Dims || len(v.clusters) != s.manifest.Vectors.Clusters {
		return nil, corrupt("vector file", "dims or clusters", "are not those of the manifest")
	}
	s.vectors = v
	return v, nil
}

func (s *Site) loadCluster(number int) (*cluster, error) {
	return cached(s.clusters, number, func() (*cluster, error) {
		return load(s, s.vectors.clusters[number].file, func(raw []byte) (*cluster, error) {
			return parseCluster(raw, s.vectors, number)
		})
	})
}

// cached returns what number stands for, made once.
func cached[K comparable, T any](have map[K]T, key K, get func() (T, error)) (T, error) {
	if value, ok := have[key]; ok {
		return value, nil
	}
	value, err := get()
	if err == nil {
		have[key] = value
	}
	return value, err
}

// load reads, checks, uncompresses and parses one file.
func load[T any](s *Site, f File, parse func(raw []byte) (T, error)) (T, error) {
	var none T
	stored, err := s.read(f.Path(), f.Bytes)
	if err != nil {
		return none, err
	}
	if int64(len(stored)) != f.Bytes || fileName(stored) != f.Name {
		return none, corrupt(f.Path(), "content", "is not that which its name stands for")
	}
	raw, err := unzip(stored, f.Raw)
	if err != nil {
		return none, corrupt(f.Path(), "content", "cannot be uncompressed ("+err.Error()+")")
	}
	value, err := parse(raw)
	if err != nil {
		return none, errors.New(f.Path() + ": " + err.Error())
	}
	return value, nil
}

// read returns a file of at most most bytes.
func (s *Site) read(name string, most int64) ([]byte, error) {
	f, err := s.fsys.Open(name)
	if err != nil {
		return nil, errors.New(name + ": is missing from the bundle: build the search bundle again (" + err.Error() + ")")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, corrupt(name, "size", "is larger than it should be")
	}
	s.readFiles++
	s.readBytes += int64(len(data))
	return data, nil
}

// unzip uncompresses stored, which must give raw bytes; File.valid has checked that
// so few stored bytes can.
func unzip(stored []byte, raw int64) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	data := make([]byte, raw)
	if _, err := io.ReadFull(zip, data); err != nil {
		return nil, err
	}
	if n, err := zip.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errors.New("there is more than said, or it is damaged")
	}
	return data, nil
}
