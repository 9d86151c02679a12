package llama

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
	scope := context.New()
	w := randomWeights(cfg, 7)
	if err := cfg.Load(scope, w); err != nil {
		t.Fatal(err)
	}
	if err := cfg.LoadHead(scope, w); err != nil {
		t.Fatal(err)
	}
	ids := [][]int32{{1, 5, 10, 3, 7}, {4, 4, 9, 0, 0}}
	mask := [][]bool{{true, true, true, true, true}, {true, true, true, false, false}}
	// The loss weights all logits of tokens differently and is not linear in them.
	gradcheck.Check(t, b, scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
		ids, mask := in[0], in[1]
		logits := cfg.Logits(scope, family.Forward(cfg, scope, ids, mask).Last)
		mix := graph.Sin(graph.IotaFull(logits.Graph(), logits.Shape()))
		kept := graph.BroadcastToShape(graph.ExpandAxes(mask, -1), logits.Shape())
		return graph.ReduceAllSum(graph.Where(kept, graph.Mul(graph.Tanh(logits), mix), graph.ZerosLike(logits)))
	}, ids, mask)
}
