package export

import (
	"encoding/binary"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
)

// pack makes the stored bytes of a tensor.
func pack(kind string, m matrix) []byte {
	switch kind {
	case model.Q8Rows:
		return kernel.PackQ8Rows(m.data, m.rows, m.columns)
	case model.Q4Rows:
		return kernel.PackQ4Rows(m.data, m.rows, m.columns)
	case model.Q4:
		return quantise(m.data, m.rows, m.columns, 4).pack(m.rows, m.columns, 4)
	case model.Q7:
		return quantise(m.data, m.rows, m.columns, 7).pack(m.rows, m.columns, 7)
	}
	return floatBytes(m.data)
}

// pack lays a grid out as kernel.PackQ4 or PackQ7 does: panels of eight rows, in
// each its groups, of each scales, minimums and levels. The levels of a short
// group end in zeros.
func (g *grid) pack(rows, columns, bits int) []byte {
	size := kernel.Q4Bytes(kernel.Panel, kernel.Group)
	if bits == 7 {
		size = kernel.Q7Bytes(kernel.Panel, kernel.Group)
	}
	const header = 4 * kernel.Panel
	perRow := groups(columns)
	out := make([]byte, rows/kernel.Panel*perRow*size)
	for r := range rows {
		for at := range perRow {
			block := out[(r/kernel.Panel*perRow+at)*size:][:size]
			c := r % kernel.Panel
			binary.LittleEndian.PutUint16(block[2*c:], kernel.ToFloat16(g.scale[r*perRow+at]))
			binary.LittleEndian.PutUint16(block[2*kernel.Panel+2*c:], kernel.ToFloat16(g.low[r*perRow+at]))
			levels := g.level[r*columns+at*kernel.Group : min((r+1)*columns, r*columns+(at+1)*kernel.Group)]
			for i, level := range levels {
				if bits == 7 {
					block[header+i/4*32+4*c+i%4] = level
				} else {
					block[header+i/8*32+4*c+i%4] |= level << (i % 8 / 4 * 4)
				}
			}
		}
	}
	return out
}
