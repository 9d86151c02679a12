package asm

import (
	"encoding/binary"
	"math"
)

// Int is an i32 constant.
func Int(v int) I32 { return I32{value{code: append([]byte{opI32Const}, sleb(int64(int32(v)))...)}} }

// Float is an f32 constant.
func Float(v float32) F32 {
	return F32{value{code: binary.LittleEndian.AppendUint32([]byte{opF32Const}, math.Float32bits(v))}}
}

// Arithmetic modulo 2^32.
func (x I32) Add(y I32) I32       { return I32{scalar(opI32Add, x.value, y.value)} }
func (x I32) Sub(y I32) I32       { return I32{scalar(opI32Sub, x.value, y.value)} }
func (x I32) Mul(y I32) I32       { return I32{scalar(opI32Mul, x.value, y.value)} }
func (x I32) DivU(y I32) I32      { return I32{scalar(opI32DivU, x.value, y.value)} }
func (x I32) And(y I32) I32       { return I32{scalar(opI32And, x.value, y.value)} }
func (x I32) Or(y I32) I32        { return I32{scalar(opI32Or, x.value, y.value)} }
func (x I32) Shl(by int) I32      { return I32{scalar(opI32Shl, x.value, Int(by).value)} }
func (x I32) ShrU(by int) I32     { return I32{scalar(opI32ShrU, x.value, Int(by).value)} }
func (x I32) Plus(n int) I32      { return x.Add(Int(n)) }
func (x I32) Times(n int) I32     { return x.Mul(Int(n)) }
func (x I32) Select(a, b I32) I32 { return I32{scalar(opSelect, a.value, b.value, x.value)} } // x != 0 ? a : b

// Advance adds n to the local x.
func (x I32) Advance(n int) { x.Set(x.Plus(n)) }

// Comparisons, 1 for true. Pointers and sizes are unsigned.
func (x I32) Eqz() I32      { return I32{scalar(opI32Eqz, x.value)} }
func (x I32) Ne(y I32) I32  { return I32{scalar(opI32Ne, x.value, y.value)} }
func (x I32) Eq(y I32) I32  { return I32{scalar(opI32Eq, x.value, y.value)} }
func (x I32) LtU(y I32) I32 { return I32{scalar(opI32LtU, x.value, y.value)} }
func (x I32) GtU(y I32) I32 { return I32{scalar(opI32GtU, x.value, y.value)} }

// MinU is the lesser of x and y, which are evaluated twice.
func (x I32) MinU(y I32) I32 { return x.LtU(y).Select(x, y) }

// TrailingZeros is the place of the lowest bit that is set, 32 if none is.
func (x I32) TrailingZeros() I32 { return I32{scalar(opI32Ctz, x.value)} }

// Float is x as a signed number, rounded to nearest even.
func (x I32) Float() F32 { return F32{scalar(opF32ConvertI32S, x.value)} }

// Splat is x in all lanes.
func (x I32) Splat() I32x4 { return I32x4{vector(opI32x4Splat, x.value)} }

// IEEE 754 binary32 arithmetic, correctly rounded.
func (x F32) Add(y F32) F32 { return F32{scalar(opF32Add, x.value, y.value)} }
func (x F32) Mul(y F32) F32 { return F32{scalar(opF32Mul, x.value, y.value)} }
func (x F32) Div(y F32) F32 { return F32{scalar(opF32Div, x.value, y.value)} }
func (x F32) Sqrt() F32     { return F32{scalar(opF32Sqrt, x.value)} }

// Comparisons, 1 for true.
func (x F32) Eq(y F32) I32 { return I32{scalar(opF32Eq, x.value, y.value)} }
func (x F32) Lt(y F32) I32 { return I32{scalar(opF32Lt, x.value, y.value)} }

// Splat is x in all lanes.
func (x F32) Splat() F32x4 { return F32x4{vector(opF32x4Splat, x.value)} }

// MemorySize is the size of the memory in pages of 64 KiB.
func MemorySize() I32 { return I32{value{code: []byte{opMemorySize, 0}}} }

// MemoryGrow adds pages to the memory; its value is the size before, or -1.
func MemoryGrow(pages I32) I32 { return I32{apply([]byte{opMemoryGrow, 0}, pages.value)} }

// Loads from address x + offset.
func (x I32) LoadI32(offset int) I32 { return I32{apply(access([]byte{opI32Load}, offset), x.value)} }
func (x I32) LoadI64(offset int) I64 { return I64{apply(access([]byte{opI64Load}, offset), x.value)} }
func (x I32) LoadU8(offset int) I32  { return I32{apply(access([]byte{opI32Load8U}, offset), x.value)} }
func (x I32) LoadI16(offset int) I32 {
	return I32{apply(access([]byte{opI32Load16S}, offset), x.value)}
}
