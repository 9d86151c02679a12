package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// BundleOptions shape a search bundle. The zero value is what the defaults of
// package index say.
type BundleOptions struct {
	Parameters index.Parameters // of keyword ranking
	Fusion     index.Fusion
}

// WriteBundle writes a search bundle of passages to dir, which is made if it
// is missing. A bundle that is there already stays whole until the new one
// replaces it at once; its vectors are kept if its passages are the same.
func WriteBundle(dir string, passages []Passage, options BundleOptions) (*index.Bundle, error) {
	if options.Parameters == (index.Parameters{}) {
		options.Parameters = index.DefaultParameters()
	}
	if options.Fusion == (index.Fusion{}) {
		options.Fusion = index.DefaultFusion()
	}
	keyword, store, err := BuildIndex(passages, options.Parameters)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	// A bundle that cannot be read is replaced like any other.
	old, _ := ReadManifest(dir)

	bundle := index.NewBundle(len(passages), fileOf(keyword), fileOf(store), options.Fusion)
	if old != nil && old.Passages == bundle.Passages {
		bundle.Vectors = old.Vectors
	}
	for _, data := range [][]byte{keyword, store} {
		if err := atomicfile.Write(filepath.Join(dir, fileOf(data).FileName()), data); err != nil {
			return nil, err
		}
	}
	return &bundle, replaceManifest(dir, old, &bundle)
}

// AddVectors adds the vectors of the first vectors.Len() passages to the
// bundle in dir, in place of any that it has. model is the SHA-256, in hex, of
// the manifest of the model package that made them.
func AddVectors(dir string, vectors *index.Vectors, model string) (*index.Bundle, error) {
	old, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	data, err := vectors.MarshalBinary()
	if err != nil {
		return nil, err
	}
	bundle := *old
	bundle.Vectors = &index.VectorFile{File: fileOf(data), Model: model, Dims: vectors.Dims(), Count: vectors.Len()}
	if err := bundle.Check(); err != nil {
		return nil, err
	}
	if err := atomicfile.Write(filepath.Join(dir, bundle.Vectors.FileName()), data); err != nil {
		return nil, err
	}
	return &bundle, replaceManifest(dir, old, &bundle)
}

// replaceManifest makes bundle, whose files are written, the one in dir and
// then removes the files that only old used.
func replaceManifest(dir string, old, bundle *index.Bundle) error {
	if err := bundle.Check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(bundle, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, index.ManifestName), append(text, '\n')); err != nil {
		return err
	}
	used := make(map[string]bool)
	for _, file := range filesOf(bundle) {
		used[file.FileName()] = true
	}
	if old != nil {
		for _, file := range filesOf(old) {
			if used[file.FileName()] {
				continue
			}
			if err := os.Remove(filepath.Join(dir, file.FileName())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// ReadManifest reads and checks the manifest of the bundle in dir.
func ReadManifest(dir string) (*index.Bundle, error) {
	path := filepath.Join(dir, index.ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("no search bundle: %w", err)
	}
	bundle, err := index.ParseBundle(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return bundle, nil
}

// ReadBundleFile reads one file of the bundle in dir and proves that its
// content is what the manifest names.
func ReadBundleFile(dir string, file index.File) ([]byte, error) {
	path := filepath.Join(dir, file.FileName())
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("search bundle is incomplete: %w: build it again", err)
	}
	if info.Size() != file.Bytes {
		return nil, fmt.Errorf("%s: has %d bytes, the manifest says %d: build the search bundle again", path, info.Size(), file.Bytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if fileOf(data) != file {
		return nil, fmt.Errorf("%s: the content is not what its name says: build the search bundle again", path)
	}
	return data, nil
}

// OpenBundle reads the bundle in dir, verified. Vectors, if it has any, are
// scanned in plain Go; SetVectors of the result exchanges that.
func OpenBundle(dir string) (*index.Bundle, *retriever.Retriever, error) {
	bundle, err := ReadManifest(dir)
	if err != nil {
		return nil, nil, err
	}
	var data [][]byte
	for _, file := range filesOf(bundle) {
		content, err := ReadBundleFile(dir, file)
		if err != nil {
			return nil, nil, err
		}
		data = append(data, content)
	}
	keyword, err := index.ParseKeyword(data[0])
	if err != nil {
		return nil, nil, err
	}
	passages, err := index.ParsePassages(data[1])
	if err != nil {
		return nil, nil, err
	}
	if passages.Len() != bundle.Count {
		return nil, nil, fmt.Errorf("%s: count is %d, the files hold %d passages: build the search bundle again",
			filepath.Join(dir, index.ManifestName), bundle.Count, passages.Len())
	}
	search, err := retriever.Open(keyword, passages, bundle.Fusion)
	if err != nil {
		return nil, nil, err
	}
	if bundle.Vectors == nil {
		return bundle, search, nil
	}
	vectors, err := index.ParseVectors(data[2])
	if err != nil {
		return nil, nil, err
	}
	if vectors.Dims() != bundle.Vectors.Dims {
		return nil, nil, fmt.Errorf("%s: vectors.dims is %d, the file has %d: build the search bundle again",
			filepath.Join(dir, index.ManifestName), bundle.Vectors.Dims, vectors.Dims())
	}
	return bundle, search, search.SetVectors(vectors, nil)
}

// BuildIndex returns the keyword index and the passage store of passages, in
// the binary forms of package index. A passage is searched by title, text and
// section.
func BuildIndex(passages []Passage, parameters index.Parameters) (keyword, store []byte, err error) {
	builder := index.NewBuilder(parameters)
	contents := make([]index.Passage, len(passages))
	for i, p := range passages {
		text := p.Text
		if p.Section != "" {
			text += "\n" + p.Section
		}
		builder.Add(index.Document{Title: p.Title, Text: text})
		contents[i] = index.Passage{Title: p.Title, Text: p.Text, URL: p.URL, Section: p.Section}
	}
	if keyword, err = builder.MarshalBinary(); err != nil {
		return nil, nil, err
	}
	if store, err = index.MarshalPassages(contents); err != nil {
		return nil, nil, err
	}
	return keyword, store, nil
}

// filesOf lists a bundle's files: keyword index, passages and, if it has them,
// vectors.
func filesOf(bundle *index.Bundle) []index.File {
	files := []index.File{bundle.Keyword, bundle.Passages}
	if bundle.Vectors != nil {
		files = append(files, bundle.Vectors.File)
	}
	return files
}

func fileOf(data []byte) index.File {
	sum := sha256.Sum256(data)
	return index.File{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))}
}
