package index

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unsafe"
)

// Vectors is a matrix of quantised vectors: row i belongs to passage i. Its
// binary form, little-endian:
//
//	magic   8 bytes "EFFIRVE1"
//	dims    uint32, numbers per row
//	count   uint32, rows
//	scales  count float32, see Quantise
//	rows    count x dims int8, none of them -128
type Vectors struct {
	dims   int
	scales []float32
	rows   []int8
}

const (
	vectorsMagic  = "EFFIRVE1"
	vectorsHeader = 16
	// MaxDims keeps dot products of int8 vectors inside int32.
	MaxDims = 1 << 16
)

// NewVectors returns a matrix with no rows yet, dims in [1, MaxDims].
func NewVectors(dims int) (*Vectors, error) {
	if dims < 1 || dims > MaxDims {
		return nil, errors.New("vectors: " + strconv.Itoa(dims) + " dimensions are not in [1, 65536]")
	}
	return &Vectors{dims: dims}, nil
}

// Append quantises vec, which must have Dims() numbers, as the next row.
func (v *Vectors) Append(vec []float32) error {
	if err := v.checkDims(len(vec)); err != nil {
		return err
	}
	if len(v.scales) >= maxPassages {
		return errors.New("vectors: too many rows: split the corpus into several bundles")
	}
	q, scale, err := Quantise(vec)
	if err != nil {
		return err
	}
	v.rows = append(v.rows, q...)
	v.scales = append(v.scales, scale)
	return nil
}

// Dims returns the numbers per row.
func (v *Vectors) Dims() int { return v.dims }

// Len returns the number of rows.
func (v *Vectors) Len() int { return len(v.scales) }

// Rows returns the matrix [Len() x Dims()], row by row, not to be changed.
func (v *Vectors) Rows() []int8 { return v.rows }

// Scale returns the scale of row i.
func (v *Vectors) Scale(i int) float32 { return v.scales[i] }

// Scales returns the scales of all rows, not to be changed.
func (v *Vectors) Scales() []float32 { return v.scales }

// MarshalBinary returns the binary form.
func (v *Vectors) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, vectorsHeader+4*len(v.scales)+len(v.rows))
	out = append(out, vectorsMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(v.dims))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(v.scales)))
	for _, scale := range v.scales {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(scale))
	}
	for _, x := range v.rows {
		out = append(out, byte(x))
	}
	return out, nil
}

// ParseVectors checks data completely and reads the rows in place.
func ParseVectors(data []byte) (*Vectors, error) {
	if len(data) < vectorsHeader || string(data[:8]) != vectorsMagic {
		return nil, corrupt("vectors", "header", "is not that of a vector file")
	}
	dims, count := binary.LittleEndian.Uint32(data[8:]), binary.LittleEndian.Uint32(data[12:])
	if dims < 1 || dims > MaxDims || count > maxPassages {
		return nil, corrupt("vectors", "dims or count", "is out of range")
	}
	if vectorsHeader+uint64(count)*(4+uint64(dims)) != uint64(len(data)) {
		return nil, corrupt("vectors", "rows", "are truncated or too many")
	}
	v := &Vectors{dims: int(dims), scales: make([]float32, count)}
	for i := range v.scales {
		scale := math.Float32frombits(binary.LittleEndian.Uint32(data[vectorsHeader+4*i:]))
		if !(scale >= 0 && scale <= maxMagnitude) {
			return nil, corrupt("vectors", "scales", "are not finite and positive")
		}
		v.scales[i] = scale
	}
	rows := data[vectorsHeader+4*int(count):]
	v.rows = unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(rows))), len(rows))
	for _, x := range v.rows {
		if x == -128 {
			return nil, corrupt("vectors", "rows", "hold -128, which quantising never gives")
		}
	}
	return v, nil
}

func (v *Vectors) checkDims(n int) error {
	if n != v.dims {
		return errors.New("vectors: a vector has " + strconv.Itoa(n) + " numbers, the index " +
			strconv.Itoa(v.dims) + ": use the model that the index was built with")
	}
	return nil
}
