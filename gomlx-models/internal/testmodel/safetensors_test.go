package testmodel

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSafetensors reads a hand-written file with the three types of floats.
func TestSafetensors(t *testing.T) {
	header := `{"__metadata__":{"format":"pt"},` +
		`"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},` +
		`"b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},` +
		`"c":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]},` +
		`"d":{"dtype":"I32","shape":[1],"data_offsets":[20,24]}}`
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	data = binary.LittleEndian.AppendUint32(data, math.Float32bits(-1.5))
	// 1, -2, the largest, the smallest normal, the smallest subnormal, -0.
	for _, half := range []uint16{0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x3f80, 0xc040} {
		data = binary.LittleEndian.AppendUint16(data, half)
	}
	data = binary.LittleEndian.AppendUint32(data, 0xfffffffe)
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string][]float32{
		"a": {-1.5},
		"b": {1, -2, 65504, 0x1p-14, 0x1p-24, 0},
		"c": {1, -3},
	} {
		if _, got, err := s.Tensor(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v; want %v", name, got, err, want)
		}
	}
	if shape, _, err := s.Tensor("b"); err != nil || !slices.Equal(shape, []int{2, 3}) {
		t.Errorf("shape of b is %v, %v", shape, err)
	}
	if _, got, err := s.Int32("d"); err != nil || !slices.Equal(got, []int32{-2}) {
		t.Errorf("d is %v, %v", got, err)
	}
	for _, name := range []string{"d", "e"} {
		if _, _, err := s.Tensor(name); err == nil {
			t.Errorf("no error for %s", name)
		}
	}
}
