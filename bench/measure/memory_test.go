package measure

import (
	"os"
	"runtime"
	"testing"
)

func TestPrivateMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux only")
	}
	before, err := PrivateMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	held := make([]byte, 64<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	after, err := PrivateMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if grown := after - before; grown < 50 || grown > 200 {
		t.Errorf("64 MiB made the memory grow by %g MB, from %g", grown, before)
	}
	runtime.KeepAlive(held)
}
