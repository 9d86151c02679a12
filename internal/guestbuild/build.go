// Package guestbuild compiles the guest for tests, which must run the module of
// the sources they stand beside and not one that was built before.
package guestbuild

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Arguments are the go command's arguments that compile the guest to the file
// out. The Taskfile's build uses the same ones.
func Arguments(out string) []string {
	return []string{"build", "-trimpath", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, "github.com/effir/effir/wasm/cmd/guest"}
}

var build = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "effir-guest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", Arguments(out)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
})

// Module returns the compiled guest; one process compiles it once.
func Module(t testing.TB) []byte {
	t.Helper()
	b, err := build()
	if err != nil {
		t.Fatal("compile the guest: ", err)
	}
	return b
}
