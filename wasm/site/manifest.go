package site

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/index"
)

const (
	// ManifestName is the file of a bundle that names the others.
	ManifestName = "index.json"
	// Format names the version of the bundle that this package writes and reads.
	Format = "effir-site/1"

	maxManifestBytes = 1 << 20
)

// Manifest is the entry to a bundle, stored as JSON under ManifestName.
type Manifest struct {
	Format   string `json:"format"` // Format
	Pages    int    `json:"pages"`
	Passages int    `json:"passages"`
	// Languages counts the pages of each language; "und" are those that say none.
	Languages map[string]int `json:"languages,omitempty"`
	Fusion    index.Fusion   `json:"fusion"`
	Directory File           `json:"directory"`
	Vectors   *VectorFile    `json:"vectors,omitempty"`
	// Filters and Sorts name one file per key.
	Filters map[string]File `json:"filters,omitempty"`
	Sorts   map[string]File `json:"sorts,omitempty"`
}

// File names a stored file by its content.
type File struct {
	Name  string `json:"name"`  // first 32 hex digits of the SHA-256 of the stored bytes
	Bytes int64  `json:"bytes"` // stored, compressed by gzip
	Raw   int64  `json:"raw"`   // uncompressed
}

// Path returns the file's name in the folder of the bundle.
func (f File) Path() string { return f.Name + ".bin" }

// VectorFile names the vector file and what its vectors mean.
type VectorFile struct {
	File
	Model    string `json:"model"` // SHA-256 of the model package's manifest, lower-case hex
	Dims     int    `json:"dims"`
	Clusters int    `json:"clusters"`
}

// ParseManifest reads and checks a manifest. Unknown fields are refused: they
// come from a version that this one would misread.
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) > maxManifestBytes {
		return nil, corrupt(ManifestName, "manifest", "is over 1 MiB")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var m Manifest
	if err := decoder.Decode(&m); err != nil {
		return nil, corrupt(ManifestName, "manifest", "is not of this version ("+err.Error()+")")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, corrupt(ManifestName, "manifest", "goes on after its end")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Check reports the first field of m that is not usable.
func (m *Manifest) Check() error {
	switch {
	case m.Format != Format:
		return corrupt(ManifestName, "format", "is not "+Format)
	case m.Pages < 0 || m.Pages > maxPages:
		return corrupt(ManifestName, "pages", "is out of range")
	case m.Passages < m.Pages || m.Passages > maxPassages:
		return corrupt(ManifestName, "passages", "is out of range")
	case !m.Directory.valid():
		return corrupt(ManifestName, "directory", "is not a file name and two sizes")
	}
	counted := 0
	for _, pages := range m.Languages {
		if pages < 1 || pages > m.Pages-counted {
			return corrupt(ManifestName, "languages", "do not add up to the pages")
		}
		counted += pages
	}
	if counted != m.Pages {
		return corrupt(ManifestName, "languages", "do not add up to the pages")
	}
	if err := m.Fusion.Check(); err != nil {
		return err
	}
	if v := m.Vectors; v != nil {
		switch {
		case !v.valid():
			return corrupt(ManifestName, "vectors", "is not a file name and two sizes")
		case !isHex(v.Model, 64):
			return corrupt(ManifestName, "vectors.model", "is not a SHA-256")
		case v.Dims < 1 || v.Dims > index.MaxDims:
			return corrupt(ManifestName, "vectors.dims", "is out of range")
		case v.Clusters < 1 || v.Clusters > maxClusters:
			return corrupt(ManifestName, "vectors.clusters", "is out of range")
		}
	}
	for _, list := range []struct {
		name  string
		files map[string]File
	}{{"filters", m.Filters}, {"sorts", m.Sorts}} {
		for _, key := range slices.Sorted(maps.Keys(list.files)) {
			if !list.files[key].valid() {
				return corrupt(ManifestName, list.name+"."+key, "is not a file name and two sizes")
			}
		}
	}
	return nil
}

// maxRatio is the most that deflate can shrink data.
const maxRatio = 1032

// maxRaw bounds every file of a bundle once it is uncompressed.
const maxRaw = 1 << 30

func (f File) valid() bool {
	return isHex(f.Name, nameDigits) && f.Bytes > 0 && f.Bytes <= maxRaw && f.Raw >= 0 && f.Raw <= min(maxRaw, f.Bytes*maxRatio)
}

func isHex(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}
