package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example has a part of every kind, and text that HTML and SVG must escape.
func example() Page {
	return Page{
		Title: `Quality & "cost" <b>`, Lead: "What <i>this</i> is.",
		Sections: []Section{{
			Title: "One",
			Parts: []Part{
				Text("<script>alert(1)</script>"),
				Table{Caption: "A & B", Columns: []string{"name", "n"}, Rows: [][]string{{"<x>", "1"}, {"y", "2"}}},
				Chart{
					Caption: `$1 & <chart>`, X: Axis{Label: "megabytes", Log: true}, Y: Axis{Label: "nDCG@10 <y>"},
					Series: []Series{
						{Name: "line", Points: []Point{{X: 1, Y: 0.2}, {X: 10, Y: 0.7}, {X: 100, Y: math.NaN()}}},
						{Name: "dots & labels", Style: Dots, Points: []Point{{X: 3, Y: 0.5, Label: "<small>"}}},
						{Name: "both", Style: DottedLine, Points: []Point{{X: 1, Y: 0.1}, {X: 20, Y: 0.4}}},
						{Name: "nothing"},
					},
				},
				HeatMap{
					Caption: "heat", Columns: []string{"0", "<1>"}, Log: true,
					Rows: []HeatRow{{Name: "a&b", Values: []float64{0.01, 1}}, {Name: "c", Values: []float64{math.NaN(), 0.1}}},
				},
			},
		}},
	}
}

func TestPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := example().Write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, want := range []string{
		"<title>Quality &amp; &#34;cost&#34; &lt;b&gt;</title>", "What &lt;i&gt;this&lt;/i&gt; is.", "&lt;script&gt;alert(1)", "<td>&lt;x&gt;</td>",
		">&lt;small&gt;</text>", "dots &amp; labels", "$1 &amp; &lt;chart&gt;", `title="a&amp;b, &lt;1&gt;: 1"`, `title="c, &lt;1&gt;: 0.1"`,
		"background:rgb(68,1,84)", "background:rgb(253,231,37)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// What would make a browser fetch or run something, and values that html/template refused.
	if bad := regexp.MustCompile(`(?i)<script|src=|href=|url\(|@import|ZgotmplZ`).FindString(page); bad != "" {
		t.Errorf("the page has %s", bad)
	}
}

// TestSVG: a chart is well-formed XML, shows every point that it can, and has no colour of its own
// for what must be readable on light and dark ground.
func TestSVG(t *testing.T) {
	chart := example().Sections[0].Parts[2].(Chart)
	svg, err := chart.SVG()
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	var texts []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, string(text))
		}
	}
	all := strings.Join(texts, "|")
	for _, want := range []string{"$1 & <chart>", "megabytes", "nDCG@10 <y>", "<small>", "10", "0.4"} {
		if !strings.Contains(all, want) {
			t.Errorf("the texts lack %q: %s", want, all)
		}
	}
	for _, bad := range []string{"#000000", "#FEFEFD", "Liberation Sans;", "<?xml", "nothing"} {
		if strings.Contains(string(svg), bad) {
			t.Errorf("the chart has %q", bad)
		}
	}
	if !strings.Contains(string(svg), "stroke:currentColor") || !strings.Contains(string(svg), "var(--grid)") {
		t.Error("axes and grid do not follow the reader's colours")
	}
}

func TestRefuses(t *testing.T) {
	for want, part := range map[string]Part{
		"0 has no place on a logarithmic axis":  Chart{X: Axis{Log: true}, Series: []Series{{Points: []Point{{X: 0, Y: 1}}}}},
		"-1 has no place on a logarithmic axis": Chart{Y: Axis{Log: true}, Series: []Series{{Points: []Point{{X: 1, Y: -1}}}}},
		"cannot reach from 0":                   Chart{X: Axis{Log: true, Max: 1}},
		"0 has no place on a logarithmic scale": HeatMap{Columns: []string{"x"}, Log: true, Rows: []HeatRow{{"r", []float64{0}}}},
		`row "r" has 1 values for 2 columns`:    HeatMap{Columns: []string{"x", "y"}, Rows: []HeatRow{{"r", []float64{0}}}},
	} {
		err := Page{Sections: []Section{{Title: "here", Parts: []Part{part}}}}.Render(io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "here") {
			t.Errorf("error %v does not say %q and where", err, want)
		}
	}
}

// TestDegenerate: charts and maps of nothing, of one value, of extreme values.
func TestDegenerate(t *testing.T) {
	for name, part := range map[string]Part{
		"no series":     Chart{},
		"no log series": Chart{X: Axis{Log: true}, Y: Axis{Log: true}},
		"one point":     Chart{Series: []Series{{Style: DottedLine, Points: []Point{{X: 3, Y: 3}}}}},
		"one log point": Chart{X: Axis{Log: true}, Y: Axis{Log: true}, Series: []Series{{Style: Dots, Points: []Point{{X: 3, Y: 3}}}}},
		"infinite":      Chart{Series: []Series{{Points: []Point{{X: math.Inf(1), Y: 1}, {X: 1, Y: math.NaN()}}}}},
		"huge":          Chart{Series: []Series{{Points: []Point{{X: -1e299, Y: 1e-300}, {X: 1e299, Y: 2e-300}}}}},
		"tiny span":     Chart{Series: []Series{{Points: []Point{{X: 1, Y: 1}, {X: math.Nextafter(1, 2), Y: 2}}}}},
		"no map":        HeatMap{},
		"flat map":      HeatMap{Columns: []string{"x"}, Log: true, Rows: []HeatRow{{"r", []float64{2}}}},
		"empty map":     HeatMap{Columns: []string{"x"}, Rows: []HeatRow{{"r", []float64{math.NaN()}}}},
	} {
		if err := (Page{Sections: []Section{{Parts: []Part{part}}}}).Render(io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 6, "0 1 2 3 4 5 6"},
		{0, 0.874, "0.0 0.2 0.4 0.6 0.8"},
		{-0.3, 0.31, "-0.3 -0.2 -0.1 0.0 0.1 0.2 0.3"},
		{0.71, 0.752, "0.71 0.72 0.73 0.74 0.75"},
		{0, 30, "0 5 10 15 20 25 30"},
		{1000, 9000, "2000 4000 6000 8000"},
	} {
		var got []string
		for _, tick := range (ticks{}).Ticks(c.low, c.high) {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("ticks from %g to %g are %v, want %s", c.low, c.high, got, c.want)
		}
	}
}
