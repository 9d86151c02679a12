package evaluate

import (
	"math"
	"strings"
	"testing"
)

// scored returns a system whose mean is given.
func scored(name string, ndcg float64) System {
	return System{Name: name, Report: &Report{Mean: Figures{NDCG10: ndcg}}}
}

func TestQuality(t *testing.T) {
	found := []Result{
		{"a-set", 1, []System{scored(BM25, 0.5), scored(RoleBGE, 0.6), scored(RoleBGESlim, 0.59), scored(RoleMiniLM, 0.5), scored(RoleBGEPackage, 0.58), scored(FusedName(RoleBGEPackage), 0.65)}},
		{"b-set", 1, []System{scored(BM25, 0.7), scored(RoleBGE, 0.8), scored(RoleBGESlim, 0.79), scored(RoleMiniLM, 0.7), scored(RoleBGEPackage, 0.78), scored(FusedName(RoleBGEPackage), 0.71)}},
	}
	models := []Model{
		{Name: RoleBGE, Cost: Cost{MACs: 200, LayerParameters: 10}},
		{Name: RoleBGESlim, Cost: Cost{MACs: 120, LayerParameters: 5}},
		{Name: RoleBGEPackage, Cost: Cost{Bytes: 13_000_000}},
	}
	fused := FusedName(RoleBGEPackage)
	tests := []PairTest{
		{"a-set", Comparison{A: fused, B: BM25, Difference: 0.15}, 0.01},
		{"b-set", Comparison{A: fused, B: BM25, Difference: 0.01}, 0.3},
		{"a-set", Comparison{A: RoleBGESlim, B: RoleBGE, Difference: -0.01}, 0.01},
	}
	figures, missing := Quality(found, models, tests)
	for name, want := range map[string]float64{
		"bge_retention": 0.69 / 0.7, "bge_macs_share": 0.6, "bge_package_bytes": 13e6, "bge_slim_minus_minilm": 0.09,
		"quantised_retention": 0.68 / 0.69, "fusion_minus_bm25_min": 0.01,
		"fusion_sets": 2, "fusion_sets_significant": 1,
		"a_set_bm25_bge_package_ndcg_at_10": 0.65, "mean_bm25_ndcg_at_10": 0.6,
	} {
		if got, ok := figures[name]; !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for name, reason := range map[string]string{"smol_retention": RoleSmolEqual, "smol_layer_params_share": RoleSmolEqual, "mean_smol_ndcg_at_10": RoleSmol} {
		if _, measured := figures[name]; measured || !strings.Contains(missing[name], reason) {
			t.Errorf("%s: measured %v, reason %q", name, measured, missing[name])
		}
	}
	if missing["bge_retention_unseen"] == "" {
		t.Error("retention on unseen sources is measured without any such dataset")
	}
	found[0].Dataset = "scifact"
	if figures, _ = Quality(found, models, tests); math.Abs(figures["bge_retention_unseen"]-0.59/0.6) > 1e-9 {
		t.Errorf("bge_retention_unseen is %v, want that of scifact alone", figures["bge_retention_unseen"])
	}
	if figures, missing = Quality(found[:1], models[:1], nil); missing["bge_macs_share"] == "" || missing["bge_package_bytes"] == "" || figures["bge_retention"] == 0 {
		t.Errorf("without costs: figures %v, missing %v", figures, missing)
	}
	if _, missing = Quality(nil, nil, nil); missing["fusion_minus_bm25_min"] == "" || missing["quantised_retention"] == "" {
		t.Errorf("without results: missing %v", missing)
	}
}
