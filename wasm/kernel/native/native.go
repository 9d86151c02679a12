// Package native picks the kernels for the processor that the program runs on.
package native

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/wazerokernel"
)

// Variable is the environment variable that names the kernels that Open must
// take, for tests and measurements. Unset or empty: the fastest.
const Variable = "EFFIR_KERNEL"

// Open returns the kernels that [Variable] names, by default the fastest ones
// that this processor runs.
func Open() (kernel.Kernels, error) { return Named(os.Getenv(Variable)) }

// Named returns new kernels by name: "avx512vnni", "avxvnni" and "avx2" on
// processors that have these instructions, "wazero" and "reference" everywhere, ""
// for the fastest. The error says which names this machine takes.
func Named(name string) (kernel.Kernels, error) {
	var names []string
	for _, i := range slices.Concat(processor, portable) {
		if !i.supported() {
			continue
		}
		if name == "" || name == i.name {
			return i.open()
		}
		names = append(names, i.name)
	}
	return nil, errors.New("native: no kernels " + name + " on this machine; " +
		Variable + " may be empty or one of: " + strings.Join(names, ", "))
}

// implementation is a way to make kernels.
type implementation struct {
	name      string
	supported func() bool
	open      func() (kernel.Kernels, error)
}

// portable lists what runs on every processor, fastest first.
var portable = []implementation{
	{"wazero", always, func() (kernel.Kernels, error) { return wazerokernel.Open(context.Background()) }},
	{"reference", always, func() (kernel.Kernels, error) { return kernel.NewReference(), nil }},
}

func always() bool { return true }
