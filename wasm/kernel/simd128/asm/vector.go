package asm

import (
	"encoding/binary"
	"math"
)

// FloatAll is a constant vector of equal lanes.
func FloatAll(v float32) F32x4 {
	bits := math.Float32bits(v)
	return F32x4{constant(bits, bits, bits, bits)}
}

// Ints is a constant vector.
func Ints(a, b, c, d int32) I32x4 { return I32x4{constant(uint32(a), uint32(b), uint32(c), uint32(d))} }

// IntAll is a constant vector of equal lanes.
func IntAll(v int32) I32x4 { return Ints(v, v, v, v) }

// ByteAll is a constant vector of equal lanes.
func ByteAll(v byte) I8x16 {
	w := uint32(v) * 0x01010101
	return I8x16{constant(w, w, w, w)}
}

// ShortAll is a constant vector of equal lanes.
func ShortAll(v uint16) I16x8 {
	w := uint32(v) * 0x00010001
	return I16x8{constant(w, w, w, w)}
}

func constant(lanes ...uint32) value {
	code := simd(opV128Const)
	for _, l := range lanes {
		code = binary.LittleEndian.AppendUint32(code, l)
	}
	return value{code: code}
}

// Loads from address x + offset: 16 bytes; one float in all lanes; four bytes in
// all four quarters; eight bytes widened with their sign, or without.
func (x I32) LoadF32x4(offset int) F32x4 { return F32x4{x.load(opV128Load, offset)} }
func (x I32) LoadI8x16(offset int) I8x16 { return I8x16{x.load(opV128Load, offset)} }
func (x I32) LoadI16x8(offset int) I16x8 { return I16x8{x.load(opV128Load, offset)} }
func (x I32) LoadF32Splat(offset int) F32x4 {
	return F32x4{x.load(opV128Load32Splat, offset)}
}
func (x I32) LoadI8x4Splat(offset int) I8x16 {
	return I8x16{x.load(opV128Load32Splat, offset)}
}
func (x I32) LoadExtendI8x8(offset int) I16x8  { return I16x8{x.load(opV128Load8x8S, offset)} }
func (x I32) LoadExtendU8x8(offset int) I16x8  { return I16x8{x.load(opV128Load8x8U, offset)} }
func (x I32) LoadExtendI16x4(offset int) I32x4 { return I32x4{x.load(opV128Load16x4S, offset)} }

func (x I32) load(opcode uint32, offset int) value {
	return apply(access(simd(opcode), offset), x.value)
}

// Bytes.
func (x I8x16) And(y I8x16) I8x16  { return I8x16{vector(opV128And, x.value, y.value)} }
func (x I8x16) Xor(y I8x16) I8x16  { return I8x16{vector(opV128Xor, x.value, y.value)} }
func (x I8x16) Sub(y I8x16) I8x16  { return I8x16{vector(opI8x16Sub, x.value, y.value)} }
func (x I8x16) CountOnes() I8x16   { return I8x16{vector(opI8x16Popcnt, x.value)} }
func (x I8x16) AddPairsU() I16x8   { return I16x8{vector(opI16x8ExtaddPairwiseI8x16U, x.value)} }
func (x I8x16) ExtendLowS() I16x8  { return I16x8{vector(opI16x8ExtendLowI8x16S, x.value)} }
func (x I8x16) ExtendHighS() I16x8 { return I16x8{vector(opI16x8ExtendHighI8x16S, x.value)} }
func (x I8x16) AddPairs() I16x8    { return I16x8{vector(opI16x8ExtaddPairwiseI8x16S, x.value)} }

// RelaxedDot multiplies the lanes of x with those of y and adds pairs. It is
// exact, and so the same on every machine, if y is in 0..127 and no sum leaves
// the range of 16 bits.
func (x I8x16) RelaxedDot(y I8x16) I16x8 {
	return I16x8{vector(opI16x8RelaxedDotI8x16I7x16S, x.value, y.value)}
}

// RelaxedDotAdd adds to each lane of sum the four products of the lanes of x and y
// in its place. It is exact under the condition of RelaxedDot.
func (x I8x16) RelaxedDotAdd(y I8x16, sum I32x4) I32x4 {
	return I32x4{vector(opI32x4RelaxedDotI8x16I7x16AddS, x.value, y.value, sum.value)}
}

// I32x4 reads the bytes as words.
func (x I8x16) I32x4() I32x4 { return I32x4{value{code: x.code}} }

// Shuffle picks 16 of the 32 bytes of x and y; indices from 16 on are y's.
func (x I8x16) Shuffle(y I8x16, bytes [16]byte) I8x16 {
	return I8x16{apply(append(simd(opI8x16Shuffle), bytes[:]...), x.value, y.value)}
}

// 16-bit integers.
func (x I16x8) And(y I16x8) I16x8    { return I16x8{vector(opV128And, x.value, y.value)} }
func (x I16x8) ShrU(by int) I16x8    { return I16x8{vector(opI16x8ShrU, x.value, Int(by).value)} }
func (x I16x8) Add(y I16x8) I16x8    { return I16x8{vector(opI16x8Add, x.value, y.value)} }
func (x I16x8) Dot(y I16x8) I32x4    { return I32x4{vector(opI32x4DotI16x8S, x.value, y.value)} }
func (x I16x8) Narrow(y I16x8) I8x16 { return I8x16{vector(opI8x16NarrowI16x8S, x.value, y.value)} }
func (x I16x8) AddPairs() I32x4      { return I32x4{vector(opI32x4ExtaddPairwiseI16x8S, x.value)} }
func (x I16x8) ExtendLowS() I32x4    { return I32x4{vector(opI32x4ExtendLowI16x8S, x.value)} }
func (x I16x8) ExtendHighS() I32x4   { return I32x4{vector(opI32x4ExtendHighI16x8S, x.value)} }

