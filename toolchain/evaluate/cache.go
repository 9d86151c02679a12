package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/encoder"
)

// Cache is an Embedder that remembers. Vectors are kept by the content of the
// text, so that a run that was stopped goes on where it was and datasets may
// share passages. It lies in a folder of files that are only ever added, each
// complete or absent:
//
//	magic  8 bytes "EFFIREV1"
//	dims   uint32
//	count  uint32
//	keys   count x 16 bytes, the start of the SHA-256 of kind and text
//	rows   count x dims float32
//
// all little-endian. Several processes may use one folder.
type Cache struct {
	embedder Embedder
	dir      string
	dims     int
	vectors  map[cacheKey][]float32
}

type cacheKey [16]byte

const (
	cacheMagic  = "EFFIREV1"
	cacheHeader = 16
	cacheSuffix = ".vectors"
	// maxCacheFile bounds what is read: a file holds the texts of one call.
	maxCacheFile = 1 << 30
)

// NewCache opens the folder dir, which belongs to one model with one set of
// options and is made if missing. A damaged file is an error that names it.
func NewCache(embedder Embedder, dir string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	c := &Cache{embedder: embedder, dir: dir, vectors: make(map[cacheKey][]float32)}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), cacheSuffix) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		if err := c.read(path); err != nil {
			return nil, fmt.Errorf("%s: %w: delete it, its vectors will be computed again", path, err)
		}
	}
	return c, nil
}

// Len returns how many vectors are remembered.
func (c *Cache) Len() int { return len(c.vectors) }

// Embed returns remembered vectors and asks the embedder for the others, which
// are on disk when it returns.
func (c *Cache) Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	keys := make([]cacheKey, len(texts))
	asked := make(map[cacheKey]bool)
	var missing []string
	var missingKeys []cacheKey
	for i, text := range texts {
		keys[i] = keyOf(text, kind)
		if _, known := c.vectors[keys[i]]; !known && !asked[keys[i]] {
			asked[keys[i]] = true
			missing, missingKeys = append(missing, text), append(missingKeys, keys[i])
		}
	}
	if len(missing) > 0 {
		vectors, err := c.embedder.Embed(ctx, missing, kind)
		if err != nil {
			return nil, err
		}
		if err := c.add(missingKeys, vectors); err != nil {
			return nil, err
		}
	}
	found := make([][]float32, len(texts))
	for i, key := range keys {
		found[i] = c.vectors[key]
	}
	return found, nil
}

func keyOf(text string, kind encoder.Kind) (key cacheKey) {
	sum := sha256.Sum256(append([]byte{byte(kind)}, text...))
	copy(key[:], sum[:])
	return key
}

// add remembers vectors, on disk first.
func (c *Cache) add(keys []cacheKey, vectors [][]float32) error {
	if len(vectors) != len(keys) {
		return fmt.Errorf("the encoder gave %d vectors for %d texts", len(vectors), len(keys))
	}
	dims := c.dims
	if dims == 0 {
		dims = len(vectors[0])
	}
	out := make([]byte, 0, cacheHeader+len(keys)*(len(cacheKey{})+4*dims))
	out = append(out, cacheMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(dims))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(keys)))
	for _, key := range keys {
		out = append(out, key[:]...)
	}
	for _, vector := range vectors {
		if len(vector) != dims || dims == 0 {
			return fmt.Errorf("the encoder gave vectors of %d and %d numbers", dims, len(vector))
		}
		for _, x := range vector {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return errors.New("the encoder gave a vector with a number that is not finite")
			}
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	name := sha256.Sum256(out)
	if err := atomicfile.Write(filepath.Join(c.dir, hex.EncodeToString(name[:16])+cacheSuffix), out); err != nil {
		return err
	}
	c.dims = dims
	for i, key := range keys {
		c.vectors[key] = vectors[i]
	}
	return nil
}

func (c *Cache) read(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxCacheFile {
		return errors.New("the file is over 1 GiB")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(data) < cacheHeader || string(data[:8]) != cacheMagic {
		return errors.New("the file does not begin as a file of vectors")
	}
	dims, count := int(binary.LittleEndian.Uint32(data[8:])), int(binary.LittleEndian.Uint32(data[12:]))
	if dims < 1 || dims > 1<<16 || count > maxCacheFile || cacheHeader+count*(len(cacheKey{})+4*dims) != len(data) {
		return errors.New("the file is truncated or too long")
	}
	if c.dims != 0 && c.dims != dims {
		return fmt.Errorf("its vectors have %d numbers, others here %d", dims, c.dims)
	}
	c.dims = dims
	keys := data[cacheHeader:]
	rows := keys[count*len(cacheKey{}):]
	for i := range count {
		vector := make([]float32, dims)
		for j := range vector {
			vector[j] = math.Float32frombits(binary.LittleEndian.Uint32(rows[4*(i*dims+j):]))
			if math.IsNaN(float64(vector[j])) || math.IsInf(float64(vector[j]), 0) {
				return errors.New("a number is not finite")
			}
		}
		c.vectors[cacheKey(keys[i*len(cacheKey{}):])] = vector
	}
	return nil
}
