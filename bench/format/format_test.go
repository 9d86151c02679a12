package format

import (
	"fmt"
	"math"
	"testing"

	"github.com/effir/effir/bench/measure"
)

func TestFormats(t *testing.T) {
	many := measure.Series{Values: []float64{9, 10, 11}}
	for _, c := range [][2]string{
		{Number(1234.5), "1234"}, {Number(-12.34), "-12.3"}, {Number(0.1234), "0.12"}, {Number(0), "0"}, {Number(math.NaN()), "–"},
		{Series(many), "10.0 ± 1.00"}, {Series(measure.Series{Values: []float64{2}}), "2.00"}, {Series(measure.Series{}), "–"},
		{Percent(0.915), "92 %"}, {Percent(math.NaN()), "–"},
		{Medians([]measure.Series{{Name: "x", Unit: "ms", Values: many.Values}}), fmt.Sprintf("%-64s 10.0 ± 1.00 ms\n", "x")},
		{Ratio(many, measure.Series{Values: []float64{5, 5, 5}}), "2.00 ± 0.20"}, {Ratio(measure.Series{}, many), "–"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}
