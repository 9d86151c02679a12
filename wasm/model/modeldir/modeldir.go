// Package modeldir reads model packages from a directory and verifies them. It
// is apart from package model because guests, whose hosts verify with what the
// platform has, need no hashing of their own: crypto/sha256 is a tenth of them.
package modeldir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// Open reads and checks the manifest of a package directory. raw is its text.
func Open(dir fs.FS) (m *model.Manifest, raw []byte, err error) {
	raw, err = fs.ReadFile(dir, model.FileName)
	if err != nil {
		return nil, nil, fmt.Errorf("model package: %w; give the folder that holds %s", err, model.FileName)
	}
	m, err = model.Parse(raw)
	return m, raw, err
}

// Check verifies the manifest and every file of a package.
func Check(dir fs.FS) error {
	m, _, err := Open(dir)
	if err != nil {
		return err
	}
	if _, err := ReadFile(dir, m.Tokenizer); err != nil {
		return err
	}
	return ReadImage(dir, m, func(int, []byte) error { return nil })
}

// Identity is what names a package elsewhere, such as in the bundle that it
// embedded: the hex SHA-256 of its manifest, which names all its content.
func Identity(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return hex.EncodeToString(sum[:])
}

// Load copies the verified weights of a package to new memory and returns where
// the image starts.
func Load(dir fs.FS, m *model.Manifest, memory kernel.Memory) (kernel.Ptr, error) {
	weights, err := memory.Alloc(m.Weights.Bytes)
	if err != nil {
		return 0, err
	}
	return weights, ReadImage(dir, m, func(offset int, chunk []byte) error {
		memory.Write(weights.Add(offset), chunk)
		return nil
	})
}

// Tokenizer reads the verified tokenizer of a package.
func Tokenizer(dir fs.FS, m *model.Manifest) (*tokenizer.Tokenizer, error) {
	b, err := ReadFile(dir, m.Tokenizer)
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(b)
}

// ReadImage hands the verified chunks of the weights image to place, in order,
// each with its offset in the image.
func ReadImage(dir fs.FS, m *model.Manifest, place func(offset int, chunk []byte) error) error {
	offset := 0
	for _, file := range m.Weights.Chunks {
		b, err := ReadFile(dir, file)
		if err != nil {
			return err
		}
		if err := place(offset, b); err != nil {
			return err
		}
		offset += len(b)
	}
	return nil
}

// ReadFile reads a content-addressed file and verifies it. It never returns
// unverified bytes.
func ReadFile(dir fs.FS, f model.File) ([]byte, error) {
	name := f.FileName()
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, errors.New("model package: " + name + " is missing: " + err.Error() + "; fetch or export the package again")
	}
	if info.Size() != int64(f.Bytes) {
		return nil, errors.New("model package: " + name + " has the wrong size, it was cut or changed; fetch or export the package again")
	}
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, err
	}
	if err := Verify(f, b); err != nil {
		return nil, err
	}
	return b, nil
}

// Verify says whether b is the file's content.
func Verify(f model.File, b []byte) error {
	if sum := sha256.Sum256(b); len(b) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
		return errors.New("model package: " + f.FileName() + " does not have the content that its name promises; fetch or export the package again")
	}
	return nil
}

// NewFile names content.
func NewFile(b []byte) model.File {
	sum := sha256.Sum256(b)
	return model.File{SHA256: hex.EncodeToString(sum[:]), Bytes: len(b)}
}
