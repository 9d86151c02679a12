package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
)

// Cache keeps the vectors of one model by the text that they were made of, in a
// file that only grows:
//
//	magic    8 bytes "EFFIRVC1"
//	dims     uint32
//	records  mark "vec:", key (32 bytes, see key), dims float32, CRC-32C of all that
//
// all little-endian. A record that is damaged, or cut off because a run was
// killed, is passed over up to the next mark; its text is embedded again. Several
// processes may add to one file. It may be deleted at any time.
type Cache struct {
	path  string
	model string
	dims  int
	fresh bool           // there is no file yet, or none that counts
	rows  map[key][]byte // as stored
}

// key is the SHA-256 of the model's identity and the text.
type key [sha256.Size]byte

const (
	cacheMagic  = "EFFIRVC1"
	cacheHeader = len(cacheMagic) + 4
	recordMark  = "vec:"
	// maxCacheBytes bounds what is read: about two million vectors of 384 numbers.
	// A larger cache is begun anew.
	maxCacheBytes = 3 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenCache opens the cache of a model in dir. model is the SHA-256 of its
// manifest, in hex, dims the length of its vectors. Nothing is written before the
// first Add, which replaces a file that is no such cache.
func OpenCache(dir, model string, dims int) (*Cache, error) {
	c := &Cache{path: filepath.Join(dir, model+".vectors"), model: model, dims: dims, rows: make(map[key][]byte), fresh: true}
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > maxCacheBytes {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(c.path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, c.header()) {
		c.fresh = false
		c.index(data[cacheHeader:])
	}
	return c, nil
}

// Get returns the vector of a text, nil if there is none.
func (c *Cache) Get(text string) []float32 {
	row := c.rows[c.key(text)]
	if row == nil {
		return nil
	}
	vector := make([]float32, c.dims)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*i:]))
	}
	return vector
}

// Add keeps the vectors of texts, at once on disk. Nil vectors are passed over.
func (c *Cache) Add(texts []string, vectors [][]float32) error {
	var out []byte
	added := make(map[key][]byte)
	for i, vector := range vectors {
		k := c.key(texts[i])
		if len(vector) != c.dims || c.rows[k] != nil || added[k] != nil {
			continue
		}
		start := len(out)
		out = append(append(out, recordMark...), k[:]...)
		for _, x := range vector {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
		out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out[start:], castagnoli))
		added[k] = bytes.Clone(out[start+len(recordMark)+len(k) : len(out)-4])
	}
	if len(out) == 0 {
		return nil
	}
	if err := c.write(out); err != nil {
		return err
	}
	maps.Copy(c.rows, added)
	return nil
}

// write appends records to the file, or begins it with them.
func (c *Cache) write(records []byte) error {
	mode := os.O_WRONLY | os.O_APPEND
	if c.fresh {
		mode |= os.O_CREATE | os.O_TRUNC
		records = append(c.header(), records...)
		if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(c.path, mode, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(records)
	c.fresh = c.fresh && err != nil
	return errors.Join(err, f.Close())
}

func (c *Cache) header() []byte {
	return binary.LittleEndian.AppendUint32([]byte(cacheMagic), uint32(c.dims))
}

// index finds all whole records.
func (c *Cache) index(rest []byte) {
	size := len(recordMark) + len(key{}) + 4*c.dims + 4
	for len(rest) >= size {
		record := rest[:size]
		body := record[:size-4]
		if string(record[:len(recordMark)]) == recordMark && binary.LittleEndian.Uint32(record[size-4:]) == crc32.Checksum(body, castagnoli) {
			c.rows[key(body[len(recordMark):])] = body[len(recordMark)+len(key{}):]
			rest = rest[size:]
			continue
		}
		next := bytes.Index(rest[1:], []byte(recordMark))
		if next < 0 {
			return
		}
		rest = rest[1+next:]
	}
}

func (c *Cache) key(text string) key {
	return sha256.Sum256([]byte(c.model + "\n" + text))
}
