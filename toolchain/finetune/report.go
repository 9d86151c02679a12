package finetune

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/effir/effir/toolchain/report"
)

// ReportFile shows a run's curves.
const ReportFile = "report.html"

// curvePoints is how many points a curve has at most; each is a mean.
const curvePoints = 400

// report writes the curves of all steps so far.
func (s *session) report() error {
	records := s.metrics.records
	if len(records) == 0 {
		return nil
	}
	last := records[len(records)-1]
	page := report.Page{
		Title: "Training " + filepath.Base(s.options.Out),
		Lead: fmt.Sprintf("%d steps, %d tokens, %.1f minutes; learning rate %g, seed %d.",
			last.Step, last.Tokens, last.Seconds/60, s.options.LearningRate, s.options.Seed),
	}
	curve := func(title, label string, log bool, series ...report.Series) {
		page.Sections = append(page.Sections, report.Section{Title: title, Parts: []report.Part{report.Chart{
			X: report.Axis{Label: "tokens"}, Y: report.Axis{Label: label, Log: log}, Series: series,
		}}})
	}
	losses := []report.Series{{Name: "loss", Points: points(records, func(r record) float64 { return r.Loss })}}
	if names := s.partNames(); len(names) > 1 {
		for _, name := range names {
			losses = append(losses, report.Series{Name: name, Points: points(records, func(r record) float64 { return r.Parts[name] })})
		}
	}
	positive := !slices.ContainsFunc(losses, func(s report.Series) bool {
		return slices.ContainsFunc(s.Points, func(p report.Point) bool { return p.Y <= 0 })
	})
	curve("Loss", "mean over steps", positive, losses...)
	curve("Gradient norm", "before clipping", false, report.Series{Name: "norm", Points: points(records, func(r record) float64 { return r.Norm })})
	curve("Learning rate", "rate", false, report.Series{Name: "rate", Points: points(records, func(r record) float64 { return r.Rate })})
	return page.Write(filepath.Join(s.options.Out, ReportFile))
}

// points averages neighbouring steps to a curve of few points.
func points(records []record, y func(record) float64) []report.Point {
	var list []report.Point
	size := (len(records) + curvePoints - 1) / curvePoints
	for part := range slices.Chunk(records, size) {
		sum := 0.0
		for _, r := range part {
			sum += y(r)
		}
		list = append(list, report.Point{X: float64(part[len(part)-1].Tokens), Y: sum / float64(len(part))})
	}
	return list
}
