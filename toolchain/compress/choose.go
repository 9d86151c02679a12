package compress

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Choose reads what a user wants to drop: a list of layers ("11,1,10", a single one as "11,"), how
// many ("6"), or which share ("50%"). The latter two take the first ones of order, the layers that
// have the part in question, least important first; order is nil if no importance is known.
func Choose(text string, order []int) ([]int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if strings.Contains(text, ",") {
		return layerList(strings.TrimSuffix(text, ","))
	}
	n, err := amount(text, len(order))
	switch {
	case err != nil:
		return nil, err
	case order == nil:
		return nil, fmt.Errorf("%q needs the importance of the layers: give an analysis, or list the layers (a single one as \"3,\")", text)
	case n > len(order):
		return nil, fmt.Errorf("%q: only %d layers have one", text, len(order))
	}
	return slices.Clone(order[:n]), nil
}

func layerList(text string) ([]int, error) {
	var layers []int
	for entry := range strings.SplitSeq(text, ",") {
		layer, err := strconv.Atoi(strings.TrimSpace(entry))
		if err != nil || layer < 0 {
			return nil, fmt.Errorf("%q is not a layer's number", entry)
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// amount reads "6", or "50%" of total.
func amount(text string, total int) (int, error) {
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(share >= 0 && share <= 100) {
			return 0, fmt.Errorf("%q is not a share of 0%% to 100%%", text)
		}
		return int(math.Round(share / 100 * float64(total))), nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is neither a number, nor a share such as 50%%, nor a list of layers such as 3,7", text)
	}
	return n, nil
}
