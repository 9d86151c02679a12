// Package lora adds low-rank adapters to a model (LoRA, arXiv:2106.09685):
// beside a weight W [out, in] lie A [rank, in] and B [out, rank], and the model
// computes with W + alpha/rank·B·A (see [layer.Linear]).
package lora

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
)

// Add creates trainable adapters for the products with the given names (see
// [family.Linear]); without names, for all of them. A is drawn evenly from
// ±1/√in, B is zero, so the model computes what it did before.
//
// The model's weights must have been loaded. They stay as trainable as they
// were; see [Freeze].
func Add(scope *context.Context, m family.Trainable, rank int, alpha float64, r *rand.Rand, names ...string) error {
	if rank < 1 || !(alpha > 0) || math.IsInf(alpha, 0) {
		return fmt.Errorf("lora: rank %d and alpha %g, want both positive", rank, alpha)
	}
	linears, err := choose(m, names)
	if err != nil {
		return err
	}
	for _, l := range linears {
		at := family.Scope(scope, l.Path)
		weight := at.GetVariable(layer.VarWeight)
		if weight == nil || !slices.Equal(weight.Shape().Dimensions, []int{l.Out, l.In}) {
			return fmt.Errorf("lora: scope %s has no weight [%d, %d]: load the model's weights first", at.Scope(), l.Out, l.In)
		}
		if at.GetVariable(layer.VarLoRAA) != nil {
			return fmt.Errorf("lora: scope %s has an adapter already", at.Scope())
		}
	}
	for _, l := range linears {
		at := family.Scope(scope, l.Path).Checked(false)
		a := make([]float32, rank*l.In)
		bound := 1 / math.Sqrt(float64(l.In))
		for i := range a {
			a[i] = float32(bound * (2*r.Float64() - 1))
		}
		at.VariableWithValue(layer.VarLoRAA, tensors.FromFlatDataAndDimensions(a, rank, l.In))
		at.VariableWithValue(layer.VarLoRAB, tensors.FromFlatDataAndDimensions(make([]float32, l.Out*rank), l.Out, rank))
	}
	scope.SetParam(layer.ParamLoRAScale, alpha/float64(rank))
	return nil
}

// choose returns the products with the given names.
func choose(m family.Trainable, names []string) ([]family.Linear, error) {
	all := m.Linears()
	if len(names) == 0 {
		return all, nil
	}
	var list []family.Linear
	missing := slices.Clone(names)
	var known []string
	for _, l := range all {
		if slices.Contains(names, l.Name) {
			list = append(list, l)
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == l.Name })
		}
		if !slices.Contains(known, l.Name) {
			known = append(known, l.Name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("lora: the model has no product %q, only %q", missing[0], known)
	}
	return list, nil
}

// Freeze makes adapters the only trainable variables in scope.
func Freeze(scope *context.Context) {
	for v := range scope.IterVariablesInScope() {
		v.SetTrainable(isAdapter(v))
	}
}

func isAdapter(v *context.Variable) bool {
	return v.Name() == layer.VarLoRAA || v.Name() == layer.VarLoRAB
}

// Merge adds the adapters in scope to their weights and removes them. Programs
// that were compiled with adapters must be compiled anew. A weight that is not
// finite afterwards is an error, and leaves scope with some adapters merged.
func Merge(scope *context.Context) error {
	var list []*context.Variable
	for v := range scope.IterVariablesInScope() {
		if v.Name() == layer.VarLoRAA {
			list = append(list, v)
		}
	}
	for _, a := range list {
		if err := merge(scope, a); err != nil {
			return fmt.Errorf("lora: merge %s: %w", a.Scope(), err)
		}
	}
	return nil
}

func merge(scope *context.Context, a *context.Variable) error {
	path := a.Scope()
	b, weight := scope.GetVariableByScopeAndName(path, layer.VarLoRAB), scope.GetVariableByScopeAndName(path, layer.VarWeight)
	if b == nil || weight == nil {
		return fmt.Errorf("an adapter without %s or %s", layer.VarLoRAB, layer.VarWeight)
	}
	scale := context.GetParamOr(scope.InAbsPath(path), layer.ParamLoRAScale, 0.0)
	if scale == 0 {
		return fmt.Errorf("the parameter %q is not set", layer.ParamLoRAScale)
	}
	va, err := values(a)
	if err != nil {
		return err
	}
	vb, err := values(b)
	if err != nil {
		return err
	}
	w, err := values(weight)
	if err != nil {
		return err
	}
	rank, in := a.Shape().Dimensions[0], a.Shape().Dimensions[1]
	row := make([]float64, in)
	for o := range len(w) / in {
		clear(row)
		for k := range rank {
			factor := scale * float64(vb[o*rank+k])
			for i, x := range va[k*in : (k+1)*in] {
				row[i] += factor * float64(x)
			}
		}
		for i, x := range row {
			sum := float32(float64(w[o*in+i]) + x)
			if math.IsNaN(float64(sum)) || math.IsInf(float64(sum), 0) {
				return fmt.Errorf("weight %d becomes %g: the training diverged", o*in+i, sum)
			}
			w[o*in+i] = sum
		}
	}
	if err := weight.SetValue(tensors.FromFlatDataAndDimensions(w, weight.Shape().Dimensions...)); err != nil {
		return err
	}
	if err := scope.DeleteVariable(path, layer.VarLoRAA); err != nil {
		return err
	}
	return scope.DeleteVariable(path, layer.VarLoRAB)
}

// values returns a copy of a variable's values.
func values(v *context.Variable) (x []float32, err error) {
	t, err := v.Value()
	if err != nil {
		return nil, err
	}
	err = tensors.ConstFlatData(t, func(flat []float32) { x = slices.Clone(flat) })
	return x, err
}
