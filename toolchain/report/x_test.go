package report

import (
	"math"
	"testing"
)

func TestX(t *testing.T) {
	c := Chart{Caption: "Quality & bytes <x> $1", X: Axis{Label: "megabytes", Log: true}, Y: Axis{Label: "nDCG@10"}, Series: []Series{{Name: "a", Style: DottedLine, Points: []Point{{1, 2, "foo & <bar>"}, {200, 4, ""}, {3000, 1, "x"}}}, {Name: "bb", Points: []Point{{1, 1, ""}, {20, 3, ""}}}, {Name: "dots only", Style: Dots, Points: []Point{{5, 1.5, "EffiR 4 bits"}, {70, 2.5, "bge"}}}}}
	h := HeatMap{Caption: "importance", Log: true}
	for _, n := range []string{"attention", "MLP", "block"} {
		r := HeatRow{Name: n}
		for i := range 30 {
			if n == "MLP" && i > 2 {
				r.Values = append(r.Values, 0.01*float64(i*i+1))
			} else if i > 4 {
				r.Values = append(r.Values, 0.3)
			} else {
				r.Values = append(r.Values, math.NaN())
			}
		}
		h.Rows = append(h.Rows, r)
	}
	for i := range 30 {
		h.Columns = append(h.Columns, string(rune('0'+i/10))+string(rune('0'+i%10)))
	}
	if err := (Page{Title: "Importance of bge-small", Lead: "What it is.", Sections: []Section{{"Charts", []Part{Text("Hello <b>."), c}}, {"Heat", []Part{h, Table{"All of it", []string{"unit", "a", "b"}, [][]string{{"MLP", "1", "2.33"}, {"attention", "3", "44.2"}, {"x", "1", "2"}}}}}}}).Write("/tmp/press/a.html"); err != nil {
		t.Fatal(err)
	}
}
