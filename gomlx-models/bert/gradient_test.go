package bert

import (
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/gradcheck"
)

// TestGradients checks the gradients by all variables, so that training can
// trust every operation used here.
func TestGradients(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	cfg := validConfig()
	cfg.LayerNormEps = 1e-2 // steps are finite
	scope := context.New()
	if err := cfg.Load(scope, randomWeights(cfg, 7)); err != nil {
		t.Fatal(err)
	}
	// A bias of keys adds the same to all scores of a query: its gradient is zero.
	for _, layer := range []string{"0", "2"} {
		key := scope.GetVariableByScopeAndName("/encoder/layer/"+layer+"/attention/self/key", "bias")
		if key == nil {
			t.Fatal("no bias of keys in layer ", layer)
		}
		key.SetTrainable(false)
	}
	ids := [][]int32{{1, 5, 10, 3, 7}, {4, 4, 9, 0, 0}}
	mask := [][]bool{{true, true, true, true, true}, {true, true, true, false, false}}
	// The loss weights all states of tokens differently and is not linear in them.
	gradcheck.Check(t, b, scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
		ids, mask := in[0], in[1]
		x := family.Forward(cfg, scope, ids, mask).Last
		mix := graph.Sin(graph.IotaFull(x.Graph(), x.Shape()))
		kept := graph.BroadcastToShape(graph.ExpandAxes(mask, -1), x.Shape())
		return graph.ReduceAllSum(graph.Where(kept, graph.Mul(graph.Tanh(x), mix), graph.ZerosLike(x)))
	}, ids, mask)
}
