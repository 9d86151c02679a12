package quantise

import (
	"cmp"
	"slices"
)

// Matrix is one matrix of a model and what rounding it costs.
type Matrix struct {
	Name    string  `json:"name"`
	Out, In int     `json:"-"`
	Weights int     `json:"weights"` // their number
	Bits    int     `json:"bits"`
	Error   float64 `json:"error"` // mean squared change of its outputs, relative to their mean square
}

// Widths gives the matrices that suffer most from few bits more of them: the
// relative error of their outputs decides, the greatest first, until the wide ones
// hold the given share of all weights. It returns the number of bits by name.
func Widths(matrices []Matrix, narrow, wide int, share float64) map[string]int {
	order := slices.Clone(matrices)
	slices.SortStableFunc(order, func(a, b Matrix) int { return cmp.Or(cmp.Compare(b.Error, a.Error), cmp.Compare(a.Name, b.Name)) })
	total := 0
	for _, m := range matrices {
		total += m.Weights
	}
	bits := make(map[string]int, len(matrices))
	room := int(share * float64(total))
	for _, m := range order {
		bits[m.Name] = narrow
		if m.Weights <= room {
			bits[m.Name] = wide
			room -= m.Weights
		}
	}
	return bits
}
