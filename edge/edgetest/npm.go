//go:build unix

package edgetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// StartNPM is Start by the start script of a package.json, which npm runs in the
// folder of that file. Without npm the test is skipped.
func StartNPM(t testing.TB, packageFile, modelDir, bundleDir string) Process {
	t.Helper()
	binary := findWorkerd(t)
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not installed: its start script cannot be run")
	}
	folder := filepath.Dir(deployment(t, packageFile, modelDir, bundleDir))
	programs := filepath.Join(folder, "node_modules", ".bin")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	if binary, err = filepath.Abs(binary); err == nil {
		err = os.Symlink(binary, filepath.Join(programs, "workerd"))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(npm, "start", "--prefix", folder, "--")
	cmd.Dir = filepath.Dir(folder)
	cmd.Env = append(os.Environ(), "npm_config_update_notifier=false")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// npm would leave workerd behind. Registered last, this runs before the cleanup of run.
	defer t.Cleanup(func() {
		if cmd.Process != nil {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	})
	return run(t, cmd, 1)
}
