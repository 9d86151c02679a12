package quantise

import (
	"context"
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Options of Checkpoint.
type Options struct {
	Bits      int     // of most matrices
	WideBits  int     // of the most sensitive ones
	WideShare float64 // of all weights that get WideBits, 0 for none
	Moments   Moments // nil rounds plainly
	// Progress is told how many of how many matrices are rounded.
	Progress func(done, total int)
}

func (o Options) check() error {
	switch {
	case o.Bits < 2 || o.Bits > 8:
		return fmt.Errorf("weights cannot be rounded to %d bits, only to 2 to 8", o.Bits)
	case !(o.WideShare >= 0 && o.WideShare <= 1):
		return fmt.Errorf("the share of wide weights is %g: want 0 to 1", o.WideShare)
	case o.WideShare > 0 && (o.WideBits < o.Bits || o.WideBits > 8):
		return fmt.Errorf("wide weights of %d bits beside others of %d: want more, up to 8", o.WideBits, o.Bits)
	case o.WideShare > 0 && o.Moments == nil:
		return fmt.Errorf("which weights need more bits is known only by calibration: give texts for it")
	}
	return nil
}

// Checkpoint returns the tensors of src with the layers' matrices rounded to
// values that packing keeps, and what each of them lost. Errors are 0 without
// moments.
func Checkpoint(ctx context.Context, src *checkpoint.Checkpoint, o Options) (checkpoint.Tensors, []Matrix, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	cfg := src.Config()
	tensors := make(checkpoint.Tensors)
	var matrices []Matrix
	for _, spec := range cfg.Tensors() {
		t, err := src.Tensor(spec.Name)
		if err != nil {
			return nil, nil, err
		}
		tensors[spec.Name] = t
		if IsLayerMatrix(spec.Name, spec.Shape) {
			matrices = append(matrices, Matrix{Name: spec.Name, Out: spec.Shape[0], In: spec.Shape[1], Weights: len(t.Data), Bits: o.Bits})
		}
	}
	rounded := make(map[string][]float32, len(matrices))
	steps, done := len(matrices), 0
	round := func(m *Matrix) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		w, h := tensors[m.Name].Data, o.Moments[m.Name]
		v, err := Calibrated(Grid{m.Bits}, o.Moments)(m.Name, w, m.Out, m.In)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		if h != nil {
			m.Error = Error(w, v, h, m.Out, m.In)
		}
		rounded[m.Name] = v
		done++
		if o.Progress != nil {
			o.Progress(done, steps)
		}
		return nil
	}
	for i := range matrices {
		if err := round(&matrices[i]); err != nil {
			return nil, nil, err
		}
	}
	if o.WideShare > 0 {
		var wide []*Matrix
		for name, bits := range Widths(matrices, o.Bits, o.WideBits, o.WideShare) {
			for i := range matrices {
				if matrices[i].Name == name && bits != o.Bits {
					matrices[i].Bits = bits
					wide = append(wide, &matrices[i])
				}
			}
		}
		steps += len(wide)
		for _, m := range wide {
			if err := round(m); err != nil {
				return nil, nil, err
			}
		}
	}
	for name, v := range rounded {
		tensors[name] = checkpoint.Tensor{Shape: tensors[name].Shape, Data: v}
	}
	return tensors, matrices, nil
}
