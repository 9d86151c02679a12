package compress

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	order := []int{11, 1, 10, 0, 3}
	for text, want := range map[string][]int{
		"":         nil,
		"0":        {},
		"2":        {11, 1},
		" 5 ":      {11, 1, 10, 0, 3},
		"50%":      {11, 1, 10}, // 2.5 rounds up
		"40%":      {11, 1},
		"100%":     order,
		"7,":       {7},
		"4, 2,9":   {4, 2, 9},
		"11,1,10,": {11, 1, 10},
	} {
		got, err := Choose(text, order)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v (%v), want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"6": "only 5", "-1": "neither", "x": "neither", "101%": "share", "NaN%": "share", "1,x": "x", "3,-4": "-4", ",": "number", "1,,2": "number",
	} {
		if got, err := Choose(text, order); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", text, got, err, want)
		}
	}
	for _, text := range []string{"2", "50%"} {
		if _, err := Choose(text, nil); err == nil || !strings.Contains(err.Error(), "analysis") {
			t.Errorf("%q without importance: %v", text, err)
		}
	}
	if got, err := Choose("3,1", nil); err != nil || !slices.Equal(got, []int{3, 1}) {
		t.Errorf("a list without importance: %v (%v)", got, err)
	}
}

func FuzzChoose(f *testing.F) {
	for _, seed := range []string{"6", "50%", "1,2", ",", "9223372036854775808", "1e9%"} {
		f.Add(seed)
	}
	order := []int{2, 0, 1}
	f.Fuzz(func(t *testing.T, text string) {
		layers, err := Choose(text, order)
		if err == nil && !strings.Contains(text, ",") && len(layers) > len(order) {
			t.Errorf("%q chooses %v", text, layers)
		}
	})
}
