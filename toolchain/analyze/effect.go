package analyze

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/reader"
)

// Effect is how retrieval suffers when the least important parts of a model are dropped.
type Effect struct {
	Data      string  `json:"data"`       // name of the retrieval set
	Queries   int     `json:"queries"`    // used of it
	Documents int     `json:"documents"`  // used of it
	MaxTokens int     `json:"max_tokens"` // to which texts were cut
	Curves    []Curve `json:"curves"`
}

// Curve is the quality after dropping more and more of a unit.
type Curve struct {
	Unit      Unit    `json:"unit"`
	Recovered bool    `json:"recovered"`          // after training the cut model; else as cut
	Training  string  `json:"training,omitempty"` // of a recovered curve: what is known of it
	Points    []Point `json:"points"`
}

// Point is the quality after one cut.
type Point struct {
	Dropped int     `json:"dropped"` // how many of the unit
	NDCG10  float64 `json:"ndcg10"`  // mean over the queries
}

// EffectOptions say what MeasureEffect measures.
type EffectOptions struct {
	Units     []Unit // none: all
	Step      int    // between the numbers of dropped parts; 0: 1
	Most      int    // parts to drop at most; 0: half of those that there are
	MaxTokens int    // cut longer texts; 0: as many as the model takes

	// BatchTokens is the number of tokens, padding included, that run together. Default 4096.
	BatchTokens int

	// Progress, if set, is called before each point.
	Progress func(unit Unit, dropped, done, total int)
}

// MeasureEffect embeds a retrieval set with the model less 0, Step, 2·Step, ... parts of each unit,
// the least important ones by a's order, without any recovery, and stores the curves in a.Effect.
// Points that a has already for the same set are not measured again. save is called after every
// point, so that an interrupted measurement can go on.
func MeasureEffect(ctx context.Context, backend backends.Backend, m compress.Model, a *Analysis, data *corpus.Dataset, o EffectOptions, save func() error) error {
	if len(o.Units) == 0 {
		o.Units = Units
	}
	o.Step, o.BatchTokens = max(o.Step, 1), max(o.BatchTokens, 0)
	if o.BatchTokens == 0 {
		o.BatchTokens = 4096
	}
	a.startEffect(data, o.MaxTokens)
	r := newRunner(backend)
	defer r.close()
	type cut struct {
		unit    Unit
		dropped int
	}
	var todo []cut
	for _, unit := range o.Units {
		n := len(a.Importance[unit])
		most := n / 2
		if o.Most > 0 {
			most = min(o.Most, n)
		}
		if unit == Block {
			most = min(most, n-1) // something must be left
		}
		for dropped := 0; dropped <= most; dropped += o.Step {
			todo = append(todo, cut{unit, dropped})
		}
	}
	for i, c := range todo {
		if o.Progress != nil {
			o.Progress(c.unit, c.dropped, i, len(todo))
		}
		if a.Effect.has(c.unit, c.dropped) {
			continue
		}
		quality, known := a.Effect.uncut()
		if c.dropped > 0 || !known {
			var err error
			if quality, err = a.quality(ctx, r, m, c.unit, c.dropped, data, o); err != nil {
				return fmt.Errorf("%d of unit %s dropped: %w", c.dropped, c.unit, err)
			}
		}
		a.Effect.add(c.unit, false, Point{c.dropped, quality})
		if err := save(); err != nil {
			return err
		}
	}
	return nil
}

// quality is nDCG@10 of the model less some parts.
func (a *Analysis) quality(ctx context.Context, r *runner, m compress.Model, unit Unit, dropped int, data *corpus.Dataset, o EffectOptions) (float64, error) {
	layers := a.Order(unit)[:dropped]
	var plan compress.Plan
	switch unit {
	case Attention:
		plan.DropAttention = layers
	case MLP:
		plan.DropMLP = layers
	case Block:
		plan.DropBlocks = layers
	}
	cut, err := compress.New(m, plan)
	if err != nil {
		return 0, err
	}
	texts, err := reader.New(cut, o.MaxTokens)
	if err != nil {
		return 0, err
	}
	e := &streamed{runner: r, model: cut, reader: texts, tokens: o.BatchTokens}
	model := evaluate.Model{Name: "cut", Queries: e, Float: true}
	all := max(len(data.Corpus), len(data.Queries)) // in one call, so that each layer is read twice only
	systems, err := evaluate.Systems(ctx, data, []evaluate.Model{model}, evaluate.Options{Batch: all})
	if err != nil {
		return 0, err
	}
	for _, s := range systems {
		if s.Name == model.Name {
			return s.Mean.NDCG10, nil
		}
	}
	return 0, fmt.Errorf("evaluation lacks the model")
}

// startEffect keeps what is known of the same set, and forgets what is of another.
func (a *Analysis) startEffect(data *corpus.Dataset, maxTokens int) {
	e := Effect{Data: data.Name, Queries: len(data.Queries), Documents: len(data.Corpus), MaxTokens: maxTokens}
	if a.Effect != nil && a.Effect.Data == e.Data && a.Effect.Queries == e.Queries && a.Effect.Documents == e.Documents && a.Effect.MaxTokens == e.MaxTokens {
		return
	}
	a.Effect = &e
}

// uncut returns the quality of the whole model, which all curves share.
func (e *Effect) uncut() (float64, bool) {
	for _, c := range e.Curves {
		for _, p := range c.Points {
			if p.Dropped == 0 && !c.Recovered {
				return p.NDCG10, true
			}
		}
	}
	return 0, false
}

func (e *Effect) has(unit Unit, dropped int) bool {
	for _, c := range e.Curves {
		if c.Unit == unit && !c.Recovered && slices.ContainsFunc(c.Points, func(p Point) bool { return p.Dropped == dropped }) {
			return true
		}
	}
	return false
}

// add puts a point in its place on its curve, over one of the same cut.
func (e *Effect) add(unit Unit, recovered bool, p Point) {
	i := slices.IndexFunc(e.Curves, func(c Curve) bool { return c.Unit == unit && c.Recovered == recovered })
	if i < 0 {
		i = len(e.Curves)
		e.Curves = append(e.Curves, Curve{Unit: unit, Recovered: recovered})
	}
	points := slices.DeleteFunc(e.Curves[i].Points, func(q Point) bool { return q.Dropped == p.Dropped })
	points = append(points, p)
	slices.SortFunc(points, func(a, b Point) int { return a.Dropped - b.Dropped })
	e.Curves[i].Points = points
}
