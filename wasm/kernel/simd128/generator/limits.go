package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

// RowLimit is the arithmetic of an operation that is no product, on the same few
// values again and again, which never leave the first-level cache. Module [Limits]
// exports it under its name, a function of a number of rounds.
type RowLimit struct {
	Name string
	// Count is what a round is counted as: multiplications and additions for
	// attention, or else values, one byte each for the scans.
	Count int

	sums int // vectors in which the operation adds up
	emit func(f *asm.Func, l *rowLimit)
}

// RowLimits are those of all operations that cost more than reading and writing.
// Attention is two: the time of its sums of products and that of its exponentials
// follow each other.
var RowLimits = []RowLimit{
	{"attention", unrolled * 2 * queries * 8, 2 * queries, limitAttention},
	{"softmax", 8, 1, limitSoftmax},
	{"quantise", group, 0, limitQuantise},
	{"gelu", 16, 0, limitGELU},
	{"swi_glu", 8, 0, limitSwiGLU},
	{"layer_norm", 8, 4, limitLayerNorm},
	{"rms_norm", 8, 2, limitRMSNorm},
	{"rope", 16, 4, limitRoPE},
	{"dot_i8", 4 * 16, 4, limitDotI8},
	{"hamming", 16, 1, limitHamming},
}

// Limits returns a module for benchmarks with the functions of [RowLimits], and
// read(start, size), which does nothing but read: what memory allows. It has a
// memory of its own, exported as "memory", which hosts may grow.
func Limits() []byte {
	m := asm.NewModule()
	m.Memory("memory", 1)
	m.Pool(poolStart, poolEnd-poolStart)
	for _, l := range RowLimits {
		addRowLimit(m, l)
	}
	addRead(m)
	return m.Bytes()
}

// limitData is where the values of the limits lie: 64 vectors of floats that are
// neither zero nor of one size. What they make of them lies behind.
const (
	limitData    = poolEnd
	limitVectors = 64
)

// rowLimit is a loop under construction. Engines load the data anew in each round,
// and store what nobody reads.
type rowLimit struct {
	*asm.Func
	data asm.I32
	sums []asm.F32x4
}

func (l *rowLimit) load(i int) asm.F32x4 { return l.data.LoadF32x4(16 * i) }

// floats are n vectors in locals.
func (l *rowLimit) floats(n int) (x []asm.F32x4) {
	for i := range n {
		x = append(x, asm.Let(l.Func, l.load(i)))
	}
	return x
}

func (l *rowLimit) store(i int, x asm.Operand) { l.Store(l.data, 16*(limitVectors+i), x) }

// add adds x to the i-th sum, addInts the lanes of x as integers.
func (l *rowLimit) add(i int, x asm.F32x4) { l.sums[i].Set(l.sums[i].Add(x)) }

func (l *rowLimit) addInts(i int, x asm.I32x4) {
	l.sums[i].Set(l.sums[i].I32x4().Add(x).F32x4())
}

func addRowLimit(m *asm.Module, limit RowLimit) {
	f := m.Func(limit.Name)
	rounds := f.I32()
	l := &rowLimit{Func: f, data: asm.Let(f, asm.Int(limitData))}
	p, x := asm.Let(f, l.data), asm.Let(f, asm.FloatAll(0.25))
	end := asm.Let(f, p.Plus(16*limitVectors))
	f.While(p.LtU(end), func() {
		f.Store(p, 0, x)
		x.Set(x.Add(asm.FloatAll(0.25)))
		p.Advance(16)
	})
	for range limit.sums {
		l.sums = append(l.sums, asm.Let(f, asm.FloatAll(0)))
	}
	repeat(f, rounds, func() { limit.emit(f, l) })
	for i, sum := range l.sums {
		l.store(i, sum)
	}
}

