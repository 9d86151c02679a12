package compress

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Gates are the values that training gave to the gates of the MLPs' neurons, per layer; a layer
// without an MLP has none. A file of them is a JSON object: {"gates": [[0.98, 1.02, ...], [], ...]}.
type Gates [][]float32

const maxGates = 1 << 30 // bytes of a file; a 7B model's has 5 MB

type gatesFile struct {
	Gates Gates `json:"gates"`
}

// ReadGates reads a file of gates.
func ReadGates(path string) (Gates, error) {
	fail := func(problem string, err error) (Gates, error) {
		return nil, &checkpoint.InputError{
			File: path, Field: "gates", Problem: problem, Err: err,
			Remedy: "give the gates.json that training the gates wrote",
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.Size() > maxGates {
		return fail(fmt.Sprintf("the file has %d bytes, at most %d are allowed", info.Size(), maxGates), nil)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	var file gatesFile
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&file); err != nil {
		return fail("no JSON object with a list of numbers per layer", err)
	}
	if len(file.Gates) == 0 {
		return fail("is missing or empty", nil)
	}
	return file.Gates, nil
}

// WriteGates writes a file that ReadGates reads. Values must be finite.
func WriteGates(path string, gates Gates) error {
	data, err := json.Marshal(gatesFile{gates})
	if err != nil {
		return fmt.Errorf("write gates: %w", err)
	}
	return atomicfile.Write(path, append(data, '\n'))
}

// check holds the gates against the model whose neurons they rank.
func (g Gates) check(cfg checkpoint.Config) error {
	if len(g) != cfg.NumHiddenLayers {
		return fmt.Errorf("compress: gates of %d layers, the model has %d: they belong to another model", len(g), cfg.NumHiddenLayers)
	}
	for layer, values := range g {
		if len(values) != cfg.MLPWidth(layer) {
			return fmt.Errorf("compress: layer %d has %d gates for %d neurons: they belong to another model", layer, len(values), cfg.MLPWidth(layer))
		}
		for i, x := range values {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return fmt.Errorf("compress: gate %d of layer %d is %v: training them went wrong", i, layer, x)
			}
		}
	}
	return nil
}
