package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Chart draws series of points over two axes.
type Chart struct {
	Caption string // below the chart
	X, Y    Axis
	Series  []Series
}

// Axis is a chart's axis. It spans the points unless Min and Max say more.
type Axis struct {
	Label    string
	Log      bool    // logarithmic; all values must be positive
	Min, Max float64 // the axis reaches at least from Min to Max, if these differ
}

// Series is a set of points of one kind.
type Series struct {
	Name   string // in the legend
	Style  Style
	Points []Point
}

// Style says how a series is drawn.
type Style int

// The styles.
const (
	Line       Style = iota // through the points, in their order
	Dots                    // a mark at each point, with its label
	DottedLine              // both
)

// Point is a point of a series.
type Point struct {
	X, Y  float64
	Label string // beside the mark; the empty one is none
}

// Size of a chart in points of 1/72 inch; a page scales it to its width.
const (
	chartWidth  = 9 * vg.Inch
	chartHeight = 5 * vg.Inch
)

// SVG draws the chart as an SVG document, which adapts to light and dark surroundings. Points with a
// coordinate that is not finite, or 1e300 and more, are left out.
func (c Chart) SVG() ([]byte, error) {
	p := plot.New()
	if err := c.setAxes(p); err != nil {
		return nil, err
	}
	legend := newLegend()
	for i, s := range c.Series {
		if err := addSeries(p, &legend, s, i); err != nil {
			return nil, fmt.Errorf("chart: series %q: %w", s.Name, err)
		}
	}
	c.X.widen(&p.X)
	c.Y.widen(&p.Y)
	canvas := vgsvg.NewWith(vgsvg.UseWH(chartWidth, chartHeight), vgsvg.EmbedFonts(false))
	drawBeside(p, legend, draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return themed(out.Bytes(), c.Caption), nil
}

// points returns the finite points of the series.
func (s Series) points() []Point {
	var points []Point
	for _, p := range s.Points {
		if finite(p.X) && finite(p.Y) {
			points = append(points, p)
		}
	}
	return points
}

// finite tells whether a number can be drawn: sums of a few must not overflow.
func finite(x float64) bool { return math.Abs(x) < 1e300 }

func (c Chart) setAxes(p *plot.Plot) error {
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	p.BackgroundColor = nil // the page's
	for _, a := range []struct {
		axis *plot.Axis
		want Axis
		get  func(Point) float64
	}{{&p.X, c.X, func(p Point) float64 { return p.X }}, {&p.Y, c.Y, func(p Point) float64 { return p.Y }}} {
		a.axis.Label.Text = a.want.Label
		a.axis.Label.TextStyle.Font, a.axis.Tick.Label.Font = sans(12), sans(11)
		a.axis.Padding = vg.Points(6)
		a.axis.Tick.Marker = ticks{}
		if !a.want.Log {
			continue
		}
		for _, s := range c.Series {
			for _, p := range s.points() {
				if a.get(p) <= 0 {
					return fmt.Errorf("chart: %s: %g has no place on a logarithmic axis", a.want.Label, a.get(p))
				}
			}
		}
		if a.want.Min < a.want.Max && a.want.Min <= 0 {
			return fmt.Errorf("chart: %s: a logarithmic axis cannot reach from %g", a.want.Label, a.want.Min)
		}
		a.axis.Scale, a.axis.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	return nil
}

// widen makes the axis span a little, even if all values are equal or there are none.
func (a Axis) widen(axis *plot.Axis) {
	if a.Min < a.Max {
		axis.Min, axis.Max = min(axis.Min, a.Min), max(axis.Max, a.Max)
	}
	if !finite(axis.Min) || !finite(axis.Max) {
		axis.Min, axis.Max = 1, 10
	}
	largest := max(math.Abs(axis.Min), math.Abs(axis.Max))
	switch {
	case axis.Max-axis.Min > 1e-9*largest:
	case a.Log:
		axis.Min, axis.Max = axis.Min/2, axis.Max*2
	default:
		half := max(largest, 1) / 2
		axis.Min, axis.Max = axis.Min-half, axis.Max+half
	}
}

func newLegend() plot.Legend {
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	legend.Padding = vg.Points(4)
	legend.TextStyle.Font = sans(11)
	return legend
}

// drawBeside draws the legend to the right of the plot, where it hides nothing.
func drawBeside(p *plot.Plot, legend plot.Legend, canvas draw.Canvas) {
	box := legend.Rectangle(canvas)
	width := 1.15 * (box.Max.X - box.Min.X) // the reader's font may be wider than the one measured
	if width > 0 {
		legend.Draw(draw.Crop(canvas, canvas.Max.X-width-canvas.Min.X, 0, 0, -vg.Points(4)))
		width += vg.Points(16)
	}
	p.Draw(draw.Crop(canvas, 0, -width, 0, -vg.Points(6)))
}

func addSeries(p *plot.Plot, legend *plot.Legend, s Series, i int) error {
	points := s.points()
	if len(points) == 0 {
		return nil
	}
	xys, labels := make(plotter.XYs, len(points)), make([]string, len(points))
	for j, point := range points {
		xys[j], labels[j] = plotter.XY{X: point.X, Y: point.Y}, point.Label
	}
	paint := palette[i%len(palette)]
	var thumbs []plot.Thumbnailer
	if s.Style != Dots {
		line, err := plotter.NewLine(xys)
		if err != nil {
			return err
		}
		line.Color, line.Width = paint, vg.Points(2)
		line.Dashes = dashes[i/len(palette)%len(dashes)]
		p.Add(line)
		thumbs = append(thumbs, line)
	}
	if s.Style != Line {
		dots, err := plotter.NewScatter(xys)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: paint, Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}
		p.Add(dots)
		thumbs = append(thumbs, dots)
		names, err := plotter.NewLabels(plotter.XYLabels{XYs: xys, Labels: labels})
		if err != nil {
			return err
		}
		for j := range names.TextStyle {
			names.TextStyle[j].Font = sans(10)
		}
		names.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(3)}
		p.Add(names)
	}
	if s.Name != "" {
		legend.Add(s.Name, thumbs...)
	}
	return nil
}

func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
}

// Colours of series, told apart by most readers with a colour vision deficiency (Okabe and Ito
// 2008), on light and dark ground.
var palette = []color.Color{
	rgb(0x00, 0x72, 0xb2), rgb(0xd5, 0x5e, 0x00), rgb(0x00, 0x9e, 0x73), rgb(0xcc, 0x79, 0xa7),
	rgb(0xe6, 0x9f, 0x00), rgb(0x56, 0xb4, 0xe9), rgb(0x8a, 0x8a, 0x8a),
}

// dashes tell the series apart that share a colour.
var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(3)}}

func rgb(r, g, b uint8) color.Color { return color.RGBA{r, g, b, 255} }
