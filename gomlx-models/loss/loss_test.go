package loss_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/internal/gradcheck"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/loss"
)

// goldens is testdata/goldens.json, which torch made.
type goldens struct {
	Queries, Passages, Scores, Teacher [][]float32
	Excluded, Mask                     [][]bool
	Student                            [][][]float32
	TeacherStates                      [][][]float32 `json:"teacher_states"`
	Gates                              []float32

	InfoNCE         float64 `json:"infonce"`
	InfoNCEWarm     float64 `json:"infonce_warm"`
	InfoNCEExcluded float64 `json:"infonce_excluded"`
	KL              float64 `json:"kl"`
	KLExcluded      float64 `json:"kl_excluded"`
	Alignment       float64 `json:"alignment"`
	HiddenCosine    float64 `json:"hidden_cosine"`
	HiddenMSE       float64 `json:"hidden_mse"`
	Slim            float64 `json:"slim"`
}

func readGoldens(t *testing.T) (g goldens) {
	t.Helper()
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// nodes is a graph of constant inputs.
type nodes = []*graph.Node

func gates(z *graph.Node) nodes {
	return nodes{graph.Slice(z, graph.AxisRange(0, 4)), graph.Slice(z, graph.AxisRange(4))}
}

func TestGoldens(t *testing.T) {
	g := readGoldens(t)
	cut := g.Passages[:len(g.Queries)]
	for _, c := range []struct {
		name   string
		want   float64
		inputs []any
		loss   func(in nodes) *graph.Node
	}{
		{"InfoNCE", g.InfoNCE, []any{g.Queries, g.Passages}, func(in nodes) *graph.Node {
			return loss.InfoNCE(loss.Scores(in[0], in[1]), nil, 0.02)
		}},
		{"InfoNCE warm", g.InfoNCEWarm, []any{g.Scores}, func(in nodes) *graph.Node { return loss.InfoNCE(in[0], nil, 0.5) }},
		{"InfoNCE excluded", g.InfoNCEExcluded, []any{g.Scores, g.Excluded}, func(in nodes) *graph.Node { return loss.InfoNCE(in[0], in[1], 0.05) }},
		{"KL", g.KL, []any{g.Scores, g.Teacher}, func(in nodes) *graph.Node { return loss.KL(in[0], in[1], nil, 0.02, 1) }},
		{"KL excluded", g.KLExcluded, []any{g.Scores, g.Teacher, g.Excluded}, func(in nodes) *graph.Node {
			return loss.KL(in[0], in[1], in[2], 0.05, 2)
		}},
		{"KL of equals", 0, []any{g.Teacher}, func(in nodes) *graph.Node { return loss.KL(in[0], in[0], nil, 0.1, 0.1) }},
		{"Alignment", g.Alignment, []any{g.Queries, cut}, func(in nodes) *graph.Node { return loss.Alignment(in[0], in[1]) }},
		{"HiddenCosine", g.HiddenCosine, []any{g.Student, g.TeacherStates, g.Mask}, func(in nodes) *graph.Node {
			return loss.HiddenCosine(in[0], in[1], in[2])
		}},
		{"HiddenMSE", g.HiddenMSE, []any{g.Student, g.TeacherStates, g.Mask}, func(in nodes) *graph.Node {
			return loss.HiddenMSE(in[0], in[1], in[2])
		}},
		{"SlimPenalty", g.Slim, []any{g.Gates}, func(in nodes) *graph.Node { return loss.SlimPenalty(loss.SlimBeta, gates(in[0])...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				out, err := graph.ExecOnce(b, c.loss, c.inputs...)
				if err != nil {
					t.Fatal(err)
				}
				if got := float64(out.Value().(float32)); !(math.Abs(got-c.want) < 1e-5*math.Max(1, c.want)) {
					t.Errorf("loss is %.8g, torch says %.8g", got, c.want)
				}
			})
		})
	}
}

// TestGradients compares gradients with differences; a teacher gets none.
func TestGradients(t *testing.T) {
	b := testmodel.Go(t)
	g := readGoldens(t)
	for _, c := range []struct {
		name      string
		variables []any
		loss      func(v nodes, in nodes) *graph.Node
		inputs    []any
	}{
		{"InfoNCE", []any{g.Queries, g.Passages}, func(v, in nodes) *graph.Node {
			return loss.InfoNCE(loss.Scores(v[0], v[1]), in[0], 0.5)
		}, []any{g.Excluded}},
		{"KL", []any{g.Scores}, func(v, in nodes) *graph.Node { return loss.KL(v[0], in[1], in[0], 0.5, 2) }, []any{g.Excluded, g.Teacher}},
		{"Alignment", []any{g.Queries}, func(v, in nodes) *graph.Node { return loss.Alignment(v[0], in[0]) }, []any{g.Passages[:3]}},
		{"HiddenCosine", []any{g.Student}, func(v, in nodes) *graph.Node { return loss.HiddenCosine(v[0], in[0], in[1]) }, []any{g.TeacherStates, g.Mask}},
		{"HiddenMSE", []any{g.Student}, func(v, in nodes) *graph.Node { return loss.HiddenMSE(v[0], in[0], in[1]) }, []any{g.TeacherStates, g.Mask}},
		// No gate may cross 0 within a step.
		{"SlimPenalty", []any{[]float32{1, 0.3, 0.05, -0.5}, []float32{0.1, 2}}, func(v, _ nodes) *graph.Node {
			return loss.SlimPenalty(loss.SlimBeta, v...)
		}, []any{g.Gates}},
	} {
		t.Run(c.name, func(t *testing.T) {
			scope := context.New()
			names := []string{"a", "b"}[:len(c.variables)]
			for i, name := range names {
				scope.VariableWithValue(name, c.variables[i])
			}
			n := gradcheck.Check(t, b, scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
				var v nodes
				for _, name := range names {
					v = append(v, scope.GetVariable(name).ValueGraph(in[0].Graph()))
				}
				return c.loss(v, in)
			}, c.inputs...)
			if n != len(names) {
				t.Errorf("%d variables, want %d", n, len(names))
			}
		})
	}
}