func limitAttention(f *asm.Func, l *rowLimit) {
	for step := range unrolled {
		columns := []asm.F32x4{asm.Let(f, l.load(2*step)), asm.Let(f, l.load(2*step+1))}
		for row := range queries {
			x := asm.Let(f, l.data.LoadF32Splat(4*(queries*step+row)))
			for half, column := range columns {
				l.add(2*row+half, x.Mul(column))
			}
		}
	}
}

func limitSoftmax(f *asm.Func, l *rowLimit) {
	top := l.load(8)
	for i, e := range exp(f, each(f, l.floats(2), func(_ int, x asm.F32x4) asm.F32x4 { return x.Sub(top) })) {
		e = asm.Let(f, e.And(l.load(16+i).I32x4()))
		l.store(i, e)
		l.add(0, e)
	}
}

func limitQuantise(f *asm.Func, l *rowLimit) {
	g := quantiseGroup(f, l.data, asm.Let(f, f.FloatAll(roundingShift)))
	l.store(0, g.low)
	l.store(1, g.high)
	l.store(2, g.scale)
	l.store(3, g.sum)
}

func limitGELU(f *asm.Func, l *rowLimit) {
	x := each(f, l.floats(4), func(i int, x asm.F32x4) asm.F32x4 { return x.Add(l.load(8 + i)) })
	for i, y := range gelu(f, x) {
		l.store(i, y)
	}
}

func limitSwiGLU(f *asm.Func, l *rowLimit) {
	for i, y := range silu(f, l.floats(2)) {
		l.store(i, y.Mul(l.load(8+i)))
	}
}

func limitLayerNorm(f *asm.Func, l *rowLimit) {
	mean, factor := asm.Let(f, l.load(16)), asm.Let(f, l.load(17))
	for i, x := range l.floats(2) {
		l.add(i, x)
		d := asm.Let(f, x.Sub(mean))
		l.add(2+i, d.Mul(d))
		l.store(i, l.load(i).Sub(mean).Mul(factor).Mul(l.load(18)).Add(l.load(19)))
	}
}

func limitRMSNorm(f *asm.Func, l *rowLimit) {
	factor := asm.Let(f, l.load(16))
	for i, x := range l.floats(2) {
		l.add(i, x.Mul(x))
		l.store(i, x.Mul(factor).Mul(l.load(17)))
	}
}

// limitRoPE adds up instead of storing, which would take as long as the rest: the
// operation writes to its input's cache lines, the limit always to one.
func limitRoPE(f *asm.Func, l *rowLimit) {
	for i := range 2 {
		turn := func(j int) asm.F32x4 { return asm.Let(f, l.load(8*i+j)) }
		x, y := rotate(turn(0), turn(1), turn(2), turn(3))
		l.add(2*i, x)
		l.add(2*i+1, y)
	}
}

func limitDotI8(f *asm.Func, l *rowLimit) {
	for half := range 2 {
		q := asm.Let(f, l.data.LoadI16x8(16*half))
		for row := range 4 {
			l.addInts(row, l.data.LoadExtendI8x8(64*row+8*half).Dot(q))
		}
	}
}

func limitHamming(_ *asm.Func, l *rowLimit) {
	l.addInts(0, l.data.LoadI8x16(0).Xor(l.data.LoadI8x16(16)).CountOnes().AddPairsU().AddPairs())
}

// addRead emits read(start, size), size a multiple of 64.
func addRead(m *asm.Module) {
	f := m.Func("read")
	p, size := f.I32(), f.I32()
	require(f, size, 64)
	end := asm.Let(f, p.Add(size))
	var sums [4]asm.I32x4
	for i := range sums {
		sums[i] = asm.Let(f, asm.IntAll(0))
	}
	f.While(p.LtU(end), func() {
		for i, sum := range sums {
			sum.Set(sum.Or(p.LoadI16x8(16 * i).I32x4()))
		}
		p.Advance(64)
	})
	f.Store(asm.Int(limitData), 0, sums[0].Or(sums[1]).Or(sums[2].Or(sums[3])))
}
