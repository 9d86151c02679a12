package asm

import "slices"

// pool is constants that lie in memory. In the middle of a loop an engine makes
// a vector constant anew, by three instructions on x86-64, where a load is one.
type pool struct {
	start, size int
	data        []byte
}

// Pool gives the module a place for constants: the size bytes of memory from start
// on, which the program must leave alone.
func (m *Module) Pool(start, size int) { m.pool = pool{start: start, size: size} }

// FloatAll is a constant vector of equal lanes from the module's pool.
func (f *Func) FloatAll(v float32) F32x4 { return F32x4{f.pooled(FloatAll(v).value)} }

// IntAll is a constant vector of equal lanes from the module's pool.
func (f *Func) IntAll(v int32) I32x4 { return I32x4{f.pooled(IntAll(v).value)} }

// ShortAll is a constant vector of equal lanes from the module's pool.
func (f *Func) ShortAll(v uint16) I16x8 { return I16x8{f.pooled(ShortAll(v).value)} }

// pooled returns the load of a constant, which it adds to the pool if need be.
func (f *Func) pooled(constant value) value {
	bits := constant.code[len(constant.code)-16:]
	p := &f.module.pool
	index := -1
	for i := 0; i < len(p.data); i += 16 {
		if slices.Equal(p.data[i:i+16], bits) {
			index = i
		}
	}
	if index < 0 {
		index = len(p.data)
		p.data = append(p.data, bits...)
		if len(p.data) > p.size {
			panic("asm: more constants than the pool has room for")
		}
	}
	return Int(0).load(opV128Load, p.start+index)
}

// segments returns the entries of the data section.
func (p pool) segments() [][]byte {
	if len(p.data) == 0 {
		return nil
	}
	segment := append([]byte{0}, Int(p.start).code...) // active, in memory 0
	return [][]byte{append(append(segment, opEnd), sized(p.data)...)}
}
