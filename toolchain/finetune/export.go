package finetune

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/lora"
	"github.com/effir/effir/gomlx-models/slim"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
)

// CheckpointDir is the folder of the trained model in the folder of a run,
// GatesFile the file of the gates.
const (
	CheckpointDir = "checkpoint"
	GatesFile     = "gates.json"
)

// export writes what was trained: a checkpoint with adapters merged, or the
// gates. It is the last use of the model.
func (s *session) export(ctx context.Context, r *Result) error {
	if s.options.SlimLambda > 0 {
		gates, err := slim.Gates(s.student.scope, s.student.model)
		if err != nil {
			return err
		}
		r.Gates = filepath.Join(s.options.Out, GatesFile)
		return compress.WriteGates(r.Gates, gates)
	}
	if s.options.LoRARank > 0 {
		if err := lora.Merge(s.student.scope); err != nil {
			return err
		}
	}
	tokenizer, err := s.student.checkpoint.TokenizerJSON()
	if err != nil {
		return err
	}
	config := s.student.Config()
	config.TorchDtype = "float32"
	r.Checkpoint = filepath.Join(s.options.Out, CheckpointDir)
	return checkpoint.Write(ctx, r.Checkpoint, config, trainedSource{s}, tokenizer, nil)
}

// trainedSource gives the tensors of the trained model by name.
type trainedSource struct{ *session }

// Tensor implements checkpoint.Source. Tensors that are no variables, such as an
// output projection that embedding does not need, are the checkpoint's.
func (t trainedSource) Tensor(name string) (checkpoint.Tensor, error) {
	path, last := "", name
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		path, last = name[:dot], name[dot+1:]
	}
	scope := t.student.scope
	if path != "" {
		scope = family.Scope(scope, path)
	}
	v := scope.GetVariable(last)
	if v == nil {
		return t.student.checkpoint.Tensor(name)
	}
	value, err := v.Value()
	if err != nil {
		return checkpoint.Tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	if t.options.WeightBits > 0 && t.isLinear(path) && last == layer.VarWeight {
		// What was trained is the rounded weight: a package of as many bits then holds it exactly.
		value, err = graph.ExecOnce(t.backend, func(w *graph.Node) *graph.Node {
			return layer.FakeQuantise(w, t.options.WeightBits)
		}, value)
		if err != nil {
			return checkpoint.Tensor{}, fmt.Errorf("round %s: %w", name, err)
		}
	}
	data, err := tensors.CopyFlatData[float32](value)
	return checkpoint.Tensor{Name: name, Shape: v.Shape().Dimensions, Data: data}, err
}

// isLinear tells whether a scope of the student holds a linear weight of a layer.
func (t trainedSource) isLinear(path string) bool {
	return slices.ContainsFunc(t.student.model.Linears(), func(l family.Linear) bool { return l.Path == path })
}

// checkOut reports a folder that holds something else than a run, which must
// not be written into.
func checkOut(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	known := false
	for _, e := range entries {
		known = known || e.Name() == stateDir || e.Name() == metricsFile
	}
	if len(entries) > 0 && !known {
		return fmt.Errorf("--out %s holds other files (%s): give a new folder, or that of the run to resume", dir, entries[0].Name())
	}
	return nil
}
