package layer

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// Product multiplies the rows of a by the rows of b: float32 [batch..., m, k]
// and [batch..., n, k] give float32 [batch..., m, n].
//
// Its gradients are matrix products too. GoMLX's gradient of DotGeneral
// multiplies element by element into an array [batch..., m, n, k] and sums up,
// which neither XLA on the CPU nor the Go backend turns into a product: a training
// step of a small BERT takes a hundred times longer.
func Product(a, b *Node) *Node {
	last := a.Rank() - 1
	if last < 1 || b.Rank() != last+1 || !slices.Equal(a.Shape().Dimensions[:last-1], b.Shape().Dimensions[:last-1]) ||
		a.Shape().Dimensions[last] != b.Shape().Dimensions[last] {
		exceptions.Panicf("product of rows of %s and %s", a.Shape(), b.Shape())
	}
	y := contract(a, []int{last}, b, []int{last}, last-1)
	if y.GetAlias() == "" { // else the graph had this very product already
		y.WithAlias(productAlias(y))
	}
	return y
}

// halfProduct is Product with a and b rounded to bfloat16, and so are its
// gradients. XLA sums in float32, and where the processor has bfloat16
// instructions it takes about half the time. The Go backend sums in bfloat16.
func halfProduct(a, b *Node) *Node {
	return Product(ConvertDType(a, dtypes.BFloat16), ConvertDType(b, dtypes.BFloat16))
}

// productAlias marks the nodes whose gradient is productGradient.
func productAlias(y *Node) string { return fmt.Sprintf("/effir.product/%d", y.Id()) }

func init() {
	fallback := VJPRegistration[NodeTypeDotGeneral]
	VJPRegistration[NodeTypeDotGeneral] = func(y *Node, outputs []*Node, shape shapes.Shape) []*Node {
		if y.GetAlias() != productAlias(y) {
			return fallback(y, outputs, shape)
		}
		a, b := y.Inputs()[0], y.Inputs()[1]
		byA, byB := productGradient(a, b, ConvertDType(outputs[0], a.DType()))
		return []*Node{ConvertDType(byA, a.DType()), ConvertDType(byB, b.DType())}
	}
}

// productGradient returns the gradients by a and b from v, that by the product.
func productGradient(a, b, v *Node) (byA, byB *Node) {
	n := v.Rank() - 1
	m := n - 1
	byA = contract(v, []int{n}, b, []int{m}, m)
	if rows := v.Shape().Dimensions[0]; m == 0 && rows%2 == 0 {
		// A sum over two axes makes XLA lay both operands out anew before it
		// multiplies, which is faster than multiplying columns by columns.
		v, a := Reshape(v, 2, rows/2, -1), Reshape(a, 2, rows/2, -1)
		return byA, contract(v, []int{0, 1}, a, []int{0, 1}, 0)
	}
	return byA, contract(v, []int{m}, a, []int{m}, m)
}

// contract sums products over the given axes of a and b; the first batch axes of
// both go together. The result is float32.
func contract(a *Node, axesA []int, b *Node, axesB []int, batch int) *Node {
	axes := make([]int, batch)
	for i := range axes {
		axes[i] = i
	}
	dot := Dot(a, b)
	if a.DType() != dtypes.Float32 {
		dot = dot.WithOutputDType(dtypes.Float32)
	}
	return dot.General(axesA, axes, axesB, axes)
}
