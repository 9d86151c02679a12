package export

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/model"
)

// Precision says in how many bits tensors are stored. What is not named here, the
// norms, biases and heads, is float32.
type Precision struct {
	// Weights are the bits of a matrix's weights: 4, which is the default, or 7,
	// which take 9 bits of memory instead of 5, scales included, and lose almost nothing.
	Weights int

	// Embedding are the bits of the token table: 8, which is the default, or 4.
	Embedding int

	// Overrides maps patterns of package tensor names, such as "layer.0.*" or
	// "layer.*.down" (path.Match), to bits. Of several that match, the longest counts.
	Overrides map[string]int
}

// check refuses widths that do not exist and patterns that name nothing.
func (p Precision) check(slots []model.Slot) error {
	if p.Weights != 0 && p.Weights != 4 && p.Weights != 7 {
		return fmt.Errorf("export: %d-bit weights are not supported, only 4 and 7", p.Weights)
	}
	if p.Embedding != 0 && p.Embedding != 4 && p.Embedding != 8 {
		return fmt.Errorf("export: a %d-bit embedding is not supported, only 4 and 8", p.Embedding)
	}
	for pattern, bits := range p.Overrides {
		used := false
		for _, s := range slots {
			match, err := path.Match(pattern, s.Name)
			if err != nil {
				return fmt.Errorf("export: precision %q: %w", pattern, err)
			}
			if !match || s.Kind == model.Vector {
				continue
			}
			used = true
			if typeNames[s.Kind][bits] == "" {
				return fmt.Errorf("export: precision %q: %s cannot have %d bits; matrices have 4 or 7, tables 4 or 8", pattern, s.Name, bits)
			}
		}
		if !used {
			return fmt.Errorf("export: precision %q names no quantised tensor of this model", pattern)
		}
	}
	return nil
}

// typeNames maps bits to the type of a tensor.
var typeNames = map[model.Kind]map[int]string{
	model.Matrix: {4: model.Q4, 7: model.Q7},
	model.Rows:   {4: model.Q4Rows, 8: model.Q8Rows},
}

// typeOf returns the type in which a tensor is stored.
func (p Precision) typeOf(s model.Slot) string {
	bits := 0
	switch {
	case s.Kind == model.Vector:
		return model.F32
	case s.Kind == model.Matrix:
		bits = cmp.Or(p.Weights, 4)
	case s.Name == "embedding":
		bits = cmp.Or(p.Embedding, 8)
	default: // other tables are small
		bits = 8
	}
	byLength := slices.SortedFunc(maps.Keys(p.Overrides), func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	for _, pattern := range byLength {
		if match, _ := path.Match(pattern, s.Name); match {
			bits = p.Overrides[pattern]
		}
	}
	return typeNames[s.Kind][bits]
}
