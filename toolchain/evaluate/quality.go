package evaluate

import (
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/results"
)

// Roles are the names that models must have for Quality.
const (
	RoleMiniLM      = "minilm"       // all-MiniLM-L6-v2 in float: what most pages use
	RoleBGE         = "bge"          // bge-small-en-v1.5, uncut, in float
	RoleBGESlim     = "bge-slim"     // cut and recovered, in float
	RoleBGEPackage  = "bge-package"  // what is released of it
	RoleSmol        = "smol"         // SmolLM2 trained as a retriever, uncut, in float
	RoleSmolEqual   = "smol-equal"   // cut and trained on the same data for as many tokens, in float
	RoleSmolSlim    = "smol-slim"    // cut and trained for as long as it takes, in float
	RoleSmolPackage = "smol-package" // what is released of it
)

// Quality derives the figures of a release from results in which models have the
// names of the roles. Means are of nDCG@10 over the datasets. A figure whose
// models are not there is missing, with the reason.
//
//	bge_retention              mean of bge-slim over mean of bge
//	bge_retention_unseen       the same over the datasets from whose sources no training data came
//	bge_macs_share             multiply-adds per token of bge-slim over those of bge
//	bge_package_bytes          of bge-package
//	bge_slim_minus_minilm      mean of bge-slim minus mean of minilm
//	smol_retention             mean of smol-equal over mean of smol
//	smol_layer_params_share    parameters of the layers of smol-equal over those of smol
//	smol_minus_minilm_share    mean of smol over mean of minilm, minus 1
//	quantised_retention        worst of package over float slim model, of both
//	fusion_minus_bm25_min      worst difference, over datasets and packages, of a
//	                           package's fusion and BM25
//	fusion_sets                datasets of these differences, all packages together
//	fusion_sets_significant    those in which the fusion is better and tests tell it from BM25
//
// and for every dataset and system its nDCG@10, "scifact_bge_slim_ndcg_at_10".
func Quality(found []Result, models []Model, tests []PairTest) (figures results.Figures, missing map[string]string) {
	q := quality{found: found, models: models, figures: results.Figures{}, missing: map[string]string{}}
	q.set("bge_retention", q.ratio(RoleBGESlim, RoleBGE))
	q.set("bge_retention_unseen", q.only(unseen).ratio(RoleBGESlim, RoleBGE))
	q.set("bge_macs_share", q.costs(RoleBGESlim, RoleBGE, func(c Cost) int64 { return c.MACs }))
	q.set("bge_package_bytes", q.bytes(RoleBGEPackage))
	q.set("bge_slim_minus_minilm", q.combine(RoleBGESlim, RoleMiniLM, func(a, b float64) float64 { return a - b }))
	q.set("smol_retention", q.ratio(RoleSmolEqual, RoleSmol))
	q.set("smol_layer_params_share", q.costs(RoleSmolEqual, RoleSmol, func(c Cost) int64 { return c.LayerParameters }))
	q.set("smol_minus_minilm_share", q.combine(RoleSmol, RoleMiniLM, func(a, b float64) float64 { return a/b - 1 }))
	q.set("quantised_retention", q.worst([]measure{q.ratio(RoleBGEPackage, RoleBGESlim), q.ratio(RoleSmolPackage, RoleSmolSlim)}))
	q.set("fusion_minus_bm25_min", q.fusionMinusBM25())
	q.countFusions(tests)
	for _, result := range found {
		for _, s := range result.Systems {
			q.figures[figureName(result.Dataset)+"_"+figureName(s.Name)+"_ndcg_at_10"] = s.Mean.NDCG10
		}
	}
	for _, name := range append([]string{BM25}, roles...) {
		if mean, ok := Mean(found, name); ok {
			q.figures["mean_"+figureName(name)+"_ndcg_at_10"] = mean.NDCG10
		} else {
			q.missing["mean_"+figureName(name)+"_ndcg_at_10"] = "no model " + name + " was measured"
		}
	}
	return q.figures, q.missing
}

