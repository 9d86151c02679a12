package finetune

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/toolchain/checkpoint"
)

// CheckpointDir is the folder of the trained model in the folder of a run,
// GatesFile the file of the gates.
const (
	CheckpointDir = "checkpoint"
	GatesFile     = "gates.json"
)

// export writes what was trained: a checkpoint with adapters merged, or the
// gates.
func (s *session) export(ctx context.Context, r *Result) error {
	if s.options.SlimLambda > 0 {
		r.Gates = filepath.Join(s.options.Out, GatesFile)
		return s.writeGates(r.Gates)
	}
	tokenizer, err := s.student.checkpoint.TokenizerJSON()
	if err != nil {
		return err
	}
	config := s.student.config
	embedding := s.student.embedding
	config.Embedding = &embedding
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
	for part := range strings.SplitSeq(path, ".") {
		scope = scope.In(part)
	}
	v := scope.GetVariable(last)
	if v == nil {
		return t.student.checkpoint.Tensor(name)
	}
	data, err := values(scope, last)
	if err != nil {
		return checkpoint.Tensor{}, err
	}
	if last == layer.VarWeight && scope.GetVariable(layer.VarLoRAA) != nil {
		if err := t.merge(data, scope); err != nil {
			return checkpoint.Tensor{}, err
		}
	}
	return checkpoint.Tensor{Name: name, Shape: v.Shape().Dimensions, Data: data}, nil
}

// values returns a copy of a variable's values.
func values(scope scoped, name string) ([]float32, error) {
	value, err := scope.GetVariable(name).Value()
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", name, scope.Scope(), err)
	}
	return tensors.CopyFlatData[float32](value)
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
