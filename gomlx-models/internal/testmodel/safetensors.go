package testmodel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// Safetensors is an open safetensors file: eight bytes with the length of a
// JSON header, the header, the data. It is written for files that the tests
// trust.
type Safetensors struct {
	file    *os.File
	start   int64 // of the data
	entries map[string]entry
}

type entry struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// OpenSafetensors reads the header of the file. Close it after use.
func OpenSafetensors(path string) (_ *Safetensors, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	var size uint64
	if err := binary.Read(f, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	if size > 100<<20 {
		return nil, fmt.Errorf("header of %d bytes", size)
	}
	header := make([]byte, size)
	if _, err := f.ReadAt(header, 8); err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, err
	}
	delete(raw, "__metadata__")
	s := &Safetensors{file: f, start: 8 + int64(size), entries: map[string]entry{}}
	for name, r := range raw {
		var e entry
		if err := json.Unmarshal(r, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.entries[name] = e
	}
	return s, nil
}

// Close closes the file.
func (s *Safetensors) Close() error { return s.file.Close() }

// Tensor returns shape and values of a tensor of 16- or 32-bit floats.
func (s *Safetensors) Tensor(name string) ([]int, []float32, error) {
	e, data, err := s.read(name)
	if err != nil {
		return nil, nil, err
	}
	var width int
	var value func([]byte) float32
	switch e.Dtype {
	case "F32":
		width, value = 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case "F16":
		width, value = 2, func(b []byte) float32 { return float16(binary.LittleEndian.Uint16(b)) }
	case "BF16":
		width, value = 2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	default:
		return nil, nil, fmt.Errorf("tensor %s is %s, want floats", name, e.Dtype)
	}
	values := make([]float32, len(data)/width)
	for i := range values {
		values[i] = value(data[i*width:])
	}
	return e.Shape, values, nil
}

// Int32 returns shape and values of a tensor of 32-bit integers.
func (s *Safetensors) Int32(name string) ([]int, []int32, error) {
	e, data, err := s.read(name)
	if err != nil {
		return nil, nil, err
	}
	if e.Dtype != "I32" {
		return nil, nil, fmt.Errorf("tensor %s is %s, want I32", name, e.Dtype)
	}
	values := make([]int32, len(data)/4)
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(data[i*4:]))
	}
	return e.Shape, values, nil
}

func (s *Safetensors) read(name string) (entry, []byte, error) {
	e, ok := s.entries[name]
	if !ok {
		return entry{}, nil, fmt.Errorf("no tensor %s in %s", name, s.file.Name())
	}
	data := make([]byte, e.Offsets[1]-e.Offsets[0])
	_, err := s.file.ReadAt(data, s.start+e.Offsets[0])
	return e, data, err
}

// float16 is the value of an IEEE half-precision number; infinities become NaN,
// as no weight is either.
func float16(bits uint16) float32 {
	fraction, exponent := float64(bits&0x3ff), int(bits>>10&0x1f)
	var x float64
	switch exponent {
	case 0:
		x = math.Ldexp(fraction, -24)
	case 31:
		x = math.NaN()
	default:
		x = math.Ldexp(fraction+1024, exponent-25)
	}
	if bits>>15 != 0 {
		x = -x
	}
	return float32(x)
}
