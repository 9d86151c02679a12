//go:build !amd64

package native

// processor is empty: no kernels were generated for this architecture.
var processor []implementation
