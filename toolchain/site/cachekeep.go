package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/effir/effir/internal/atomicfile"
)

const (
	usesMagic = "EFFIRVU1"
	// cacheSlack is what a cache may hold beyond twice what is used, in bytes.
	cacheSlack = 16 << 20
	// forgotten is after what time without a build a source's texts no longer count
	// as used, nor the cache of a model.
	forgotten = 90 * 24 * time.Hour
)

// errUses says that a list of used keys cannot be read.
var errUses = errors.New("a list of used vectors is damaged")

// Keep notes that the newest build of a source, such as the absolute path of a
// folder, uses the vectors of texts. Once the file is larger than twice what the
// newest builds of all sources use and some slack, it is replaced by one that holds
// only that. So texts that come back soon, as when branches are switched, are still
// there, and the file stays bounded.
//
// What is used is never dropped: lists are written before anything is removed, each
// file takes its name only when it is complete, and a list that cannot be read keeps
// everything until its source is built again.
//
// A source's list is the file "<model>.<hash>.uses": magic, keys ascending, CRC-32C.
func (c *Cache) Keep(source string, texts func(yield func(string) bool)) error {
	used := make(map[key]bool)
	for text := range texts {
		if k := c.key(text); c.rows[k] != nil {
			used[k] = true
		}
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.restore(used); err != nil {
		return err
	}
	if err := c.noteUses(source, used); err != nil {
		return err
	}
	err = c.compact()
	if errors.Is(err, errUses) {
		err = nil
	}
	return errors.Join(err, c.removeForgotten(time.Now()))
}

// restore adds used rows again that another process has dropped since they were
// read, for their source was not built then.
func (c *Cache) restore(used map[key]bool) error {
	if !c.alien && !c.changed() {
		return nil
	}
	mine := c.rows
	c.rows = make(map[key][]byte)
	if err := c.load(); err != nil {
		return err
	}
	lost := make(map[key][]byte)
	for k := range used {
		if c.rows[k] == nil {
			lost[k] = mine[k]
		}
	}
	maps.Copy(c.rows, lost)
	if len(lost) == 0 {
		return nil
	}
	return c.write(lost)
}

// noteUses writes a source's list, or only its time if it is the same as before.
func (c *Cache) noteUses(source string, used map[key]bool) error {
	data := []byte(usesMagic)
	for _, k := range slices.SortedFunc(maps.Keys(used), compareKeys) {
		data = append(data, k[:]...)
	}
	data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
	hash := sha256.Sum256([]byte(source))
	path := strings.TrimSuffix(c.path, ".vectors") + "." + hex.EncodeToString(hash[:8]) + ".uses"
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, data) {
		now := time.Now()
		return os.Chtimes(path, now, now)
	}
	return atomicfile.Write(path, data)
}

// compact replaces the file by one without unused records, if they are too many.
func (c *Cache) compact() error {
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	used, err := c.allUses()
	if err != nil {
		return err
	}
	record := int64(len(c.record(nil, key{}, make([]byte, 4*c.dims))))
	if info.Size() <= 2*int64(len(used))*record+c.slack || info.Size() > maxCacheBytes {
		return nil
	}
	if err := c.load(); err != nil { // with what other processes have added
		return err
	}
	f, err := atomicfile.Create(c.path)
	if err != nil {
		return err
	}
	defer f.Abort()
	live := make(map[key][]byte, len(used))
	_, err = f.Write(c.header())
	for _, k := range slices.SortedFunc(maps.Keys(used), compareKeys) {
		if row := c.rows[k]; row != nil && err == nil {
			live[k] = bytes.Clone(row)
			_, err = f.Write(c.record(nil, k, row))
		}
	}
	if err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	c.rows = live
	c.file, err = os.Stat(c.path)
	return err
}

// allUses joins the lists of all sources that were built not too long ago.
func (c *Cache) allUses() (map[key]bool, error) {
	used := make(map[key]bool)
	entries, err := os.ReadDir(filepath.Dir(c.path))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		list := filepath.Join(filepath.Dir(c.path), entry.Name())
		if !strings.HasPrefix(entry.Name(), c.model+".") || !strings.HasSuffix(entry.Name(), ".uses") || old(list, time.Now()) {
			continue
		}
		data, err := os.ReadFile(list)
		if err != nil {
			return nil, err
		}
		end := len(data) - 4
		if end < len(usesMagic) || !bytes.HasPrefix(data, []byte(usesMagic)) || (end-len(usesMagic))%len(key{}) != 0 ||
			binary.LittleEndian.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli) {
			return nil, errUses
		}
		for k := range slices.Chunk(data[len(usesMagic):end], len(key{})) {
			used[key(k)] = true
		}
	}
	return used, nil
}

// removeForgotten removes lists of sources, and caches of other models with theirs,
// that no build has used for long.
func (c *Cache) removeForgotten(now time.Time) error {
	dir := filepath.Dir(c.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	recent := map[string]bool{c.model: true} // models
	for _, entry := range entries {
		if model, _, _ := strings.Cut(entry.Name(), "."); !old(filepath.Join(dir, entry.Name()), now) {
			recent[model] = true
		}
	}
	for _, entry := range entries {
		model, kind, _ := strings.Cut(entry.Name(), ".")
		uses := strings.HasSuffix(kind, ".uses") && old(filepath.Join(dir, entry.Name()), now)
		if model != "" && (uses || !recent[model] && (kind == "vectors" || kind == "vectors.lock")) {
			if removed := os.Remove(filepath.Join(dir, entry.Name())); !errors.Is(removed, fs.ErrNotExist) {
				err = errors.Join(err, removed)
			}
		}
	}
	return err
}

// old says whether a file was not used for so long that it is forgotten.
func old(path string, now time.Time) bool {
	info, err := os.Stat(path)
	return err == nil && now.Sub(info.ModTime()) > forgotten
}
