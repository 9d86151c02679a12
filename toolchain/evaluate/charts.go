package evaluate

import (
	"fmt"

	"github.com/effir/effir/toolchain/report"
)

// WriteCharts writes a page with the mean quality of every model against its
// bytes and against its multiply-adds per token, and the table, to path. Keyword
// search, which costs neither, is a line of its own in the table.
func (f File) WriteCharts(path string) error {
	page := report.Page{
		Title: "Quality against cost",
		Lead:  fmt.Sprintf("Mean nDCG@10 over %d datasets. Models that are up and to the left are better.", len(f.Datasets)),
		Sections: []report.Section{
			{Title: "Bytes", Parts: []report.Part{f.chart("megabytes of a package or checkpoint", func(m FileModel) float64 { return float64(m.Bytes) / 1e6 })}},
			{Title: "Multiply-adds per token", Parts: []report.Part{f.chart("million multiply-adds per token", func(m FileModel) float64 { return float64(m.MACs) / 1e6 })}},
			{Title: "All figures", Parts: []report.Part{f.table()}},
		},
	}
	return page.Write(path)
}

// chart draws the models whose cost is known.
func (f File) chart(label string, cost func(FileModel) float64) report.Chart {
	alone, fused := report.Series{Name: "by meaning", Style: report.Dots}, report.Series{Name: "fused with BM25", Style: report.Dots}
	for _, m := range f.Models {
		if x := cost(m); x > 0 {
			alone.Points = append(alone.Points, report.Point{X: x, Y: m.NDCG10, Label: m.Name})
			fused.Points = append(fused.Points, report.Point{X: x, Y: m.FusedNDCG10})
		}
	}
	return report.Chart{X: report.Axis{Label: label, Log: true}, Y: report.Axis{Label: "mean nDCG@10"}, Series: []report.Series{alone, fused}}
}

func (f File) table() report.Table {
	t := report.Table{Columns: []string{"dataset and system", "nDCG@10", "recall@100", "MRR@10"}}
	number := func(x float64) string { return fmt.Sprintf("%.4f", x) }
	for _, d := range f.Datasets {
		for _, s := range d.Systems {
			t.Rows = append(t.Rows, []string{d.Name + ", " + s.Name, number(s.NDCG10), number(s.Recall100), number(s.MRR10)})
		}
	}
	return t
}
