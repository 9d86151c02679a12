//go:build cgo && linux

package finetune

/*
#include <malloc.h>

// Has the C library hold on to what XLA frees after each step. By default every
// large buffer is returned to the system and mapped again, zeroed page by page,
// in the next step: a fifth of a training step's time on the CPU. It must happen
// before the first thread has memory of its own, which large buffers cannot come
// from.
__attribute__((constructor)) static void effir_keep_memory(void) {
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1); // never
#endif
}

static void effir_release_memory(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

// releaseMemory returns to the system what XLA has freed. What compiling leaves between
// longer-lived memory is too small for a step's buffers: a dozen programs would cost
// gigabytes.
func releaseMemory() { C.effir_release_memory() }
