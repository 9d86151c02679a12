package analyze

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/experiments"
)

// recoveredFile reads the points of a results file onto the effect's curves.
type recoveredFile struct {
	analysis *Analysis
	path     string
	points   map[Unit]map[int][]float64 // nDCG@10 of each run, by how many parts were dropped
	training map[Unit]string
}

// AddRecovered adds results of models that were cut and then trained to the effect's curves, from a
// file that effir experiment or effir evaluate --json wrote. They must be of the same dataset, with
// as many documents and queries. Where the file has the uncut model too, its quality must be that of
// the curves' beginning, which tells whether model, judgements and lengths of texts are the same.
//
// Of an experiment those rows count that dropped one unit by importance and trained; of an
// evaluation those models that are called mlp-6, say, for six MLPs dropped. Several seeds are
// averaged.
func (a *Analysis) AddRecovered(path string) error {
	if a.Effect == nil {
		return fmt.Errorf("%s: results after recovery need the effect curves without: measure them first", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f := recoveredFile{analysis: a, path: path, points: map[Unit]map[int][]float64{}, training: map[Unit]string{}}
	var kind struct {
		Rows   json.RawMessage `json:"rows"`
		Models json.RawMessage `json:"models"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return f.fail("", "is not the JSON of results", err)
	}
	switch {
	case kind.Rows != nil:
		err = f.experiment(data)
	case kind.Models != nil:
		err = f.evaluation(data)
	default:
		err = f.fail("", "has neither an experiment's rows nor an evaluation's models", nil)
	}
	if err != nil {
		return err
	}
	for _, unit := range Units {
		for _, dropped := range slices.Sorted(maps.Keys(f.points[unit])) {
			mean, runs := 0.0, f.points[unit][dropped]
			for _, x := range runs {
				mean += x / float64(len(runs))
			}
			a.Effect.add(unit, true, Point{dropped, mean})
		}
		for i, c := range a.Effect.Curves {
			if c.Unit == unit && c.Recovered && f.training[unit] != "" {
				a.Effect.Curves[i].Training = f.training[unit]
			}
		}
	}
	return nil
}

func (f *recoveredFile) fail(field, problem string, err error) error {
	return &checkpoint.InputError{
		File: f.path, Field: field, Problem: problem, Err: err,
		Remedy: "give what effir experiment wrote, or effir evaluate --json with models named such as mlp-6=FOLDER",
	}
}

// otherSet reports that the file is of another set than the curves.
func (f *recoveredFile) otherSet(field, problem string) error {
	e := f.analysis.Effect
	return &checkpoint.InputError{
		File: f.path, Field: field, Problem: problem,
		Remedy: fmt.Sprintf("the curves are of %s with %d documents and %d queries, texts cut to %s: measure either anew with the same --docs, --queries and --max-tokens",
			e.Data, e.Documents, e.Queries, e.limit()),
	}
}

// experiment takes the rows that dropped parts of one unit by importance and trained.
func (f *recoveredFile) experiment(data []byte) error {
	var r experiments.Result
	if err := json.Unmarshal(data, &r); err != nil {
		return f.fail("", "is not of the expected form", err)
	}
	e := f.analysis.Effect
	switch {
	case r.Base != f.analysis.Model:
		return f.otherSet("base", fmt.Sprintf("is %s, but the analysis is of %s", r.Base, f.analysis.Model))
	case !slices.Contains(r.Datasets, e.Data):
		return f.otherSet("datasets", fmt.Sprintf("are %s, without %s", strings.Join(r.Datasets, ", "), e.Data))
	case r.Documents != e.Documents:
		return f.otherSet("documents", fmt.Sprintf("are %d, the curves have %d", r.Documents, e.Documents))
	case r.Queries != e.Queries:
		return f.otherSet("queries", fmt.Sprintf("are %d, the curves have %d", r.Queries, e.Queries))
	}
	for _, row := range r.Rows {
		unit, dropped, ok := f.cutOf(row.Commands)
		if !ok {
			continue
		}
		for _, quality := range row.NDCG10[e.Data] {
			if err := f.add(row.Name, unit, dropped, quality); err != nil {
				return err
			}
		}
		if dropped > 0 {
			f.training[unit] = thousands(int(r.Tokens)) + " tokens"
			if n := len(row.NDCG10[e.Data]); n > 1 {
				f.training[unit] += fmt.Sprintf(" (mean of %d runs)", n)
			}
		}
	}
	if len(f.points) == 0 {
		return f.fail("rows", "have none that dropped MLPs, attentions or blocks by importance and trained", nil)
	}
	return nil
}

// dropFlags are the flags of effir compress that drop units.
var dropFlags = map[string]Unit{"--drop-mlp": MLP, "--drop-attention": Attention, "--drop-block": Block}

// cutOf tells what the commands of an experiment's row dropped before they trained: nothing (ok, 0)
// for the model as it is. It is not ok for what has no place on a curve: a cut that was not trained,
// or done otherwise than by importance, or besides something else.
func (f *recoveredFile) cutOf(commands []string) (unit Unit, dropped int, ok bool) {
	if len(commands) == 0 {
		return MLP, 0, true
	}
	trained := false
	for _, command := range commands {
		words := strings.Fields(command)
		if len(words) < 2 || words[0] != "effir" {
			return "", 0, false
		}
		switch words[1] {
		case "analyze":
		case "compress":
			if unit != "" {
				return "", 0, false
			}
			if unit, dropped = f.compressed(words[2:]); unit == "" {
				return "", 0, false
			}
		case "finetune":
			trained = unit != "" && !slices.Contains(words, "--slim")
		default: // rounding, say
			return "", 0, false
		}
	}
	return unit, dropped, trained
}

// compressed reads the arguments of effir compress: the unit of which it drops the least important
// parts, and how many. The unit is "" if it does something else as well, or otherwise.
func (f *recoveredFile) compressed(words []string) (unit Unit, dropped int) {
	for i := 0; i < len(words); i += 2 {
		if i+1 == len(words) {
			return "", 0
		}
		switch flag, value := words[i], words[i+1]; flag {
		case "--model", "--analysis", "--out":
		case "--drop-mlp", "--drop-attention", "--drop-block":
			order := f.analysis.Order(dropFlags[flag])
			layers, err := compress.Choose(value, order)
			if err != nil || unit != "" || len(layers) > len(order) {
				return "", 0
			}
			for _, layer := range order[:len(layers)] {
				if !slices.Contains(layers, layer) {
					return "", 0
				}
			}
			unit, dropped = dropFlags[flag], len(layers)
		default:
			return "", 0
		}
	}
	return unit, dropped
}

// cutName matches the names of cut models in an evaluation: "mlp-6", "mlp-6, seed 2".
var cutName = regexp.MustCompile(`^(attention|mlp|block)-(\d{1,4})(?:$|[ ,#_-])`)

// evaluation takes the models whose names say what they lack.
func (f *recoveredFile) evaluation(data []byte) error {
	var r evaluate.File
	if err := json.Unmarshal(data, &r); err != nil {
		return f.fail("", "is not of the expected form", err)
	}
	e := f.analysis.Effect
	i := slices.IndexFunc(r.Datasets, func(d evaluate.FileDataset) bool { return d.Name == e.Data })
	if i < 0 {
		var names []string
		for _, d := range r.Datasets {
			names = append(names, d.Name)
		}
		return f.otherSet("datasets", fmt.Sprintf("are %s, without %s", strings.Join(names, ", "), e.Data))
	}
	set := r.Datasets[i]
	if set.Documents != e.Documents || set.Queries != e.Queries {
		return f.otherSet("datasets."+e.Data, fmt.Sprintf("has %d documents and %d queries, the curves have %d and %d", set.Documents, set.Queries, e.Documents, e.Queries))
	}
	for _, s := range set.Systems {
		unit, dropped := MLP, 0
		if m := cutName.FindStringSubmatch(s.Name); m != nil {
			unit = Unit(m[1])
			dropped, _ = strconv.Atoi(m[2]) // the pattern has digits only
		} else if s.Name != f.analysis.Model {
			continue
		}
		if err := f.add(s.Name, unit, dropped, s.NDCG10); err != nil {
			return err
		}
	}
	if len(f.points) == 0 {
		return f.fail("datasets."+e.Data, "has no model that is named by what it lacks", nil)
	}
	return nil
}

// sameQuality is how far two measurements of one model may differ: sums are rounded in another order.
const sameQuality = 0.005

// add takes one result. What dropped nothing must be the curves' beginning.
func (f *recoveredFile) add(name string, unit Unit, dropped int, quality float64) error {
	if dropped > len(f.analysis.Importance[unit]) || !(quality >= 0 && quality <= 1) {
		return f.fail(name, fmt.Sprintf("is impossible: %d of unit %s dropped, nDCG@10 %g", dropped, unit, quality), nil)
	}
	if dropped == 0 {
		if uncut, ok := f.analysis.Effect.uncut(); ok && math.Abs(uncut-quality) > sameQuality {
			return f.otherSet(name, fmt.Sprintf("has nDCG@10 %.4f uncut, the curves begin at %.4f", quality, uncut))
		}
		return nil
	}
	if f.points[unit] == nil {
		f.points[unit] = map[int][]float64{}
	}
	f.points[unit][dropped] = append(f.points[unit][dropped], quality)
	return nil
}
