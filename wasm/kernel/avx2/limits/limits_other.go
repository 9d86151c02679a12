//go:build !amd64

package limits

// All returns nothing: no kernels were generated for this architecture.
func All() []Limit { return nil }