// I8x16 reads the lanes as bytes, I32x4 as words.
func (x I16x8) I8x16() I8x16 { return I8x16{value{code: x.code}} }
func (x I16x8) I32x4() I32x4 { return I32x4{value{code: x.code}} }

// 32-bit integers. Narrow saturates; LtS gives all ones in lanes where x < y.
func (x I32x4) Add(y I32x4) I32x4    { return I32x4{vector(opI32x4Add, x.value, y.value)} }
func (x I32x4) Sub(y I32x4) I32x4    { return I32x4{vector(opI32x4Sub, x.value, y.value)} }
func (x I32x4) And(y I32x4) I32x4    { return I32x4{vector(opV128And, x.value, y.value)} }
func (x I32x4) Or(y I32x4) I32x4     { return I32x4{vector(opV128Or, x.value, y.value)} }
func (x I32x4) Shl(by int) I32x4     { return I32x4{vector(opI32x4Shl, x.value, Int(by).value)} }
func (x I32x4) LtS(y I32x4) I32x4    { return I32x4{vector(opI32x4LtS, x.value, y.value)} }
func (x I32x4) Narrow(y I32x4) I16x8 { return I16x8{vector(opI16x8NarrowI32x4S, x.value, y.value)} }
func (x I32x4) Float() F32x4         { return F32x4{vector(opF32x4ConvertI32x4S, x.value)} }
func (x I32x4) Lane(i int) I32       { return I32{lane(opI32x4ExtractLane, x.value, i)} }

// Bitmask is the sign of each lane, the first one's in the lowest bit.
func (x I32x4) Bitmask() I32 { return I32{vector(opI32x4Bitmask, x.value)} }

// I8x16 reads the lanes as bytes, I16x8 as halves.
func (x I32x4) I8x16() I8x16 { return I8x16{value{code: x.code}} }
func (x I32x4) I16x8() I16x8 { return I16x8{value{code: x.code}} }

// F32x4 reads the bits of the lanes as floats.
func (x I32x4) F32x4() F32x4 { return F32x4{value{code: x.code}} }

// Shuffle picks four of the eight lanes of x and y; indices from 4 on are y's.
func (x I32x4) Shuffle(y I32x4, a, b, c, d int) I32x4 {
	return I32x4{shuffle(x.value, y.value, a, b, c, d)}
}

// IEEE 754 binary32 arithmetic in each lane, correctly rounded.
func (x F32x4) Add(y F32x4) F32x4 { return F32x4{vector(opF32x4Add, x.value, y.value)} }
func (x F32x4) Sub(y F32x4) F32x4 { return F32x4{vector(opF32x4Sub, x.value, y.value)} }
func (x F32x4) Mul(y F32x4) F32x4 { return F32x4{vector(opF32x4Mul, x.value, y.value)} }
func (x F32x4) Div(y F32x4) F32x4 { return F32x4{vector(opF32x4Div, x.value, y.value)} }
func (x F32x4) Abs() F32x4        { return F32x4{vector(opF32x4Abs, x.value)} }
func (x F32x4) Neg() F32x4        { return F32x4{vector(opF32x4Neg, x.value)} }

// Gt gives all ones in lanes where x > y.
func (x F32x4) Gt(y F32x4) I32x4 { return I32x4{vector(opF32x4Gt, x.value, y.value)} }

// Min is y < x ? y : x, and Max is x < y ? y : x: one instruction on most
// machines, and the true minimum and maximum where no operand is a NaN.
func (x F32x4) Min(y F32x4) F32x4 { return F32x4{vector(opF32x4Pmin, x.value, y.value)} }
func (x F32x4) Max(y F32x4) F32x4 { return F32x4{vector(opF32x4Pmax, x.value, y.value)} }

func (x F32x4) Lane(i int) F32 { return F32{lane(opF32x4ExtractLane, x.value, i)} }

// I32x4 reads the bits of the lanes as integers.
func (x F32x4) I32x4() I32x4 { return I32x4{value{code: x.code}} }

// And keeps the bits that are set in the mask.
func (x F32x4) And(mask I32x4) F32x4 { return F32x4{vector(opV128And, x.value, mask.value)} }

// Merge keeps x where the mask is clear and takes y where it is set.
func (x F32x4) Merge(y F32x4, mask I32x4) F32x4 {
	return F32x4{vector(opV128Bitselect, y.value, x.value, mask.value)}
}

// Shuffle picks four of the eight lanes of x and y; indices from 4 on are y's.
func (x F32x4) Shuffle(y F32x4, a, b, c, d int) F32x4 {
	return F32x4{shuffle(x.value, y.value, a, b, c, d)}
}

func lane(opcode uint32, x value, i int) value {
	return apply(append(simd(opcode), byte(i)), x)
}

func shuffle(x, y value, lanes ...int) value {
	code := simd(opI8x16Shuffle)
	for _, l := range lanes {
		code = append(code, byte(4*l), byte(4*l+1), byte(4*l+2), byte(4*l+3))
	}
	return apply(code, x, y)
}
