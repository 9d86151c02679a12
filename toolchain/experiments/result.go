package experiments

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/results"
)

// Result is what a table found.
type Result struct {
	Name      string      `json:"name"`
	Title     string      `json:"title"`
	Question  string      `json:"question"`
	Base      string      `json:"base"`
	Tokens    int64       `json:"tokens,omitempty"` // training budget of a row
	Seeds     []uint64    `json:"seeds"`
	Documents int         `json:"documents"` // of each dataset at most, 0 for all
	Queries   int         `json:"queries"`
	Datasets  []string    `json:"datasets"`
	Rows      []RowResult `json:"rows"`
	Machine   string      `json:"machine"`
	Date      string      `json:"date"`
}

// RowResult is what one row found.
type RowResult struct {
	Name     string               `json:"name"`
	Commands []string             `json:"commands,omitempty"`
	Seconds  float64              `json:"seconds"` // of all its commands and seeds
	Cost     evaluate.Cost        `json:"cost"`
	Bits     float64              `json:"bits,omitempty"` // of a weight of the layers where that is not float32
	NDCG10   map[string][]float64 `json:"ndcg_at_10"`     // by dataset, one per seed
	Means    []float64            `json:"means"`          // over datasets, one per seed
	// P is that of the paired randomisation test against the first row on each
	// dataset, adjusted by Holm's method, for the first seed.
	P map[string]float64 `json:"p,omitempty"`

	models []string // names in the evaluation
}

// bytes is what the model takes with the layers' weights rounded as they were and all else in float32.
func (r RowResult) bytes() float64 {
	bytes := float64(r.Cost.Bytes)
	if r.Bits > 0 {
		bytes -= float64(r.Cost.LayerParameters) * (32 - r.Bits) / 8
	}
	return bytes
}

// Mean returns the mean over seeds of Means, and half the distance between the
// best and the worst of them.
func (r RowResult) Mean() (mean, spread float64) {
	for _, x := range r.Means {
		mean += x / float64(len(r.Means))
	}
	if len(r.Means) > 1 {
		spread = (slices.Max(r.Means) - slices.Min(r.Means)) / 2
	}
	return mean, spread
}

func newResult(t Table, s Settings) *Result {
	return &Result{
		Name: t.Name, Title: t.Title, Question: t.Question, Base: t.Base,
		Tokens: s.Tokens, Seeds: s.Seeds, Documents: s.Documents, Queries: s.Queries,
		Machine: results.Machine(), Date: time.Now().UTC().Format(time.DateOnly),
	}
}

// fill takes scores, costs and tests from an evaluation of all rows.
func (r *Result) fill(file *evaluate.File) {
	first := ""
	for i := range r.Rows {
		row := &r.Rows[i]
		row.NDCG10, row.Means = make(map[string][]float64), make([]float64, len(row.models))
		for seed, model := range row.models {
			if first == "" {
				first = model
			}
			for _, d := range file.Datasets {
				for _, s := range d.Systems {
					if s.Name == model {
						row.NDCG10[d.Name] = append(row.NDCG10[d.Name], s.NDCG10)
						row.Means[seed] += s.NDCG10 / float64(len(file.Datasets))
					}
				}
			}
		}
		for _, m := range file.Models {
			if m.Name == row.models[0] {
				row.Cost = m.Cost
			}
		}
		for _, t := range file.Tests {
			if t.System == row.models[0] && t.Against == first {
				if row.P == nil {
					row.P = make(map[string]float64)
				}
				row.P[t.Dataset] = t.Adjusted
			}
		}
	}
	for _, d := range file.Datasets {
		r.Datasets = append(r.Datasets, d.Name)
	}
}

// Write stores a result in the folder dir under the table's name.
func (r *Result) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, r.Name+".json"), append(text, '\n'))
}

// ReadResults reads the results in a folder, in the order of All. Tables without
// a result are left out.
func ReadResults(dir string) ([]*Result, error) {
	var list []*Result
	for _, t := range All() {
		path := filepath.Join(dir, t.Name+".json")
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r := new(Result)
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("%s: %w; run the experiment again", path, err)
		}
		for _, row := range r.Rows {
			if mean, _ := row.Mean(); math.IsNaN(mean) {
				return nil, fmt.Errorf("%s: row %q has no scores; run the experiment again", path, row.Name)
			}
		}
		list = append(list, r)
	}
	return list, nil
}
