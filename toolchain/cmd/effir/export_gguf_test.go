package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/gguf"
)

// The flag --gguf writes a file of the model as it is, in the format asked for.
func TestExportGGUF(t *testing.T) {
	checkpoint, file := writeCheckpoint(t), filepath.Join(t.TempDir(), "new", "tiny.gguf")
	for weights, want := range map[string]gguf.Type{"f32": gguf.F32, "Q8_0": gguf.Q8_0} {
		out, err := run(t, "export", checkpoint, "--gguf", file, "--gguf-weights", weights)
		if err != nil || !strings.Contains(out, "architecture deci, 4 blocks") {
			t.Fatalf("printed %q (%v)", out, err)
		}
		f, err := gguf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, ok := f.Lookup("blk.0.ffn_up.weight"); !ok || info.Type != want {
			t.Errorf("--gguf-weights %s stores %v", weights, info.Type)
		}
		if name, err := f.Text("general.name"); err != nil || name != "checkpoint" {
			t.Errorf("the model is called %q (%v)", name, err)
		}
	}
}

// Bad flags end in an error that names them, and write nothing.
func TestExportGGUFRefusals(t *testing.T) {
	checkpoint, work := writeCheckpoint(t), t.TempDir()
	file := filepath.Join(work, "x.gguf")
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{nil, "gguf"},
		{[]string{"--gguf", file, "-o", filepath.Join(work, "package")}, "out"},
		{[]string{"--gguf", file, "--weights", "7"}, "weights"},
		{[]string{"--gguf", file, "--gguf-weights", "q3"}, "--gguf-weights"},
	} {
		_, err := run(t, append([]string{"export", checkpoint}, c.arguments...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %s", c.arguments, err, c.want)
		}
	}
	if left, _ := os.ReadDir(work); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
