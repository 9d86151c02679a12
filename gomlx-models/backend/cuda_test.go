package backend

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// fakePython puts a python3 into PATH, alone, that looks for packages in the
// given folders; without folders there is no Python.
func fakePython(t *testing.T, folders ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Python is a shell script")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if len(folders) == 0 {
		return
	}
	script := "#!/bin/sh\necho '" + strings.Join(folders, "'\necho '") + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// writePlugin writes a stand-in for a plugin below dir.
func writePlugin(t *testing.T, dir string, below ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{dir}, below...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a shared library"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// "xla:cuda" finds a plugin in each of its places, the nearer one first.
func TestFindCUDAPlugin(t *testing.T) {
	cache := cleanEnv(t)
	t.Setenv(EnvCUDAPlugin, "")
	t.Setenv("VIRTUAL_ENV", "")
	t.Setenv("CONDA_PREFIX", "")
	local, system := filepath.Join(t.TempDir(), "site-packages"), filepath.Join(t.TempDir(), "dist-packages")
	fakePython(t, local, system)
	check := func(where, want string) {
		t.Helper()
		for _, options := range []string{"", ",tf32"} {
			if got, err := resolve("xla:cuda"+options, true); err != nil || got != "xla:"+want+options {
				t.Errorf("%s: resolve gives %q, %v; want %q", where, got, err, "xla:"+want+options)
			}
		}
	}

	_, err := resolve("xla:cuda", true)
	if !errors.Is(err, ErrNoCUDAPlugin) {
		t.Fatalf("nowhere: error %v, want %v", err, ErrNoCUDAPlugin)
	}
	for _, want := range []string{"xla:cuda", EnvCUDAPlugin, cache, local, system, "pip install"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nowhere: error %q does not name %q", err, want)
		}
	}

	check("in the second of Python's folders", writePlugin(t, system, "jax_plugins", "xla_cuda12", cudaPlugin))
	check("in the first of Python's folders", writePlugin(t, local, "jax_plugins", "xla_cuda12", cudaPlugin))
	check("for two versions of CUDA", writePlugin(t, local, "jax_plugins", "xla_cuda13", cudaPlugin))
	check("in the cache", writePlugin(t, cache, cudaPlugin))
	named := writePlugin(t, t.TempDir(), "some.so")
	t.Setenv(EnvCUDAPlugin, named)
	check("named", named)
	t.Setenv(EnvCUDAPlugin, named+"x")
	if _, err := resolve("xla:cuda", true); err == nil || !strings.Contains(err.Error(), EnvCUDAPlugin) {
		t.Errorf("named, but not there: error %v does not name %s", err, EnvCUDAPlugin)
	}
}

// Without a Python on the PATH, the active environment's folder is searched.
func TestFindCUDAPluginWithoutPython(t *testing.T) {
	cleanEnv(t)
	fakePython(t)
	t.Setenv(EnvCUDAPlugin, "")
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("VIRTUAL_ENV", "")
			t.Setenv("CONDA_PREFIX", "")
			dir := t.TempDir()
			t.Setenv(variable, dir)
			want := writePlugin(t, dir, "lib", "python3.12", "site-packages", "jax_plugins", "xla_cuda12", cudaPlugin)
			if got, err := FindCUDAPlugin(); err != nil || got != want {
				t.Errorf("found %q, %v; want %q", got, err, want)
			}
		})
	}
}

// What lies in a plugin's place but cannot be one is an error of its own.
func TestFindCUDAPluginDamaged(t *testing.T) {
	cache := cleanEnv(t)
	t.Setenv(EnvCUDAPlugin, "")
	path := writePlugin(t, cache, cudaPlugin)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := FindCUDAPlugin(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("an empty file: %q, %v; want an error with its path", got, err)
	}
}
