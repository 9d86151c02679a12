package conformance_test

import (
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/conformance"
)

// The reference conforms to itself: the suite's own cases are within the
// contract, leave no NaN-dependent bits and address no byte out of range.
func TestReference(t *testing.T) {
	conformance.Run(t, func(*testing.T) kernel.Kernels { return kernel.NewReference() })
}
