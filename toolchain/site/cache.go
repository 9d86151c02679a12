package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
)

// Cache keeps the vectors of one model by the text that they were made of, in a
// file to which they are added:
//
//	magic    8 bytes "EFFIRVC1"
//	dims     uint32
//	records  mark "vec:", key (32 bytes, see key), dims float32, CRC-32C of all that
//
// all little-endian. A record that is damaged, or cut off because a run was
// killed, is passed over up to the next mark; its text is embedded again. Several
// processes may use one file: who writes holds a lock. Keep replaces the file by
// one without what nobody uses any more. All may be deleted at any time.
type Cache struct {
	path  string
	model string
	dims  int
	rows  map[key][]byte // as stored
	file  os.FileInfo    // as it was when last read or written here; nil: none that counts
	alien bool           // others have written since rows were read
	slack int64          // see Keep
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
	c := &Cache{path: filepath.Join(dir, model+".vectors"), model: model, dims: dims, rows: make(map[key][]byte), slack: cacheSlack}
	return c, c.load()
}

// load reads the file's records into rows, over those that are there.
func (c *Cache) load() error {
	c.file, c.alien = nil, false
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > maxCacheBytes {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.path)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, c.header()) {
		c.file = info
		c.index(data[cacheHeader:])
	}
	return nil
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
	added := make(map[key][]byte)
	for i, vector := range vectors {
		k := c.key(texts[i])
		if len(vector) != c.dims || c.rows[k] != nil || added[k] != nil {
			continue
		}
		row := make([]byte, 0, 4*c.dims)
		for _, x := range vector {
			row = binary.LittleEndian.AppendUint32(row, math.Float32bits(x))
		}
		added[k] = row
	}
	if len(added) == 0 {
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.write(added); err != nil {
		return err
	}
	maps.Copy(c.rows, added)
	return nil
}

// record appends a row as the file holds it.
func (c *Cache) record(out []byte, k key, row []byte) []byte {
	start := len(out)
	out = append(append(append(out, recordMark...), k[:]...), row...)
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out[start:], castagnoli))
}

// write appends rows to the file, or begins it with them. The lock is held.
func (c *Cache) write(rows map[key][]byte) error {
	c.alien = c.alien || c.changed()
	f, err := os.OpenFile(c.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	header := make([]byte, cacheHeader)
	var out []byte
	if _, err := f.ReadAt(header, 0); err != nil || !bytes.Equal(header, c.header()) || c.file == nil && tooLarge(f) {
		if err := f.Truncate(0); err != nil {
			return errors.Join(err, f.Close())
		}
		out = c.header()
	}
	for _, k := range slices.SortedFunc(maps.Keys(rows), compareKeys) {
		out = c.record(out, k, rows[k])
	}
	_, err = f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Write(out)
	}
	info, statErr := f.Stat()
	c.file = info
	return errors.Join(err, statErr, f.Close())
}

// changed says whether the file is another one than was last read or written here.
func (c *Cache) changed() bool {
	info, err := os.Stat(c.path)
	if err != nil || c.file == nil {
		return err == nil || c.file != nil
	}
	return !os.SameFile(info, c.file) || info.Size() != c.file.Size() || !info.ModTime().Equal(c.file.ModTime())
}

func tooLarge(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Size() > maxCacheBytes
}

// lock keeps other processes from writing until unlock is called.
func (c *Cache) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(c.path + ".lock")
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("locking the cache of vectors: %w", err)
	}
	return func() { _ = lock.Close() }, nil
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

func compareKeys(a, b key) int { return bytes.Compare(a[:], b[:]) }
