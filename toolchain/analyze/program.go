package analyze

import (
	"fmt"
	"runtime/debug"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"
)

// program is a compiled piece of a model. Its weights can be replaced by others of the same shapes
// without compiling again.
type program struct {
	backend backends.Backend
	scope   *mlcontext.Context
	exec    *mlcontext.Exec
}

// newProgram makes a program of a graph function that reads its weights from scope.
func newProgram(backend backends.Backend, build func(scope *mlcontext.Context, inputs []*graph.Node) []*graph.Node) (*program, error) {
	p := &program{backend: backend, scope: mlcontext.New()}
	var err error
	p.exec, err = mlcontext.NewExecAny(backend, p.scope, build)
	return p, err
}

// load replaces the weights by those that read puts into a scope. The old ones are freed before.
func (p *program) load(read func(scope *mlcontext.Context) error) error {
	for v := range p.scope.IterVariables() {
		if err := v.Reset(); err != nil {
			return err
		}
	}
	fresh := mlcontext.New()
	if err := read(fresh); err != nil {
		return err
	}
	for v := range fresh.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return err
		}
		if err := value.MaterializeOnDevice(p.backend, true, 0); err != nil {
			return fmt.Errorf("copy %s to the device: %w", v.ScopeAndName(), err)
		}
		value.FinalizeLocal()
		if have := p.scope.GetVariableByScopeAndName(v.Scope(), v.Name()); have != nil {
			err = have.SetValuePreservingOld(value)
		} else {
			p.scope.InAbsPath(v.Scope()).Checked(false).VariableWithValue(v.Name(), value)
		}
		if err != nil {
			return err
		}
	}
	debug.FreeOSMemory() // what was read lies in Go's memory still, a layer's worth
	return nil
}

// run executes the program. The caller finalizes the results.
func (p *program) run(inputs ...any) ([]*tensors.Tensor, error) { return p.exec.Exec(inputs...) }

// close frees weights and compiled code.
func (p *program) close() {
	p.exec.Finalize()
	p.scope.Finalize()
}
