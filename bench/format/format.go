// Package format writes measured numbers for people.
package format

import (
	"fmt"
	"math"
	"strings"

	"github.com/effir/effir/bench/measure"
)

// None stands for what was not measured.
const None = "–"

// Number writes three significant digits, or all of the whole part.
func Number(x float64) string {
	switch {
	case math.IsNaN(x):
		return None
	case math.Abs(x) >= 100 || x == 0:
		return fmt.Sprintf("%.0f", x)
	case math.Abs(x) >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// Series writes the median and the median absolute deviation, which one value has not.
func Series(s measure.Series) string {
	if len(s.Values) < 2 {
		return Number(s.Median())
	}
	return Number(s.Median()) + " ± " + Number(s.Spread())
}

// Medians lists series for a terminal: what, median and median absolute deviation, unit.
func Medians(series []measure.Series) string {
	var b strings.Builder
	for _, s := range series {
		fmt.Fprintf(&b, "%-64s %s %s\n", s.Name, Series(s), s.Unit)
	}
	return b.String()
}

// Percent writes a share.
func Percent(share float64) string {
	if math.IsNaN(share) {
		return None
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// Ratio writes a ratio of medians with its spread, see measure.Ratio.
func Ratio(a, b measure.Series) string {
	ratio, spread := measure.Ratio(a, b)
	if math.IsNaN(ratio) {
		return None
	}
	return fmt.Sprintf("%.2f ± %.2f", ratio, spread)
}
