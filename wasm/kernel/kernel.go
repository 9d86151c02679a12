// Package kernel is the arithmetic of the runtime: every number that an encoder
// or a vector scan computes passes through one of the operations declared here.
//
// An operation works on a linear memory that the kernels own and that callers
// address by byte offsets ([Ptr]). The same picture fits a WebAssembly module
// with its own memory and native code over a Go slice, so one encoder drives
// both, and weights are written once into the place where kernels read them.
//
// # Bit equality
//
// All implementations give the same bits for the same finite input. Integer
// sums are exact. Float operations are IEEE 754 binary32, round to nearest
// even, each product rounded before it is added (no fused multiply-add), in the
// order that the operation's comment states. A reduction "in eight lanes" over
// x[0..n) is
//
//	s[j] = ((x[j] + x[j+8]) + x[j+16]) + ...        for j in 0..7, from +0
//	t[j] = s[j] + s[j+4]                            for j in 0..3
//	sum  = (t[0] + t[2]) + (t[1] + t[3])
//
// # NaN policy
//
// Inputs with infinities or NaNs are outside the contract: loaders refuse them,
// and no operation makes one from finite inputs of ordinary size. Where they
// occur all the same, the floats that an operation leaves are unspecified and
// may differ between implementations, but no operation traps, loops or touches
// memory outside of its ranges because of a value.
package kernel

// Ptr is a byte offset into a kernel memory. 0 is never allocated.
type Ptr uint32

// Add returns the pointer n bytes further on.
func (p Ptr) Add(n int) Ptr { return p + Ptr(n) }

// Group is the number of consecutive weights of one column that share a scale
// and a minimum, and Panel is the number of columns that are stored together.
const (
	Group = 32
	Panel = 8
)

// QuantiseMin is the least group maximum that Quantise tells from zero, so that
// its reciprocal stays finite.
const QuantiseMin float32 = 0x1p-100

// Reserved is the size of the low part of every memory that belongs to the
// kernels themselves (constants, unpacked panels). Alloc never returns it.
const Reserved = 1 << 18

// Memory is what the kernels compute on. Offsets stay valid when it grows.
type Memory interface {
	// Alloc reserves size zeroed bytes, aligned to 64. It must not run while
	// an operation does.
	Alloc(size int) (Ptr, error)
	// Write copies src to p. It panics if the range was not allocated.
	Write(p Ptr, src []byte)
	// Read copies from p to dst. It panics if the range was not allocated.
	Read(dst []byte, p Ptr)
}

