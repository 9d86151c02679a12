package analyze

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Unit is what is dropped as a whole.
type Unit string

// The units.
const (
	Attention Unit = "attention"
	MLP       Unit = "mlp"
	Block     Unit = "block" // a layer, attention and MLP together
)

// Units lists all units.
var Units = []Unit{Attention, MLP, Block}

// ParseUnit reads the name of a unit.
func ParseUnit(name string) (Unit, error) {
	if !slices.Contains(Units, Unit(name)) {
		return "", fmt.Errorf("%q is no unit: use attention, mlp or block", name)
	}
	return Unit(name), nil
}

// Score is the importance of one layer's part: the mean over all tokens of 1 - cos(input, output),
// where both are states of the residual stream. 0 means that the part does nothing to the direction
// of the stream.
type Score struct {
	Layer      int     `json:"layer"`
	Importance float64 `json:"importance"`
}

// Analysis is the result for one model and one calibration text.
type Analysis struct {
	Model     string `json:"model"`      // as the caller names it
	ModelType string `json:"model_type"` // family
	Layers    int    `json:"layers"`
	Text      string `json:"text"`      // where the calibration text is from
	Sequences int    `json:"sequences"` // of calibration text
	Tokens    int    `json:"tokens"`    // over which the mean goes

	// Importance lists for each unit the layers that have it, the least important first.
	Importance map[Unit][]Score `json:"importance"`

	// Greedy lists the layers in the order in which [Greedy] drops their unit, with what is then
	// lost; as far as it was measured.
	Greedy map[Unit][]Score `json:"greedy,omitempty"`

	Effect *Effect `json:"effect,omitempty"` // of dropping by this order, if it was measured
}

// Order returns the layers that have the unit, the least important first.
func (a *Analysis) Order(u Unit) []int {
	order := []int{}
	for _, s := range a.Importance[u] {
		order = append(order, s.Layer)
	}
	return order
}

// GreedyOrder returns the layers that have the unit, first those that Greedy drops, in its order,
// then the rest, the least important first.
func (a *Analysis) GreedyOrder(u Unit) []int {
	order := []int{}
	for _, s := range a.Greedy[u] {
		order = append(order, s.Layer)
	}
	for _, layer := range a.Order(u) {
		if !slices.Contains(order, layer) {
			order = append(order, layer)
		}
	}
	return order
}

// Same tells whether b was measured on the same model, by name and structure, and text.
func (a *Analysis) Same(b Analysis) bool {
	return a.Model == b.Model && a.ModelType == b.ModelType && a.Layers == b.Layers &&
		a.Text == b.Text && a.Sequences == b.Sequences && a.Tokens == b.Tokens
}

// rank sorts scores, the least important first; of equals, the deeper layer.
func rank(scores []Score) {
	slices.SortFunc(scores, func(a, b Score) int {
		return cmp.Or(cmp.Compare(a.Importance, b.Importance), cmp.Compare(b.Layer, a.Layer))
	})
}

const maxAnalysis = 64 << 20 // bytes of a file

// Read reads a file that Write wrote, and checks it.
func Read(path string) (*Analysis, error) {
	fail := func(field, problem string, err error) (*Analysis, error) {
		return nil, &checkpoint.InputError{
			File: path, Field: field, Problem: problem, Err: err,
			Remedy: "give the analysis.json that effir analyze wrote",
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAnalysis+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAnalysis {
		return fail("", fmt.Sprintf("has more than %d bytes", maxAnalysis), nil)
	}
	var a Analysis
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&a); err != nil {
		return fail("", "is not the JSON of an analysis", err)
	}
	check := func(field string, scores []Score) error {
		seen := map[int]bool{}
		for i, s := range scores {
			var err error
			switch {
			case s.Layer < 0 || s.Layer >= a.Layers || seen[s.Layer]:
				_, err = fail(field, fmt.Sprintf("entry %d names layer %d of %d, or names it again", i, s.Layer, a.Layers), nil)
			case math.Abs(s.Importance) > 2: // JSON has no NaN
				_, err = fail(field, fmt.Sprintf("entry %d is %g, want 0 to 2", i, s.Importance), nil)
			}
			if err != nil {
				return err
			}
			seen[s.Layer] = true
		}
		return nil
	}
	for _, unit := range Units {
		if err := check("importance."+string(unit), a.Importance[unit]); err != nil {
			return nil, err
		}
		if err := check("greedy."+string(unit), a.Greedy[unit]); err != nil {
			return nil, err
		}
		rank(a.Importance[unit])
	}
	return &a, nil
}

// Write stores the analysis as JSON.
func (a *Analysis) Write(path string) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("write analysis: %w", err)
	}
	return atomicfile.Write(path, append(data, '\n'))
}
