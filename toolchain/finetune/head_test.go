package finetune

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHeadRegression recovers a linear map from noiseless pairs, whatever the
// order and size of the portions that they come in.
func TestHeadRegression(t *testing.T) {
	const in, out, rows = 5, 3, 200
	r := rand.New(rand.NewPCG(1, 2))
	var want, bias, x, y []float32
	for range in * out {
		want = append(want, float32(r.NormFloat64()))
	}
	for range out {
		bias = append(bias, float32(r.NormFloat64()))
	}
	for range rows {
		row := make([]float32, in)
		for i := range row {
			row[i] = float32(r.NormFloat64()*float64(i+1) + 3)
		}
		x = append(x, row...)
		for j := range out {
			sum := bias[j]
			for i, v := range row {
				sum += want[j*in+i] * v
			}
			y = append(y, sum)
		}
	}
	m := newMoments(in, out)
	for _, part := range [][2]int{{0, 7}, {7, 150}, {150, rows}} {
		m.add(x[part[0]*in:part[1]*in], y[part[0]*out:part[1]*out])
	}
	weight, got, err := m.solve(1e-9)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(float64(weight[i]-want[i])) > 1e-4 {
			t.Errorf("weight %d is %g, want %g", i, weight[i], want[i])
		}
	}
	for i := range bias {
		if math.Abs(float64(got[i]-bias[i])) > 1e-3 {
			t.Errorf("bias %d is %g, want %g", i, got[i], bias[i])
		}
	}
	if _, _, err := newMoments(in, out).solve(0.1); err == nil {
		t.Error("no texts at all gave a head")
	}
}

// TestNewHead begins far better than with no head, and a run that is interrupted
// keeps its head.
func TestNewHead(t *testing.T) {
	o := options(t)
	_, o.Teacher = bertPair(t)
	o.Model = llama(t)
	o.Loss, o.Steps = Loss{Align: 1}, 6
	whole := run(t, o)
	losses := records(t, o.Out)
	if losses[0].Loss > 0.5 {
		t.Errorf("the first loss is %g, want what regression reaches", losses[0].Loss)
	}
	_, want := tensorsOf(t, whole.Checkpoint)

	o.Out = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	part := o
	part.Progress = func(p Progress) {
		if p.Step == 3 {
			cancel()
		}
	}
	if result, err := Run(ctx, part); err == nil || result.Step != 3 {
		t.Fatalf("cancelled after step 3: %+v, %v", result, err)
	}
	again := run(t, o)
	_, got := tensorsOf(t, again.Checkpoint)
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s differs after an interruption", name)
		}
	}
}
