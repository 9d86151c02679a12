package importer

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/effir/effir/toolchain/checkpoint"
)

// mavenDownload runs Maven, which knows the user's repositories and proxies, and returns the path
// of the jar in dir.
func mavenDownload(ctx context.Context, s Source, dir string, opts Options) (string, error) {
	fail := func(problem string, err error) (string, error) {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", &checkpoint.InputError{
			File: s.name, Problem: problem, Err: err,
			Remedy: fmt.Sprintf("install Maven, or fetch the jar of %s %s by other means and run: effir import FILE.jar", s.project, s.version),
		}
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return fail("Maven (mvn) was not found on PATH", nil)
	}
	coordinates := s.group + ":" + s.project + ":" + s.version
	for _, goal := range [][]string{
		// dependency:get fetches into Maven's own repository; the artifact alone, without what it needs to run.
		{"dependency:get", "-Dartifact=" + coordinates, "-Dtransitive=false"},
		{"dependency:copy", "-Dartifact=" + coordinates + ":jar", "-DoutputDirectory=" + dir, "-Dmdep.useBaseVersion=true"},
	} {
		cmd := exec.CommandContext(ctx, "mvn", append([]string{"--batch-mode", "--quiet"}, goal...)...)
		cmd.Dir = dir // so that the pom.xml of a project that we are called in plays no part
		cmd.Env = os.Environ()
		cmd.WaitDelay = 5 * time.Second
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		opts.report("downloading with Maven", 0, -1)
		if err := cmd.Run(); err != nil {
			return fail("mvn "+goal[0]+" failed: "+lastLines(output.String(), 3), err)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil || len(found) != 1 {
		return fail(fmt.Sprintf("Maven left %d jars, want one", len(found)), err)
	}
	return found[0], nil
}
