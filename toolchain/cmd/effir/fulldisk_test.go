//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// envLimited makes the test program the effir command, with files that can grow to the number of
// bytes in the variable only.
const envLimited = "EFFIR_TEST_FILE_SIZE"

func TestMain(m *testing.M) {
	var limit uint64
	if n, _ := fmt.Sscan(os.Getenv(envLimited), &limit); n == 0 {
		os.Exit(m.Run())
	}
	// Without the signal a file that grows too large is an error, as on a full disk.
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	main()
	os.Exit(0)
}

// snapshot reads a folder: content by path.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fullDisk matches the error of a command that writes "out".
var fullDisk = regexp.MustCompile(`(?:^|\n)effir: write \S*out\S*: file too large: make room .* intact\n$`)

// On a full disk, commands that write models end with an error that names the file, and under the
// final names there is nothing, or what was there before. With room again the same command works.
func TestFullDisk(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	model := writeCheckpoint(t)
	for name, c := range map[string]struct {
		arguments []string // the last one is what they write
		changed   []string // that write the same with other content
		limits    []int    // bytes; the largest file is larger
		kept      string   // folder of unfinished work, which may stay
	}{
		"compress": {
			[]string{"compress", "--model", model, "--drop-mlp", "0,", "--out", "out"},
			[]string{"compress", "--model", model, "--drop-mlp", "2,", "--out", "out"}, []int{0, 600, 20_000, 100_000}, "",
		},
		"export": {
			[]string{"export", model, "--out", "out"},
			[]string{"export", model, "--weights", "7", "--out", "out"}, []int{0, 600, 20_000, 60_000}, "",
		},
		"export --gguf": {
			[]string{"export", model, "--gguf", "out"},
			[]string{"export", model, "--gguf-weights", "f32", "--gguf", "out"}, []int{0, 600, 20_000, 100_000}, "",
		},
		"analyze": {
			[]string{"analyze", "--model", model, "--sequences", "3", "--length", "64", "--out", "out"}, nil,
			[]int{0, 200, 2_000, 20_000}, "unfinished",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			refused := func(arguments []string, limit int) {
				t.Helper()
				child := exec.Command(program, arguments...)
				child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", envLimited, limit))
				output, err := child.CombinedOutput()
				if err == nil || !fullDisk.Match(output) {
					t.Errorf("limit %d: %v, printed %s", limit, err, output)
				}
			}
			for _, limit := range c.limits {
				refused(c.arguments, limit)
				for path := range snapshot(t, dir) {
					if c.kept == "" || !strings.HasPrefix(path, "/out/"+c.kept+"/") {
						t.Errorf("limit %d: %s is left", limit, path)
					}
				}
			}
			if output, err := run(t, c.arguments...); err != nil {
				t.Fatalf("with room again: %v\n%s", err, output)
			}
			if c.changed == nil {
				return
			}
			before := snapshot(t, dir)
			for _, limit := range c.limits {
				refused(c.changed, limit)
			}
			after := snapshot(t, dir)
			for path, content := range before {
				if after[path] != content {
					t.Errorf("%s was changed", path)
				}
			}
			if len(after) != len(before) {
				t.Errorf("%d files before, %d after", len(before), len(after))
			}
		})
	}
}
