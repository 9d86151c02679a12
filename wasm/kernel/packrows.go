package kernel

import (
	"encoding/binary"
	"math"
)

// Q8RowBytes returns the size of one row of an embedding table of dim columns,
// a multiple of 32: a float16 scale for every 32 int8 values.
func Q8RowBytes(dim int) int { return dim + dim/Group*2 }

// PackQ8Rows quantises an embedding table row by row for Embed. w: [rows, dim].
func PackQ8Rows(w []float32, rows, dim int) []byte {
	out := make([]byte, 0, rows*Q8RowBytes(dim))
	for r := range rows {
		row := w[r*dim : (r+1)*dim]
		values := make([]byte, dim)
		for g := range dim / Group {
			group := row[g*Group : (g+1)*Group]
			var peak float32
			for _, x := range group {
				peak = max(peak, max(x, -x))
			}
			d := ToFloat16(peak / 127)
			out = binary.LittleEndian.AppendUint16(out, d)
			scale := float64(Float16(d))
			if scale == 0 {
				continue
			}
			for i, x := range group {
				q := math.RoundToEven(float64(x) / scale)
				values[g*Group+i] = byte(int8(min(max(q, -127), 127)))
			}
		}
		out = append(out, values...)
	}
	return out
}

// Q4RowBytes returns the size of one row of a 4-bit embedding table of dim
// columns, a multiple of 32: a float16 scale for every 32 nibbles.
func Q4RowBytes(dim int) int { return dim/2 + dim/Group*2 }

// PackQ4Rows quantises an embedding table row by row for EmbedQ4. w: [rows, dim].
//
// A row is dim/32 scales (float16, little endian), then 16 bytes for each group
// of 32: the low nibble of byte j is value j, the high nibble value 16+j. A value
// is (nibble-8)*scale. Of the scales that give the value of greatest magnitude a
// level of 7 to 8.5, a group has the one that leaves the least squared error; it
// is negative where the value on level -8 is positive.
func PackQ4Rows(w []float32, rows, dim int) []byte {
	out := make([]byte, 0, rows*Q4RowBytes(dim))
	for r := range rows {
		row := w[r*dim : (r+1)*dim]
		values := make([]byte, dim/2)
		for g := range dim / Group {
			d, levels := quantiseRowGroup(row[g*Group : (g+1)*Group])
			out = binary.LittleEndian.AppendUint16(out, d)
			for j := range Group / 2 {
				values[g*Group/2+j] = levels[j] | levels[Group/2+j]<<4
			}
		}
		out = append(out, values...)
	}
	return out
}

// UnpackQ4Rows returns the values [rows, dim] that a packed table stands for.
func UnpackQ4Rows(packed []byte, rows, dim int) []float32 {
	w := make([]float32, rows*dim)
	for i := range w {
		scale, level := q4RowAt(packed[i/dim*Q4RowBytes(dim):], dim, i%dim)
		w[i] = float32(level) * scale
	}
	return w
}

// quantiseRowGroup fits d*(q-8) to 32 values.
func quantiseRowGroup(w []float32) (d uint16, q [Group]byte) {
	var peak float32
	for _, x := range w {
		if max(x, -x) > max(peak, -peak) {
			peak = x
		}
	}
	least := math.Inf(1)
	for step := range 16 {
		// Either end of -8..7 may meet the peak.
		divisor := 7 + float32(step)/10
		for _, candidate := range [...]float32{-peak / divisor, peak / divisor} {
			bits := ToFloat16(candidate)
			levels, loss := rowLevels(w, float64(Float16(bits)))
			if loss < least {
				least, d, q = loss, bits, levels
			}
		}
	}
	return d, q
}

// rowLevels returns the nearest levels and their squared error.
func rowLevels(w []float32, scale float64) (q [Group]byte, loss float64) {
	for i, x := range w {
		level := 0.0
		if scale != 0 {
			level = min(max(math.RoundToEven(float64(x)/scale), -8), 7)
		}
		off := float64(x) - level*scale
		loss += off * off
		q[i] = byte(level + 8)
	}
	return q, loss
}

// q4RowAt reads scale and level of value i of a row.
func q4RowAt(row []byte, dim, i int) (scale float32, level int) {
	scale = Float16(binary.LittleEndian.Uint16(row[i/Group*2:]))
	b := row[dim/Group*2+i/Group*(Group/2)+i%(Group/2):][0]
	return scale, int(b>>(i%Group/(Group/2)*4)&15) - 8
}
