//go:build !(cgo && linux)

package finetune

// releaseMemory does nothing: only glibc is told to keep what XLA frees.
func releaseMemory() {}
