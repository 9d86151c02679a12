// Package limit holds loops with the arithmetic of products and nothing else, whose
// rate benchmarks compare products with. internal/asm generates them.
package limit
