package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
)

// ReadFile reads a content-addressed file and verifies it. It never returns
// unverified bytes.
func ReadFile(dir fs.FS, f File) ([]byte, error) {
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
	if err := f.Verify(b); err != nil {
		return nil, err
	}
	return b, nil
}

// Verify says whether b is the file's content.
func (f File) Verify(b []byte) error {
	if sum := sha256.Sum256(b); len(b) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
		return errors.New("model package: " + f.FileName() + " does not have the content that its name promises; fetch or export the package again")
	}
	return nil
}

// NewFile names content.
func NewFile(b []byte) File {
	sum := sha256.Sum256(b)
	return File{SHA256: hex.EncodeToString(sum[:]), Bytes: len(b)}
}

// Open reads and checks the manifest of a package directory. raw is its text.
func Open(dir fs.FS) (m *Manifest, raw []byte, err error) {
	raw, err = fs.ReadFile(dir, FileName)
	if err != nil {
		return nil, nil, errors.New("model package: " + err.Error() + "; give the folder that holds " + FileName)
	}
	m, err = Parse(raw)
	return m, raw, err
}

// ReadImage hands the verified chunks of the weights image to place, in order,
// each with its offset in the image.
func (m *Manifest) ReadImage(dir fs.FS, place func(offset int, chunk []byte) error) error {
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
