package asm

// Func is a function under construction: its body is what the methods of Func
// and of values have emitted so far.
type Func struct {
	module  *Module
	index   uint32
	params  []byte // types
	locals  []byte // types of the locals after the parameters
	result  byte   // type, or 0
	code    []byte
	started bool // a local or an instruction follows the parameters
}

// I32 declares the next parameter.
func (f *Func) I32() I32 { return I32{f.param(typeI32)} }

// I64 declares the next parameter.
func (f *Func) I64() I64 { return I64{f.param(typeI64)} }

// F32 declares the next parameter.
func (f *Func) F32() F32 { return F32{f.param(typeF32)} }

func (f *Func) param(t byte) value {
	if f.started {
		panic("asm: a parameter after a local or an instruction")
	}
	f.params = append(f.params, t)
	return f.local(len(f.params) - 1)
}

func (f *Func) local(index int) value {
	return value{code: immediate(opLocalGet, uint32(index)), f: f, index: uint32(index)}
}

// Let returns a new local that holds the value of x.
func Let[T typed[T]](f *Func, x T) T {
	f.started = true
	f.locals = append(f.locals, x.typ())
	v := x.wrap(f.local(len(f.params) + len(f.locals) - 1))
	set(v.raw(), x.raw())
	return v
}

// set stores x in the local v.
func set(v, x value) {
	if v.f == nil {
		panic("asm: Set of an expression; name it with Let")
	}
	v.f.emit(x.code, immediate(opLocalSet, v.index))
}

// SetGlobal stores x in g.
func (f *Func) SetGlobal(g Global, x I32) { f.emit(x.code, immediate(opGlobalSet, g.index)) }

// Store writes x, all its bytes, to address p + offset.
func (f *Func) Store(p I32, offset int, x Operand) {
	v := x.raw()
	switch x.typ() {
	case typeI32:
		f.emit(p.code, v.code, access([]byte{opI32Store}, offset))
	case typeI64:
		f.emit(p.code, v.code, access([]byte{opI64Store}, offset))
	case typeF32:
		f.emit(p.code, v.code, access([]byte{opF32Store}, offset))
	default:
		f.emit(p.code, v.code, access(simd(opV128Store), offset))
	}
}

// Store8 writes the low byte of x to address p.
func (f *Func) Store8(p, x I32) { f.emit(p.code, x.code, access([]byte{opI32Store8}, 0)) }

// StoreLane writes one lane of x to address p + offset.
func (f *Func) StoreLane(p I32, offset int, x F32x4, lane int) {
	f.emit(p.code, x.code, access(simd(opV128Store32Lane), offset), []byte{byte(lane)})
}

// Touch loads the byte at address p and drops it, which brings its cache line nearer.
// Engines keep such a load, since it might trap.
func (f *Func) Touch(p I32) { f.emit(p.LoadU8(0).code, []byte{opDrop}) }

// Call calls a function without a result.
func (f *Func) Call(callee *Func, arguments ...Operand) {
	if len(arguments) != len(callee.params) || callee.result != 0 {
		panic("asm: Call does not match the callee's type")
	}
	for i, a := range arguments {
		if a.typ() != callee.params[i] {
			panic("asm: Call with an argument of another type")
		}
		f.emit(a.raw().code)
	}
	f.emit(immediate(opCall, callee.index))
}

// Return ends the function with results of its type: all Returns of a function
// have the same.
func (f *Func) Return(result ...Operand) {
	var t byte
	for _, r := range result {
		t = r.typ()
		f.emit(r.raw().code)
	}
	if len(result) > 1 || f.result != 0 && f.result != t {
		panic("asm: Return of another type")
	}
	f.result = t
	f.emit([]byte{opReturn})
}

// Trap stops the program.
func (f *Func) Trap() { f.emit([]byte{opUnreachable}) }

// If emits a body that runs if condition is not 0.
func (f *Func) If(condition I32, then func()) {
	f.emit(condition.code, []byte{opIf, typeEmpty})
	then()
	f.emit([]byte{opEnd})
}

// While emits a loop that runs as long as condition, tested before each round,
// is not 0. The test stands at the end of the loop too, so that a round costs
// one jump.
func (f *Func) While(condition I32, body func()) {
	f.emit([]byte{opBlock, typeEmpty}, condition.Eqz().code, immediate(opBrIf, 0))
	f.emit([]byte{opLoop, typeEmpty})
	body()
	f.emit(condition.code, immediate(opBrIf, 0), []byte{opEnd, opEnd})
}

func (f *Func) emit(parts ...[]byte) {
	f.started = true
	for _, p := range parts {
		f.code = append(f.code, p...)
	}
}

func (f *Func) signature() []byte {
	s := append([]byte{0x60}, sized(f.params)...)
	if f.result == 0 {
		return append(s, 0)
	}
	return append(s, 1, f.result)
}

// body returns the function's entry in the code section: runs of locals of the
// same type, then the instructions. A function with a result ends in a Return,
// after which any type may be left.
func (f *Func) body() []byte {
	var runs []byte
	var count uint32
	for i := 0; i < len(f.locals); {
		n := 1
		for i+n < len(f.locals) && f.locals[i+n] == f.locals[i] {
			n++
		}
		runs = append(append(runs, uleb(uint32(n))...), f.locals[i])
		count++
		i += n
	}
	body := append(uleb(count), runs...)
	body = append(body, f.code...)
	return sized(append(body, opEnd))
}
