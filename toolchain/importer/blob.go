package importer

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// fetchBlob downloads one file of a hub into the folder blobs under the name of its ETag, where
// package hub will find it. It does what package hub's own downloader (v0.3.4) does not: it goes on
// where an interrupted transfer stopped, and it takes a file for complete only if its length, and
// its hash where the ETag is one, are right. (That downloader starts over, and takes a connection
// that breaks for the end of the file.)
func fetchBlob(ctx context.Context, address, blobs, token string, progress func(done, total int64)) error {
	b, err := describe(ctx, address, token)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return err
	}
	final := filepath.Join(blobs, b.etag)
	if info, err := os.Stat(final); err == nil {
		if b.size < 0 || info.Size() == b.size {
			return nil
		}
		if err := os.Remove(final); err != nil { // cut short by another program
			return err
		}
	}
	// The name has the ETag, so that what is there is the beginning of this very content.
	partial, err := os.OpenFile(final+".partial", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer partial.Close()
	if err := b.transfer(ctx, token, partial, progress); err != nil {
		return err
	}
	if err := b.verify(ctx, partial); err != nil {
		return errors.Join(err, partial.Truncate(0))
	}
	if err := errors.Join(partial.Sync(), partial.Close()); err != nil {
		return err
	}
	return os.Rename(partial.Name(), final)
}

// blob is what a hub says about a file before sending it.
type blob struct {
	address string
	etag    string // names the content; for weights it is the SHA-256, for small files git's hash
	content string // ETag of the hub itself, where a redirection to a store has another one
	size    int64  // bytes; -1 if unknown
}

// etagPattern allows what can safely be a file name.
var etagPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$`)

// describe asks for a file's ETag and size.
func describe(ctx context.Context, address, token string) (blob, error) {
	b := blob{address: address, size: -1}
	linked := func(h http.Header) { // the hub's own knowledge of content that it redirects to
		if etag := unquote(h.Get("X-Linked-Etag")); etag != "" && b.content == "" {
			b.content = etag
		}
		if size, err := strconv.ParseInt(h.Get("X-Linked-Size"), 10, 64); err == nil && b.size < 0 {
			b.size = size
		}
	}
	client := &http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return errors.New("too many redirections")
		}
		linked(next.Response.Header)
		return nil
	}}
	request, err := newRequest(ctx, http.MethodHead, address, token)
	if err != nil {
		return b, err
	}
	response, err := client.Do(request)
	if err != nil {
		return b, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return b, fmt.Errorf("the hub answers %s", response.Status)
	}
	// Exactly package hub's rule: the last answer counts, and only quotes are taken off.
	if b.etag = strings.Trim(response.Header.Get("X-Linked-Etag"), `"`); b.etag == "" {
		b.etag = strings.Trim(response.Header.Get("ETag"), `"`)
	}
	if !etagPattern.MatchString(b.etag) {
		return b, fmt.Errorf("the hub gives the unusable ETag %.80q", b.etag)
	}
	linked(response.Header)
	if b.content == "" {
		b.content = b.etag
	}
	if b.size < 0 {
		b.size = response.ContentLength
	}
	return b, nil
}

// transfer fetches what is missing from the partial file.
func (b blob) transfer(ctx context.Context, token string, partial *os.File, progress func(done, total int64)) error {
	have, err := partial.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if b.size >= 0 && have == b.size {
		return nil
	}
	request, err := newRequest(ctx, http.MethodGet, b.address, token)
	if err != nil {
		return err
	}
	if have > 0 && have < b.size {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusPartialContent && strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case response.StatusCode == http.StatusOK: // the hub cannot resume, or there was nothing to resume
		if err := partial.Truncate(0); err != nil {
			return err
		}
		if have, err = partial.Seek(0, io.SeekStart); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the hub answers %s", response.Status)
	}
	body := io.Reader(response.Body)
	if b.size >= 0 { // one byte more shows that there is too much
		body = io.LimitReader(body, b.size-have+1)
	}
	n, err := copyContext(ctx, partial, body, func(n int64) { progress(have+n, b.size) })
	if err != nil {
		return fmt.Errorf("the connection broke after %d of %d bytes: %w", have+n, b.size, err)
	}
	if b.size >= 0 && have+n < b.size {
		return fmt.Errorf("the connection ended after %d of %d bytes", have+n, b.size)
	}
	return nil
}

// verify compares length and hash of the complete file.
func (b blob) verify(ctx context.Context, f *os.File) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if b.size >= 0 && size != b.size {
		return fmt.Errorf("has %d bytes, want %d", size, b.size)
	}
	var sum hash.Hash
	switch len(b.content) {
	case hex.EncodedLen(sha256.Size):
		sum = sha256.New()
	case hex.EncodedLen(sha1.Size): // git: the hash of a header with the length, and the content
		sum = sha1.New()
		fmt.Fprintf(sum, "blob %d\x00", size)
	default:
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := copyContext(ctx, sum, f, func(int64) {}); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.ToLower(b.content) {
		return fmt.Errorf("has the hash %s, want %s", got, b.content)
	}
	return nil
}

func newRequest(ctx context.Context, method, address, token string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // lengths and ranges are those of the file
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token) // net/http drops it when redirected elsewhere
	}
	return request, nil
}

func unquote(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }
