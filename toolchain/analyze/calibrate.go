package analyze

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// GenericText is English prose for calibration: the first longer sections of 205 Python Enhancement
// Proposals (PEP 400 and later), which their authors have put in the public domain or under
// CC0-1.0. The paper takes C4, also deliberately no retrieval data: the order hardly depends on the
// text (section 4.3).
//
//go:embed generic.txt
var GenericText string

// maxText is the number of bytes of calibration text that are read: far more than any sensible
// number of sequences needs.
const maxText = 64 << 20

// ReadText reads a text file, or all files *.txt and *.md below a folder, in the order of their
// paths.
func ReadText(path string) (string, error) {
	var files []string
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if file == path && !entry.IsDir() || entry.Type().IsRegular() && slices.Contains([]string{".txt", ".md"}, filepath.Ext(file)) {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("calibration text: %w", err)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("calibration text: %s holds no *.txt or *.md", path)
	}
	var all strings.Builder
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", fmt.Errorf("calibration text: %w", err)
		}
		if int64(all.Len())+info.Size() > maxText {
			return "", fmt.Errorf("calibration text: more than %d MB with %s: give less", maxText>>20, file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("calibration text: %w", err)
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String(), nil
}

// Sequences cuts a text into at most count sequences of up to length tokens, special tokens
// included, as the model takes a passage. Each begins at a word of the text; as a word has at least
// one token, windows of so many words fill them. A text that is too short gives fewer.
func Sequences(m compress.Model, text string, count, length int) ([][]int32, error) {
	if count < 1 || length < 1 {
		return nil, fmt.Errorf("calibration text: %d sequences of %d tokens, want 1 or more of each", count, length)
	}
	r, err := reader.New(m, length)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, errors.New("calibration text: it is empty")
	}
	var sequences [][]int32
	for window := range slices.Chunk(words, r.Limit()) {
		if len(sequences) == count || len(window) < r.Limit() && len(sequences) > 0 {
			break
		}
		ids, err := r.Read(strings.Join(window, " "), encoder.Passage)
		if err != nil {
			return nil, fmt.Errorf("calibration text: %w", err)
		}
		sequences = append(sequences, ids)
	}
	return sequences, nil
}
