package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
)

// HeatMap shows numbers as a table of colours. Every cell tells its number on pointing at it.
type HeatMap struct {
	Caption string
	Columns []string
	Rows    []HeatRow
	Log     bool                   // colours follow the logarithm; all numbers must be positive
	Format  func(x float64) string // of the numbers; nil: three significant digits
}

// HeatRow is a row of a heat map: one value per column, NaN for none.
type HeatRow struct {
	Name   string
	Values []float64
}

// cell is a cell as the template shows it.
type cell struct {
	Title string // empty: no value
	Color template.CSS
}

func (h HeatMap) html() (template.HTML, error) {
	format := h.Format
	if format == nil {
		format = func(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range h.Rows {
		if len(row.Values) != len(h.Columns) {
			return "", fmt.Errorf("heat map: row %q has %d values for %d columns", row.Name, len(row.Values), len(h.Columns))
		}
		for _, x := range row.Values {
			if h.Log && x <= 0 {
				return "", fmt.Errorf("heat map: row %q: %g has no place on a logarithmic scale", row.Name, x)
			}
			if finite(x) {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	type row struct {
		Name  string
		Cells []cell
	}
	data := struct {
		Caption   string
		Columns   []string
		Rows      []row
		Low, High string
		Scale     template.CSS
	}{Caption: h.Caption, Columns: h.Columns, Scale: scaleCSS}
	if low <= high {
		data.Low, data.High = format(low), format(high)
	}
	for _, r := range h.Rows {
		shown := row{Name: r.Name}
		for i, x := range r.Values {
			if !finite(x) {
				shown.Cells = append(shown.Cells, cell{})
				continue
			}
			shown.Cells = append(shown.Cells, cell{
				Title: r.Name + ", " + h.Columns[i] + ": " + format(x),
				Color: heat(h.position(x, low, high)),
			})
		}
		data.Rows = append(data.Rows, shown)
	}
	return execute("heatmap", data)
}

// position maps [low, high] to [0, 1].
func (h HeatMap) position(x, low, high float64) float64 {
	if h.Log {
		x, low, high = math.Log(x), math.Log(low), math.Log(high)
	}
	if high <= low {
		return 0
	}
	return (x - low) / (high - low)
}

// scale are colours of even steps in lightness, dark to light, told apart without seeing colours (after
// matplotlib's viridis).
var scale = [][3]float64{{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}

const scaleCSS = "linear-gradient(90deg,rgb(68,1,84),rgb(59,82,139),rgb(33,145,140),rgb(94,201,98),rgb(253,231,37))"

// heat interpolates in scale.
func heat(position float64) template.CSS {
	at := position * float64(len(scale)-1)
	i := min(int(at), len(scale)-2)
	f := at - float64(i)
	mix := func(channel int) int { return int(math.Round(scale[i][channel]*(1-f) + scale[i+1][channel]*f)) }
	return template.CSS(fmt.Sprintf("rgb(%d,%d,%d)", mix(0), mix(1), mix(2)))
}
