package verify

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/model/modeldir"
)

// RecordingName is the file of a recording in the folder of a package.
const RecordingName = "parity.json.gz"

// maxRecording bounds an unpacked recording: 64 texts of 4,096 dims are 2 MB.
const maxRecording = 16 << 20

// Write stores the recording in the folder of its package.
func (r *Recording) Write(dir string) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := errors.Join(json.NewEncoder(z).Encode(r), z.Close()); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, RecordingName), packed.Bytes())
}

// ReadRecording reads the recording of the package in dir and checks that it is
// of that package.
func ReadRecording(dir string) (*Recording, error) {
	path := filepath.Join(dir, RecordingName)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("verify: %w; make it by `effir verify --record CHECKPOINT %s`", err, dir)
	}
	defer f.Close()
	r, err := parseRecording(f)
	if err != nil {
		return nil, fmt.Errorf("verify: %s: %w; make it again by `effir verify --record CHECKPOINT %s`", path, err, dir)
	}
	_, manifest, err := modeldir.Open(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	if r.Model != modeldir.Identity(manifest) {
		return nil, fmt.Errorf("verify: %s was recorded for another package than the one beside it; make it again by `effir verify --record CHECKPOINT %s`", path, dir)
	}
	return r, nil
}

// parseRecording reads a recording and checks that there is something in it.
func parseRecording(packed io.Reader) (*Recording, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	r := new(Recording)
	if err := json.NewDecoder(io.LimitReader(z, maxRecording)).Decode(r); err != nil {
		return nil, err
	}
	if len(r.Texts) == 0 {
		return nil, errors.New("it holds no texts")
	}
	return r, nil
}

// Digest is the hexadecimal SHA-256 of vectors, one after the other, as float32
// numbers in little-endian order.
func Digest(vectors [][]float32) string {
	hash := sha256.New()
	for _, v := range vectors {
		hash.Write(bytesOf(v))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func bytesOf(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func floatsOf(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}
