package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks are round numbers at even distances: 1, 2 or 5 times a power of ten apart, four to nine of
// them.
type ticks struct{}

// Ticks implements plot.Ticker.
func (ticks) Ticks(low, high float64) []plot.Tick {
	step, decimals := tickStep(high - low)
	first := math.Ceil(low/step - 1e-9)
	var list []plot.Tick
	for i := range 10 {
		value := (first + float64(i)) * step
		if value > high+step*1e-9 {
			break
		}
		if value == 0 {
			value = 0 // -0 has a sign when printed
		}
		list = append(list, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'f', decimals, 64)})
	}
	return list
}

// tickStep is the distance of ticks on an axis of a span above 0, and the decimals that it needs.
func tickStep(span float64) (step float64, decimals int) {
	power := math.Floor(math.Log10(span / 4))
	for _, factor := range []float64{5, 2, 1} {
		step = factor * math.Pow(10, power)
		if span/step >= 4-1e-9 {
			break
		}
	}
	return step, max(0, -int(power))
}
