package gguf

import (
	"slices"
	"testing"
)

// TestHalves: two heads of four dimensions, two columns; values are numbered by their place in the
// GGUF file.
func TestHalves(t *testing.T) {
	file := []float32{0, 1, 10, 11, 20, 21, 30, 31, 100, 101, 110, 111, 120, 121, 130, 131}
	checkpoint := []float32{0, 1, 20, 21, 10, 11, 30, 31, 100, 101, 120, 121, 110, 111, 130, 131}
	if got := SplitHalves(file, 2, 4); !slices.Equal(got, checkpoint) {
		t.Errorf("SplitHalves gives %v, want %v", got, checkpoint)
	}
	if got := JoinHalves(checkpoint, 2, 4); !slices.Equal(got, file) {
		t.Errorf("JoinHalves gives %v, want %v", got, file)
	}
}
