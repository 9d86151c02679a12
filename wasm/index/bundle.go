package index

import (
	"strings"

	"github.com/effir/effir/wasm/internal/jsontext"
)

const (
	// ManifestName is the file of a bundle that names the others.
	ManifestName = "index.json"

	// BundleFormat names the version of the manifest that this package reads.
	BundleFormat = "effir-index/2"

	maxManifestBytes = 1 << 20
	maxFileBytes     = 1 << 32
)

// Bundle is the manifest of a search bundle: which files it is made of and how
// to use them. Files lie beside the manifest, named by their content.
type Bundle struct {
	Format string `json:"format"` // BundleFormat
	Count  int    `json:"count"`  // passages
	// Keyword is a Keyword and Passages a Passages file, both of Count passages.
	Keyword  File `json:"keyword"`
	Passages File `json:"passages"`
	// Vectors is absent until passages have been embedded.
	Vectors *VectorFile `json:"vectors,omitempty"`
	Fusion  Fusion      `json:"fusion"`
}

// File names one file of a bundle by the SHA-256 of its content.
type File struct {
	SHA256 string `json:"sha256"` // lower-case hex
	Bytes  int64  `json:"bytes"`
}

// FileName returns the file's name in the bundle's folder.
func (f File) FileName() string { return f.SHA256 + ".bin" }

// VectorFile names a Vectors file and what its vectors mean.
type VectorFile struct {
	File
	Model string `json:"model"` // SHA-256 of the model package's manifest, lower-case hex
	Dims  int    `json:"dims"`
	Count int    `json:"count"` // the first Count passages have vectors
}

// Fusion is how the two rankings are combined, see retriever.Fuse.
type Fusion struct {
	// Keyword weighs how well a passage fits by keyword, see Fit.
	Keyword float32 `json:"keyword"`
	// Semantic weighs the square of the number of standard deviations by which a
	// passage is more similar to the query than the average passage is.
	Semantic float32 `json:"semantic"`
}

// DefaultFusion suits models of very different quality; see RATIONALE for how it
// was chosen.
func DefaultFusion() Fusion { return Fusion{Keyword: 1, Semantic: 0.03} }

// NewBundle returns a manifest without vectors. Check it before use.
func NewBundle(count int, keyword, passages File, fusion Fusion) Bundle {
	return Bundle{
		Format: BundleFormat, Count: count,
		Keyword: keyword, Passages: passages, Fusion: fusion,
	}
}

// ParseBundle reads and checks a manifest. Unknown fields are refused: they
// come from a version that this one would misread.
func ParseBundle(data []byte) (*Bundle, error) {
	if len(data) > maxManifestBytes {
		return nil, corrupt(ManifestName, "manifest", "is over 1 MiB")
	}
	o, err := jsontext.Parse(data)
	if err != nil {
		return nil, corrupt(ManifestName, "manifest", "is not valid ("+err.Error()+")")
	}
	b, unknown := readBundle(o)
	if err := o.Err(); err != nil {
		return nil, corrupt(ManifestName, "manifest", "is not of this version ("+err.Error()+")")
	}
	if unknown != "" {
		return nil, corrupt(ManifestName, unknown, "is unknown to this version")
	}
	if err := b.Check(); err != nil {
		return nil, err
	}
	return &b, nil
}

// readBundle fills a manifest by the names of its JSON tags and returns the first
// member that has none.
func readBundle(o *jsontext.Object) (b Bundle, unknown string) {
	b.Format, b.Count = o.String("format"), o.Int("count")
	file := func(o *jsontext.Object) File {
		return File{SHA256: o.String("sha256"), Bytes: int64(o.Int("bytes"))}
	}
	keyword, passages, vectors, fusion := o.Object("keyword"), o.Object("passages"), o.Object("vectors"), o.Object("fusion")
	if keyword != nil {
		b.Keyword = file(keyword)
	}
	if passages != nil {
		b.Passages = file(passages)
	}
	if vectors != nil {
		b.Vectors = &VectorFile{File: file(vectors), Model: vectors.String("model"), Dims: vectors.Int("dims"), Count: vectors.Int("count")}
	}
	if fusion != nil {
		b.Fusion = Fusion{Keyword: fusion.Float32("keyword"), Semantic: fusion.Float32("semantic")}
	}
	for _, part := range []*jsontext.Object{o, keyword, passages, vectors, fusion} {
		if part != nil && unknown == "" {
			unknown = part.Unknown()
		}
	}
	return b, unknown
}

// Check reports the first field of b that is not usable.
func (b *Bundle) Check() error {
	switch {
	case b.Format != BundleFormat:
		return corrupt(ManifestName, "format", "is not "+BundleFormat)
	case b.Count < 0 || b.Count > maxPassages:
		return corrupt(ManifestName, "count", "is out of range")
	case !b.Keyword.valid():
		return corrupt(ManifestName, "keyword", "is not a file name and size")
	case !b.Passages.valid():
		return corrupt(ManifestName, "passages", "is not a file name and size")
	}
	if err := b.Fusion.Check(); err != nil {
		return err
	}
	if v := b.Vectors; v != nil {
		switch {
		case !v.valid():
			return corrupt(ManifestName, "vectors", "is not a file name and size")
		case !isSHA256(v.Model):
			return corrupt(ManifestName, "vectors.model", "is not a SHA-256")
		case v.Dims < 1 || v.Dims > MaxDims:
			return corrupt(ManifestName, "vectors.dims", "is out of range")
		case v.Count < 0 || v.Count > b.Count:
			return corrupt(ManifestName, "vectors.count", "is out of range")
		case v.Bytes != vectorsHeader+int64(v.Count)*(4+int64(v.Dims)):
			return corrupt(ManifestName, "vectors.bytes", "does not follow from dims and count")
		}
	}
	return nil
}

// Check reports weights that give no order.
func (f Fusion) Check() error {
	inRange := func(x float32) bool { return x >= 0 && x <= 1e6 }
	if !inRange(f.Keyword) || !inRange(f.Semantic) || f.Keyword+f.Semantic == 0 {
		return corrupt(ManifestName, "fusion", "needs weights of at least 0, not both 0")
	}
	return nil
}

func (f File) valid() bool {
	return isSHA256(f.SHA256) && f.Bytes > 0 && f.Bytes <= maxFileBytes
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
