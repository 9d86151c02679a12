// Package testmodel has what the tests under gomlx-models share: the backends
// to run on, and a reader of models in Hugging Face's format.
package testmodel

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/backend"
)

// EnvRequireXLA makes tests fail instead of being skipped when XLA or its
// plugin is missing.
const EnvRequireXLA = "EFFIR_REQUIRE_XLA"

// EachBackend runs f as a subtest on the Go backend ("go") and on XLA ("xla").
func EachBackend(t *testing.T, f func(t *testing.T, b backends.Backend)) {
	t.Run("go", func(t *testing.T) { f(t, Go(t)) })
	t.Run("xla", func(t *testing.T) { f(t, XLA(t)) })
}

// Go returns the Go backend; it ends with the test.
func Go(t testing.TB) backends.Backend {
	t.Helper()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// openXLA opens one client for the whole test program; it ends with the program.
var openXLA = sync.OnceValues(func() (backends.Backend, error) {
	if spec := os.Getenv(backend.EnvSpec); strings.HasPrefix(spec, "xla") {
		return backend.Open(spec)
	}
	return backend.Open("xla")
})

// XLA returns the XLA backend that GOMLX_BACKEND names, else the one on the
// CPU. Without XLA or a plugin the test is skipped, or fails if the environment
// demands XLA.
func XLA(t testing.TB) backends.Backend {
	t.Helper()
	missing := t.Skip
	if os.Getenv(EnvRequireXLA) == "1" {
		missing = t.Fatal
	}
	if !slices.Contains(backends.List(), "xla") {
		missing("no XLA: this test program was built without cgo")
	}
	b, err := openXLA()
	if errors.Is(err, backend.ErrNoPlugin) {
		missing("no XLA: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
