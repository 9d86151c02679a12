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
