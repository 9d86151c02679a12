package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// PagesName is the file beside model.json that lets a loader verify and fetch
// parts of the chunks.
const PagesName = "pages.json"

// PageBytes is the size of every page of a chunk but its last.
const PageBytes = 64 << 10

// pageHashBytes is how much of a page's SHA-256 is kept: 128 bits, with which
// finding another content for a page is out of reach.
const pageHashBytes = 16

// Pages is the content of pages.json.
type Pages struct {
	// Model is the SHA-256 of the model.json whose chunks these are.
	Model     string `json:"model"`
	PageBytes int    `json:"pageBytes"`
	// SHA256 has the first 32 hex digits of each page's hash: page by page of
	// each chunk, in the order of the chunks.
	SHA256 []string `json:"sha256"`
}

// hashPages reads the chunks of a package, verifies them and returns pages.json.
func hashPages(ctx context.Context, from fs.FS, manifest []byte, m *model.Manifest) ([]byte, error) {
	pages := Pages{Model: modeldir.Identity(manifest), PageBytes: PageBytes}
	for _, chunk := range m.Weights.Chunks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hashes, err := pagesOf(from, chunk)
		if err != nil {
			return nil, err
		}
		pages.SHA256 = append(pages.SHA256, hashes...)
	}
	return json.Marshal(pages)
}

// pagesOf hashes a chunk page by page and as a whole, which must be what its
// name says.
func pagesOf(from fs.FS, chunk model.File) ([]string, error) {
	f, err := from.Open(chunk.FileName())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var hashes []string
	whole, page, size := sha256.New(), make([]byte, PageBytes), 0
	for {
		n, err := io.ReadFull(f, page)
		if n > 0 {
			whole.Write(page[:n])
			sum := sha256.Sum256(page[:n])
			hashes = append(hashes, hex.EncodeToString(sum[:pageHashBytes]))
			size += n
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if size != chunk.Bytes || hex.EncodeToString(whole.Sum(nil)) != chunk.SHA256 {
		return nil, fmt.Errorf("model package: %s does not have the content that its name promises; fetch or export the package again", chunk.FileName())
	}
	return hashes, nil
}