// unseen are the datasets that share no source with the training data of the
// released models; of the others, other articles, questions or packages were
// trained on than are measured.
var unseen = []string{"scifact", "nq-qed", "cranfield", "nfcorpus-filtered"}

// only keeps the results of some datasets.
func (q *quality) only(datasets []string) *quality {
	kept := *q
	kept.found = slices.DeleteFunc(slices.Clone(q.found), func(r Result) bool { return !slices.Contains(datasets, r.Dataset) })
	return &kept
}

// countFusions counts the datasets in which tests confirm that a package's
// fusion is better than BM25.
func (q *quality) countFusions(tests []PairTest) {
	sets, confirmed := 0, 0
	for _, t := range tests {
		if t.B != BM25 || t.A != FusedName(RoleBGEPackage) && t.A != FusedName(RoleSmolPackage) {
			continue
		}
		sets++
		if t.Difference > 0 && t.Adjusted < significant {
			confirmed++
		}
	}
	if sets > 0 {
		q.figures["fusion_sets"], q.figures["fusion_sets_significant"] = float64(sets), float64(confirmed)
	}
}

var roles = []string{RoleMiniLM, RoleBGE, RoleBGESlim, RoleBGEPackage, RoleSmol, RoleSmolEqual, RoleSmolSlim, RoleSmolPackage}

type quality struct {
	found   []Result
	models  []Model
	figures results.Figures
	missing map[string]string
}

// measure is a number, or the reason why there is none.
type measure struct {
	value  float64
	reason string
}

func (q *quality) set(name string, m measure) {
	if m.reason != "" {
		q.missing[name] = m.reason
		return
	}
	q.figures[name] = m.value
}

// combine computes with the mean nDCG@10 of two models.
func (q *quality) combine(a, b string, f func(a, b float64) float64) measure {
	x, okA := Mean(q.found, a)
	y, okB := Mean(q.found, b)
	switch {
	case !okA:
		return measure{reason: "no model " + a + " was measured"}
	case !okB:
		return measure{reason: "no model " + b + " was measured"}
	case y.NDCG10 == 0:
		return measure{reason: "the model " + b + " finds nothing"}
	}
	return measure{value: f(x.NDCG10, y.NDCG10)}
}

func (q *quality) ratio(a, b string) measure {
	return q.combine(a, b, func(a, b float64) float64 { return a / b })
}

func (q *quality) model(name string) *Model {
	for i := range q.models {
		if q.models[i].Name == name {
			return &q.models[i]
		}
	}
	return nil
}

func (q *quality) costs(a, b string, cost func(Cost) int64) measure {
	for _, name := range []string{a, b} {
		if m := q.model(name); m == nil || cost(m.Cost) == 0 {
			return measure{reason: "no model " + name + " was measured"}
		}
	}
	return measure{value: float64(cost(q.model(a).Cost)) / float64(cost(q.model(b).Cost))}
}

func (q *quality) bytes(name string) measure {
	m := q.model(name)
	if m == nil {
		return measure{reason: "no model " + name + " was measured"}
	}
	return measure{value: float64(m.Cost.Bytes)}
}

// worst is the least of those that were measured; if none was, the first reason.
func (q *quality) worst(list []measure) measure {
	least := list[0]
	for _, m := range list[1:] {
		if m.reason == "" && (least.reason != "" || m.value < least.value) {
			least = m
		}
	}
	return least
}

func (q *quality) fusionMinusBM25() measure {
	var all []measure
	for _, role := range []string{RoleBGEPackage, RoleSmolPackage} {
		for _, result := range q.found {
			if fused, keyword := result.System(FusedName(role)), result.System(BM25); fused != nil && keyword != nil {
				all = append(all, measure{value: fused.Mean.NDCG10 - keyword.Mean.NDCG10})
			}
		}
	}
	if len(all) == 0 {
		return measure{reason: fmt.Sprintf("neither %s nor %s was measured", RoleBGEPackage, RoleSmolPackage)}
	}
	return q.worst(all)
}
