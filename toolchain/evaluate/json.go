package evaluate

import (
	"encoding/json"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/results"
)

// File holds all figures of one evaluation, the models'
// costs and the tests, for charts and later comparisons.
type File struct {
	Machine  string        `json:"machine"`
	Datasets []FileDataset `json:"datasets"`
	Models   []FileModel   `json:"models"`
	Tests    []FileTest    `json:"tests,omitempty"`
}

// FileDataset holds the systems' figures on one dataset.
type FileDataset struct {
	Name      string       `json:"name"`
	Documents int          `json:"documents"`
	Queries   int          `json:"queries"`
	Systems   []FileSystem `json:"systems"`
}

// FileSystem holds mean figures.
type FileSystem struct {
	Name      string  `json:"name"`
	Model     string  `json:"model,omitempty"`
	NDCG10    float64 `json:"ndcg_at_10"`
	Recall100 float64 `json:"recall_at_100"`
	MRR10     float64 `json:"mrr_at_10"`
}

// FileModel is a model's cost and mean quality: a point of the chart.
type FileModel struct {
	Name string `json:"name"`
	Cost
	NDCG10      float64 `json:"ndcg_at_10"`       // mean over the datasets, alone
	FusedNDCG10 float64 `json:"fused_ndcg_at_10"` // and fused with keyword search
}

// FileTest is one significance test.
type FileTest struct {
	System     string  `json:"system"`
	Against    string  `json:"against"`
	Dataset    string  `json:"dataset"`
	Difference float64 `json:"difference"`
	P          float64 `json:"p"`
	Adjusted   float64 `json:"p_holm"`
	Wins       int     `json:"better"`
	Ties       int     `json:"equal"`
	Losses     int     `json:"worse"`
}

// NewFile collects results.
func NewFile(found []Result, models []Model, tests []PairTest) File {
	file := File{Machine: results.Machine()}
	for _, result := range found {
		d := FileDataset{Name: result.Dataset, Documents: result.Documents, Queries: len(result.Systems[0].Queries)}
		for _, s := range result.Systems {
			d.Systems = append(d.Systems, FileSystem{s.Name, s.Model, s.Mean.NDCG10, s.Mean.Recall100, s.Mean.MRR10})
		}
		file.Datasets = append(file.Datasets, d)
	}
	for _, m := range models {
		alone, _ := Mean(found, m.Name)
		fused, _ := Mean(found, FusedName(m.Name))
		file.Models = append(file.Models, FileModel{m.Name, m.Cost, alone.NDCG10, fused.NDCG10})
	}
	for _, t := range tests {
		file.Tests = append(file.Tests, FileTest{t.A, t.B, t.Dataset, t.Difference, t.P, t.Adjusted, t.Wins, t.Ties, t.Losses})
	}
	return file
}

// Write stores f as JSON, complete or not at all.
func (f File) Write(path string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'))
}