func TestNoGradientToTeacher(t *testing.T) {
	b := testmodel.Go(t)
	g := readGoldens(t)
	for name, f := range map[string]func(s, t *graph.Node) *graph.Node{
		"KL":        func(s, t *graph.Node) *graph.Node { return loss.KL(s, t, nil, 0.5, 1) },
		"Alignment": func(s, t *graph.Node) *graph.Node { return loss.Alignment(s, t) },
	} {
		out, err := graph.ExecOnce(b, func(s, t *graph.Node) *graph.Node {
			return graph.Gradient(f(s, t), t)[0]
		}, g.Scores, g.Teacher)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range out.Value().([][]float32) {
			for _, x := range row {
				if x != 0 {
					t.Errorf("%s: the teacher gets the gradient %g", name, x)
				}
			}
		}
	}
}

// TestExtremes: cosines of 1 and -1 at the smallest temperature, zero vectors and
// masks of padding alone give finite losses and gradients.
func TestExtremes(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		check := func(name string, f func(in nodes) *graph.Node, inputs ...any) {
			t.Helper()
			out, err := graph.ExecOnceN(b, func(in nodes) []*graph.Node {
				y := f(in)
				return append(nodes{y}, graph.ReduceAllSum(graph.Gradient(y, in[0])[0]))
			}, inputs...)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out {
				if v := float64(x.Value().(float32)); math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%s: loss and summed gradient are %v, %v", name, out[0], out[1])
				}
			}
		}
		scores := [][]float32{{-1, 1}, {1, -1}}
		all := [][]bool{{true, true}, {true, true}}
		none := [][]bool{{false, false}, {false, false}}
		check("InfoNCE", func(in nodes) *graph.Node { return loss.InfoNCE(in[0], in[1], 0.001) }, scores, all)
		check("KL", func(in nodes) *graph.Node { return loss.KL(in[0], in[1], nil, 0.001, 0.001) }, scores, [][]float32{{1, -1}, {-1, 1}})
		check("KL excluded", func(in nodes) *graph.Node { return loss.KL(in[0], in[0], in[1], 0.01, 0.01) }, scores, all)
		zero := [][]float32{{0, 0}, {1, 0}}
		check("Alignment", func(in nodes) *graph.Node { return loss.Alignment(in[0], in[1]) }, zero, scores)
		states := [][][]float32{{{0, 0}, {1, 2}}, {{0, 0}, {0, 0}}}
		check("HiddenCosine", func(in nodes) *graph.Node { return loss.HiddenCosine(in[0], in[1], in[2]) }, states, states, none)
		check("HiddenMSE", func(in nodes) *graph.Node { return loss.HiddenMSE(in[0], in[1], in[2]) }, states, states, none)
	})
}

func TestErrors(t *testing.T) {
	b := testmodel.Go(t)
	square, wide := [][]float32{{1, 2}, {3, 4}}, [][]float32{{1, 2, 3}, {4, 5, 6}}
	tall := [][]float32{{1, 2}, {3, 4}, {5, 6}}
	mask := [][]bool{{true, false}, {false, true}}
	for _, c := range []struct {
		want   string
		loss   func(in nodes) *graph.Node
		inputs []any
	}{
		{"3 queries, but only 2", func(in nodes) *graph.Node { return loss.InfoNCE(in[0], nil, 1) }, []any{tall}},
		{"want bool [2 3]", func(in nodes) *graph.Node { return loss.InfoNCE(in[0], in[1], 1) }, []any{wide, mask}},
		{"of the teacher", func(in nodes) *graph.Node { return loss.KL(in[0], in[1], nil, 1, 1) }, []any{square, wide}},
		{"same float32 shape", func(in nodes) *graph.Node { return loss.Alignment(in[0], in[1]) }, []any{square, tall}},
		{"rank 3", func(in nodes) *graph.Node { return loss.HiddenMSE(in[0], in[0], in[1]) }, []any{square, mask}},
		{"no gates", func(in nodes) *graph.Node { return loss.SlimPenalty(5) }, []any{square}},
	} {
		if _, err := graph.ExecOnce(b, c.loss, c.inputs...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