// Kernels is a set of operations over one memory. Operations on ranges that do
// not overlap may run concurrently. All float and int32 ranges are aligned to 4
// bytes, counts are not negative, and output ranges overlap no input range
// unless stated. Violating a stated size panics.
type Kernels interface {
	Memory

	// Name says which implementation this is: "reference", "avx2", "avxvnni",
	// "avx512vnni", "simd128-baseline", "simd128-relaxed".
	Name() string

	// Embed looks up token rows: out[r][i] = float32(q)*scale, where row ids[r]
	// of table holds dim/32 float16 scales followed by dim int8 values.
	// out: float32 [rows, dim]; ids: int32 [rows]; dim a multiple of 32.
	Embed(out, table, ids Ptr, rows, dim int)

	// EmbedQ4 looks up token rows of 4 bits: out[r][i] = float32(nibble-8)*scale,
	// where row ids[r] of table is laid out as PackQ4Rows says.
	// out: float32 [rows, dim]; ids: int32 [rows]; dim a multiple of 32.
	EmbedQ4(out, table, ids Ptr, rows, dim int)

	// RMSNorm scales each row by its root mean square:
	// ss = sum of float32(x*x) in eight lanes; r = 1/sqrt(ss/dim + eps);
	// out = float32(x*r)*w (Zhang and Sennrich 2019, equation 4).
	// out, x: float32 [rows, dim], may be the same; w: float32 [dim]; dim a multiple of 8.
	RMSNorm(out, x, w Ptr, rows, dim int, eps float32)

	// LayerNorm centres and scales each row (Ba et al. 2016, equation 4):
	// mean = (sum of x in eight lanes) / dim; d = x - mean;
	// v = (sum of float32(d*d) in eight lanes) / dim; r = 1/sqrt(v + eps);
	// out = float32(float32(d*r)*w) + b.
	// out, x: float32 [rows, dim], may be the same; w, b: float32 [dim]; dim a multiple of 8.
	LayerNorm(out, x, w, b Ptr, rows, dim int, eps float32)

	// Quantise makes 8-bit activations, one scale for each group of 32:
	// a = max|x| over the group; scale = a/127;
	// q = nearest-even(x * (127/a)), all 0 where a < QuantiseMin;
	// sum = float32(sum of q over the group) * scale.
	// q: int8 [rows, dim]; scale, sums: float32 [rows, dim/32];
	// x: float32 [rows, dim]; dim a multiple of 32.
	Quantise(q, scale, sums, x Ptr, rows, dim int)

	// MatMulQ4 multiplies quantised activations by 4-bit weights:
	//
	//	acc = +0
	//	for g in 0..k/32: acc = acc + float32(float32(float32(dot(r,c,g)) * d[g][c]) * scale[r][g])
	//	                  acc = acc + float32(sums[r][g] * m[g][c])
	//	out[r][c] = acc
	//
	// where dot is the exact integer sum of q[r][i]*nibble[i][c] over the group,
	// and a weight is d*nibble + m (see PackQ4 for the layout of w).
	// out: float32 [rows, n]; q, scale, sums as Quantise leaves them, dim = k;
	// n a multiple of 8, k a multiple of 32, at most 16384.
	MatMulQ4(out, q, scale, sums, w Ptr, rows, n, k int)

	// MatMulQ7 is MatMulQ4 with 7-bit weights: the same arithmetic with levels
	// 0..127 in place of nibbles (see PackQ7 for the layout of w).
	MatMulQ7(out, q, scale, sums, w Ptr, rows, n, k int)

	// RoPE rotates the first `heads` heads of each row in place by its position
	// (half-split form, Su et al. 2021): with a = x[h][i], b = x[h][i+half],
	// x[h][i] = float32(a*cos) - float32(b*sin), x[h][i+half] = float32(b*cos) + float32(a*sin).
	// x: float32 [rows, stride]; table: float32 [rows, headDim], cosines of the
	// half = headDim/2 frequencies, then sines; headDim a multiple of 16.
	RoPE(x, table Ptr, rows, heads, headDim, stride int)

	// Attention is grouped-query attention of one sequence over its own rows.
	// A row of qkv holds heads queries, kvHeads keys, kvHeads values, each
	// headDim floats. Query head h reads key/value head h/(heads/kvHeads).
	//
	//	s[j]  = (sum over d in order of float32(q[d]*k[j][d])) * scale
	//	p[j]  = Exp(s[j] - max s)
	//	o[d]  = (sum over j in order of float32(p[j]*v[j][d])) * (1 / sum of p in eight lanes)
	//
	// j runs over 0..r for row r if causal, else over all rows.
	// out: float32 [rows, heads*headDim]; scratch: AttentionScratch bytes;
	// headDim a multiple of 16, heads a multiple of kvHeads.
	Attention(out, qkv, scratch Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool)

	// SwiGLU gates the MLP: a row of x holds dim gates and dim ups;
	// out = float32(g / (1 + Exp(-g))) * u (Shazeer 2020, SwiGLU without bias).
	// out: float32 [rows, dim]; x: float32 [rows, 2*dim]; dim a multiple of 8.
	SwiGLU(out, x Ptr, rows, dim int)

	// GELU adds a bias and applies the activation in place: x = GELU(x[r][i] + b[i]),
	// see the function GELU.
	// x: float32 [rows, dim]; b: float32 [dim]; dim a multiple of 8.
	GELU(x, b Ptr, rows, dim int)

	// Bias adds b to each row: x[r][i] = x[r][i] + b[i].
	// x: float32 [rows, dim]; b: float32 [dim]; dim a multiple of 8.
	Bias(x, b Ptr, rows, dim int)

	// Add adds y to x element by element; count a multiple of 8.
	Add(x, y Ptr, count int)

	// MeanPool averages rows: out[i] = (sum over r in order of x[r][i]) * (1/rows).
	// out: float32 [dim]; x: float32 [rows, dim]; dim a multiple of 8, rows > 0.
	MeanPool(out, x Ptr, rows, dim int)

	// Dense maps one vector in float32:
	// out[c] = bias[c] + sum over i in order of float32(x[i]*w[i][c]), bias first.
	// out, bias: float32 [n]; x: float32 [k]; w: float32 [k, n]; n a multiple of 8.
	Dense(out, x, w, bias Ptr, n, k int)

	// Normalise divides x by its Euclidean length in place: ss = sum of
	// float32(x*x) in eight lanes; x = x * (1/sqrt(ss)); unchanged where ss is 0.
	// x: float32 [dim]; dim a multiple of 8.
	Normalise(x Ptr, dim int)

	// DotI8 scans vectors: out[r] = exact integer sum of query[i]*rows[r][i].
	// out: int32 [count]; query: int8 [dim]; vectors: int8 [count, dim];
	// dim a multiple of 16, at most 65536.
	DotI8(out, query, vectors Ptr, count, dim int)

	// Score turns what DotI8 left into scores and finds those above a bound:
	// x[r] = float32(float32(x[r])*scale) * scales[r], where x[r] on the right is
	// the int32; for every r, in order, whose score is above bound, found gets r and
	// x[r]. It returns the number of those.
	// found: [count] pairs of int32 and float32; x: int32, then float32 [count];
	// scales: float32 [count].
	Score(found, x, scales Ptr, count int, scale, bound float32) int

	// Hamming scans binary vectors: out[r] = number of bits in which
	// vectors[r] differs from query.
	// out: int32 [count]; query: bytes [size]; vectors: bytes [count, size];
	// size a multiple of 16, at most 65536.
	Hamming(out, query, vectors Ptr, count, size int)
}

// AttentionScratch returns the bytes of scratch that Attention needs for a
// sequence of rows tokens: the transposed keys of one head and the scores of
// eight query rows, both padded to eight keys.
func AttentionScratch(rows, headDim int) int {
	padded := (rows + 7) &^ 7
	return 4 * padded * (headDim + 8)
}
