package analyze

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/compress"
)

// work is an analysis under way: a folder with its progress and the states that the next layer
// reads.
type work struct {
	dir string

	Fingerprint string           `json:"fingerprint"` // of model and text
	Next        int              `json:"next"`        // layer to run; -1: the embedding
	Scores      map[Unit][]Score `json:"scores"`      // of the layers before
}

// resume opens the folder dir. What is there of another model or text is thrown away.
func resume(dir, fingerprint string) (*work, error) {
	if dir == "" {
		return nil, errors.New("analyze: no folder for intermediate results")
	}
	foreign, err := atomicfile.Foreign(dir, ofWork)
	if err != nil {
		return nil, err
	}
	if foreign != "" {
		return nil, fmt.Errorf("analyze: %s holds %s, which is no intermediate result: choose another folder", dir, foreign)
	}
	w := &work{dir: dir}
	data, err := os.ReadFile(w.file())
	if err == nil && json.Unmarshal(data, w) == nil && w.Fingerprint == fingerprint && w.Next >= 0 && w.Scores != nil {
		if _, err := os.Stat(w.states(w.Next)); err == nil {
			return w, nil
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return &work{dir: dir, Fingerprint: fingerprint, Next: -1, Scores: map[Unit][]Score{}}, os.MkdirAll(dir, 0o755)
}

func (w *work) file() string { return filepath.Join(w.dir, "progress.json") }

// ofWork says whether a file of this name may lie in the folder, complete or half-written.
func ofWork(name string) bool {
	for _, pattern := range []string{"progress.json", "states-*.f32", ".progress.json.tmp-*", ".states-*.f32.tmp-*"} {
		if ok, _ := filepath.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// advance notes that the next layer is done, whose output must be stored already.
func (w *work) advance(scores map[Unit]Score) error {
	for unit, score := range scores {
		w.Scores[unit] = append(w.Scores[unit], score)
	}
	w.Next++
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(w.file(), data); err != nil {
		return err
	}
	return w.removeStates(w.Next - 1)
}

// fingerprint tells analyses apart by the configuration, the calibration tokens, the sequences per
// batch and, where the model lies in files, their sizes and times of change.
func fingerprint(m compress.Model, sequences [][]int32, rows int) string {
	h := sha256.New()
	fmt.Fprintln(h, rows)
	config, _ := json.Marshal(m.Config()) // a valid configuration has a JSON form
	h.Write(config)
	for _, s := range sequences {
		_ = binary.Write(h, binary.LittleEndian, int64(len(s))) // a hash accepts everything
		_ = binary.Write(h, binary.LittleEndian, s)
	}
	if files, ok := m.(interface{ Files() []string }); ok {
		for _, path := range files.Files() {
			if info, err := os.Stat(path); err == nil {
				fmt.Fprintln(h, filepath.Base(path), info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
