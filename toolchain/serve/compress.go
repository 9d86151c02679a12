package serve

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// quality of brotli: 5 compresses the guest in a fraction of a second to within
// some percent of 11, which takes half a minute.
const quality = 5

// compressFrom is the size below which compressing gains nothing.
const compressFrom = 1 << 10

// body is a response body with its validator.
type body struct {
	bytes    []byte
	etag     string
	encoding string
}

// bodyCache remembers compressed bodies by the hash of their content, so that
// each is compressed once. Only the small files of a page go through it.
type bodyCache struct {
	mu         sync.Mutex
	compressed map[[sha256.Size]byte][]byte
}

// body returns content as it is to be sent.
func (c *bodyCache) body(content []byte, compress bool) body {
	sum := sha256.Sum256(content)
	tag := hex.EncodeToString(sum[:16])
	if !compress || len(content) < compressFrom {
		return body{bytes: content, etag: `"` + tag + `"`}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	small, ok := c.compressed[sum]
	if !ok {
		var buffer bytes.Buffer
		w := brotli.NewWriterLevel(&buffer, quality)
		w.Write(content) // a buffer takes everything
		w.Close()
		small = buffer.Bytes()
		if c.compressed == nil {
			c.compressed = make(map[[sha256.Size]byte][]byte)
		}
		c.compressed[sum] = small
	}
	return body{bytes: small, etag: `"` + tag + `-br"`, encoding: "br"}
}

// acceptsBrotli reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsBrotli(r *http.Request) bool {
	for _, offer := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(offer, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "br") {
			weight = strings.ReplaceAll(weight, " ", "")
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
