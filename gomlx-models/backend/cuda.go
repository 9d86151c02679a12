package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// EnvCUDAPlugin is the environment variable with the path of a PJRT plugin for
// CUDA.
const EnvCUDAPlugin = "EFFIR_PJRT_CUDA_PLUGIN"

// ErrNoCUDAPlugin is wrapped by the error of [FindCUDAPlugin] when there is
// none.
var ErrNoCUDAPlugin = errors.New("no PJRT plugin for CUDA")

// cudaPlugin is the plugin's name in the wheels jax-cuda12-pjrt and
// jax-cuda13-pjrt, and wheelPlace where it lies in a folder of Python packages.
// Beside it such a folder has the wheels with CUDA's own libraries, which the
// plugin finds by paths relative to itself.
const cudaPlugin = "xla_cuda_plugin.so"

var wheelPlace = filepath.Join("jax_plugins", "xla_cuda*", cudaPlugin)

// FindCUDAPlugin returns the absolute path of a PJRT plugin for CUDA: the file
// that the environment variable EFFIR_PJRT_CUDA_PLUGIN names, else
// xla_cuda_plugin.so in the folder of [DefaultCacheDir], else the one of the
// wheels jax-cuda12-pjrt and jax-cuda13-pjrt, the highest number first, in the
// active Python's folders of packages. If there is none, the error wraps
// [ErrNoCUDAPlugin] and says where it was looked for.
func FindCUDAPlugin() (string, error) {
	if path, err := namedPlugin(EnvCUDAPlugin); path != "" || err != nil {
		return path, err
	}
	var looked []string
	if dir, err := DefaultCacheDir(); err == nil {
		looked = append(looked, filepath.Join(dir, cudaPlugin))
	}
	for _, dir := range pythonFolders() {
		looked = append(looked, filepath.Join(dir, wheelPlace))
	}
	for _, pattern := range looked {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 { // a folder whose name is no pattern holds no plugin for us
			continue
		}
		path := slices.Max(found)
		return path, checkPlugin(path)
	}
	return "", fmt.Errorf("%w: %s is not set, and there is none of %s: install one with pip install \"jax[cuda12]\" (or cuda13, as the driver allows), or set %s to a plugin that you have",
		ErrNoCUDAPlugin, EnvCUDAPlugin, strings.Join(looked, ", "), EnvCUDAPlugin)
}

// pythonFolders returns the folders in which the active Python looks for
// packages. Without a Python, they are those of the environment that is active.
func pythonFolders() []string {
	const program = `import sys; print("\n".join(p for p in sys.path if p.endswith("-packages")))`
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, python := range []string{"python3", "python"} {
		output, err := exec.CommandContext(ctx, python, "-c", program).Output()
		if err != nil {
			continue
		}
		var dirs []string
		for line := range bytes.Lines(output) {
			if dir := string(bytes.TrimSpace(line)); filepath.IsAbs(dir) {
				dirs = append(dirs, dir)
			}
		}
		return dirs
	}
	var dirs []string
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if root := os.Getenv(variable); root != "" {
			dirs = append(dirs, filepath.Join(root, "lib", "python3*", "site-packages"))
		}
	}
	return dirs
}
