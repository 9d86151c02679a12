package analyze

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/effir/effir/toolchain/report"
)

// Page shows the analysis: a heat map of layers by unit, the rankings, and the effect curves if they
// were measured.
func (a *Analysis) Page() report.Page {
	p := report.Page{
		Title: "Importance of the parts of " + a.Model,
		Lead: fmt.Sprintf("Importance is 1 − cos(input, output) of each part's effect on the residual stream, as the mean over "+
			"%s tokens of %s (%d sequences). Parts of low importance are the first to drop.", thousands(a.Tokens), a.Text, a.Sequences),
		Sections: []report.Section{
			{Title: "Layers", Parts: []report.Part{a.heatMap()}},
			{Title: "Ranking", Parts: []report.Part{a.ranking()}},
		},
	}
	if a.Effect != nil {
		p.Sections = append(p.Sections, a.Effect.section())
	}
	return p
}

// names of units in headings.
var names = map[Unit]string{Attention: "attention", MLP: "MLP", Block: "block"}

func (a *Analysis) heatMap() report.HeatMap {
	h := report.HeatMap{
		Caption: "Importance by layer, on a logarithmic scale. Point at a cell for its value.",
		Log:     true,
	}
	for layer := range a.Layers {
		h.Columns = append(h.Columns, strconv.Itoa(layer))
	}
	for _, unit := range Units {
		row := report.HeatRow{Name: names[unit]}
		for range a.Layers {
			row.Values = append(row.Values, math.NaN())
		}
		for _, s := range a.Importance[unit] {
			if s.Importance > 0 { // rounding can make a part without effect 0 or less
				row.Values[s.Layer] = s.Importance
			}
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func (a *Analysis) ranking() report.Table {
	t := report.Table{Columns: []string{"rank"}, Caption: "Layers by importance, the least important first."}
	for _, unit := range Units {
		t.Columns = append(t.Columns, names[unit], "importance")
	}
	for rank := range a.Layers {
		row := []string{strconv.Itoa(rank + 1)}
		for _, unit := range Units {
			if list := a.Importance[unit]; rank < len(list) {
				row = append(row, strconv.Itoa(list[rank].Layer), strconv.FormatFloat(list[rank].Importance, 'f', 4, 64))
			} else {
				row = append(row, "", "")
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (e *Effect) section() report.Section {
	chart := report.Chart{
		Caption: fmt.Sprintf("Quality on %s (%d queries, %s documents, texts cut to %s) after dropping the least important parts.",
			e.Data, e.Queries, thousands(e.Documents), e.limit()),
		X: report.Axis{Label: "parts dropped", Min: 0, Max: 1},
		Y: report.Axis{Label: "nDCG@10"},
	}
	curves := e.byUnit()
	chart.Y.Min, chart.Y.Max = span(curves)
	table := report.Table{Columns: []string{"dropped"}}
	var rows [][]string
	cell := func(dropped, column int, text string) {
		for len(rows) <= dropped {
			rows = append(rows, nil)
		}
		for len(rows[dropped]) <= len(curves) {
			rows[dropped] = append(rows[dropped], "")
		}
		rows[dropped][0] = strconv.Itoa(dropped)
		rows[dropped][column] = text
	}
	for i, c := range curves {
		series := report.Series{Name: names[c.Unit], Style: report.DottedLine}
		if c.Recovered {
			series.Name += ", recovered"
			if len(c.Points) == 1 { // nothing to draw a line to
				series.Style = report.Dots
			}
			if c.Training != "" && !strings.Contains(chart.Caption, "Recovered") {
				chart.Caption += " Recovered: the cut model was trained with " + c.Training + "."
			}
		}
		table.Columns = append(table.Columns, series.Name)
		for _, p := range c.Points {
			series.Points = append(series.Points, report.Point{X: float64(p.Dropped), Y: p.NDCG10})
			cell(p.Dropped, i+1, strconv.FormatFloat(p.NDCG10, 'f', 3, 64))
		}
		chart.Series = append(chart.Series, series)
	}
	for _, row := range rows {
		if row != nil {
			table.Rows = append(table.Rows, row)
		}
	}
	return report.Section{Title: "Effect of dropping", Parts: []report.Part{chart, table}}
}

// byUnit returns the curves with those after recovery beside those without.
func (e *Effect) byUnit() []Curve {
	var curves []Curve
	for _, unit := range []Unit{MLP, Attention, Block} {
		for _, recovered := range []bool{false, true} {
			for _, c := range e.Curves {
				if c.Unit == unit && c.Recovered == recovered {
					curves = append(curves, c)
				}
			}
		}
	}
	return curves
}

// span returns the ends of an axis on which the differences between points can be seen: the tenths
// around them.
func span(curves []Curve) (least, most float64) {
	least, most = 1, 0
	for _, c := range curves {
		for _, p := range c.Points {
			least, most = min(least, p.NDCG10), max(most, p.NDCG10)
		}
	}
	return math.Floor(10*least) / 10, math.Ceil(10*most) / 10
}

func (e *Effect) limit() string {
	if e.MaxTokens == 0 {
		return "what the model takes"
	}
	return thousands(e.MaxTokens) + " tokens"
}

// thousands writes 12345 as "12,345".
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
