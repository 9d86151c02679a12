package asm

// value is what all types of value share.
type value struct {
	code  []byte // instructions that leave the value on the stack
	f     *Func  // the function whose local it is, nil for an expression
	index uint32 // of the local
}

func (v value) raw() value { return v }

// Operand is a value of any type.
type Operand interface {
	raw() value
	typ() byte
}

// typed is a value of type T.
type typed[T any] interface {
	Operand
	wrap(v value) T
}

// The types of value.
type (
	I32   struct{ value }
	I64   struct{ value }
	F32   struct{ value }
	I8x16 struct{ value }
	I16x8 struct{ value }
	I32x4 struct{ value }
	F32x4 struct{ value }
)

func (I32) typ() byte   { return typeI32 }
func (I64) typ() byte   { return typeI64 }
func (F32) typ() byte   { return typeF32 }
func (I8x16) typ() byte { return typeV128 }
func (I16x8) typ() byte { return typeV128 }
func (I32x4) typ() byte { return typeV128 }
func (F32x4) typ() byte { return typeV128 }

func (I32) wrap(v value) I32     { return I32{v} }
func (I64) wrap(v value) I64     { return I64{v} }
func (F32) wrap(v value) F32     { return F32{v} }
func (I8x16) wrap(v value) I8x16 { return I8x16{v} }
func (I16x8) wrap(v value) I16x8 { return I16x8{v} }
func (I32x4) wrap(v value) I32x4 { return I32x4{v} }
func (F32x4) wrap(v value) F32x4 { return F32x4{v} }

// Set stores y in the local x.
func (x I32) Set(y I32) { set(x.value, y.value) }

// Set stores y in the local x.
func (x F32) Set(y F32) { set(x.value, y.value) }

// Set stores y in the local x.
func (x I16x8) Set(y I16x8) { set(x.value, y.value) }

// Set stores y in the local x.
func (x I32x4) Set(y I32x4) { set(x.value, y.value) }

// Set stores y in the local x.
func (x F32x4) Set(y F32x4) { set(x.value, y.value) }

// apply returns the expression that evaluates the operands in order and applies
// the instruction to them.
func apply(instruction []byte, operands ...value) value {
	var code []byte
	for _, o := range operands {
		code = append(code, o.code...)
	}
	return value{code: append(code, instruction...)}
}

// scalar applies an instruction of one byte.
func scalar(opcode byte, operands ...value) value { return apply([]byte{opcode}, operands...) }

// vector applies a vector instruction, with its immediate bytes if it has any.
func vector(opcode uint32, operands ...value) value { return apply(simd(opcode), operands...) }

// simd encodes a vector opcode.
func simd(opcode uint32) []byte { return append([]byte{prefixSIMD}, uleb(opcode)...) }

// immediate encodes an instruction with one index.
func immediate(opcode byte, index uint32) []byte { return append([]byte{opcode}, uleb(index)...) }

// access completes a memory instruction: no alignment is promised.
func access(instruction []byte, offset int) []byte {
	return append(append(instruction, 0), uleb(uint32(offset))...)
}
