package finetune

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/internal/atomicfile"
)

// state is all that a run needs to go on: where it is, and in a file beside it
// the variables that training changes.
type state struct {
	Settings  settings      `json:"settings"`
	Step      int           `json:"step"`   // steps done
	Tokens    int64         `json:"tokens"` // of the student, without padding
	Texts     int64         `json:"texts"`
	Seconds   float64       `json:"seconds"` // spent so far
	Cursor    cursor        `json:"cursor"`
	Metrics   int64         `json:"metrics"` // bytes of the metrics file
	Variables []storedShape `json:"variables"`
	SHA256    string        `json:"sha256"` // of the variables' file
}

// storedShape is a variable in the file of variables: float32 values, little
// endian, one variable after the other.
type storedShape struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

const (
	stateDir      = "state"
	stateFile     = "state.json"
	variablesFile = "variables.bin"
	keptStates    = 2
)

// save writes a state as a folder of its own and removes all but the last two.
// Until the new one is complete on disk nothing else is touched.
func (s *state) save(run string, variables []*context.Variable) error {
	parent := filepath.Join(run, stateDir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	dir, err := atomicfile.CreateDir(filepath.Join(parent, fmt.Sprintf("step-%09d", s.Step)))
	if err != nil {
		return err
	}
	defer dir.Abort()
	s.Variables = s.Variables[:0]
	for _, v := range variables {
		s.Variables = append(s.Variables, storedShape{v.ScopeAndName(), v.Shape().Dimensions})
	}
	if s.SHA256, err = writeVariables(filepath.Join(dir.Path(), variablesFile), variables); err != nil {
		return err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir.Path(), stateFile), append(data, '\n'), 0o644); err != nil {
		return err
	}
	if err := dir.Commit(); err != nil {
		return err
	}
	all, err := savedStates(run)
	if err != nil {
		return err
	}
	for _, old := range all[:max(0, len(all)-keptStates)] {
		if err := os.RemoveAll(old); err != nil {
			return err
		}
	}
	return nil
}

func writeVariables(path string, variables []*context.Variable) (hash string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20)
	for _, v := range variables {
		value, err := v.Value()
		if err != nil {
			return "", err
		}
		err = tensors.ConstFlatData(value, func(data []float32) {
			var b [4]byte
			for _, x := range data {
				binary.LittleEndian.PutUint32(b[:], math.Float32bits(x))
				w.Write(b[:]) // Flush reports the error
			}
		})
		if err != nil {
			return "", err
		}
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), f.Close()
}

// savedStates lists the folders of complete states, the oldest first.
func savedStates(run string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(run, stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "step-") {
			list = append(list, filepath.Join(run, stateDir, e.Name()))
		}
	}
	slices.Sort(list)
	return list, nil
}

// errNoState says that a run has not been begun.
var errNoState = errors.New("no saved state")

// loadState reads the last state that is undamaged, [errNoState] if there is
// none at all. warn is told of damaged ones.
func loadState(run string, warn func(string)) (*state, string, error) {
	list, err := savedStates(run)
	if err != nil {
		return nil, "", err
	}
	for _, dir := range slices.Backward(list) {
		s, err := readState(dir)
		if err == nil {
			return s, dir, nil
		}
		warn(fmt.Sprintf("%s is damaged and not used: %v", dir, err))
	}
	if len(list) > 0 {
		return nil, "", fmt.Errorf("%s: all saved states are damaged: remove the folder to begin anew", filepath.Join(run, stateDir))
	}
	return nil, "", errNoState
}

func readState(dir string) (*state, error) {
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, err
	}
	s := new(state)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(dir, variablesFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != s.SHA256 {
		return nil, fmt.Errorf("%s was changed or is incomplete", variablesFile)
	}
	return s, nil
}

// restore gives the variables their saved values.
func (s *state) restore(dir string, variables []*context.Variable) error {
	if len(s.Variables) != len(variables) {
		return fmt.Errorf("%s: %d variables, the run trains %d", dir, len(s.Variables), len(variables))
	}
	f, err := os.Open(filepath.Join(dir, variablesFile))
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for i, v := range variables {
		if have := s.Variables[i]; have.Name != v.ScopeAndName() || !slices.Equal(have.Shape, v.Shape().Dimensions) {
			return fmt.Errorf("%s: variable %s %v, the run trains %s %v", dir, have.Name, have.Shape, v.ScopeAndName(), v.Shape().Dimensions)
		}
		data := make([]float32, v.Shape().Size())
		raw := make([]byte, 4*len(data))
		if _, err := io.ReadFull(r, raw); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		for j := range data {
			data[j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:]))
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(data, v.Shape().Dimensions...)); err != nil {
			return err
		}
	}
	return nil
}
