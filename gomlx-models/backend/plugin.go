package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// EnvCPUPlugin is the environment variable with the path of a PJRT plugin for
// the CPU.
const EnvCPUPlugin = "EFFIR_PJRT_CPU_PLUGIN"

// pluginFile is the plugin's name in the cache folder. go-xla derives the kind
// of device from it.
const pluginFile = "pjrt_c_api_cpu_plugin.so"

// ErrNoPlugin is wrapped by the error of [FindCPUPlugin] when there is none.
var ErrNoPlugin = errors.New("no PJRT plugin for the CPU")

// FindCPUPlugin returns the absolute path of a PJRT plugin for the CPU: the
// file that the environment variable EFFIR_PJRT_CPU_PLUGIN names, else the one
// that [InstallCPUPlugin] put into the default cache folder. When the variable
// is unset and the cache empty, the error wraps [ErrNoPlugin]; a variable that
// names no usable file is an error of its own.
func FindCPUPlugin() (string, error) {
	if path, err := namedPlugin(EnvCPUPlugin); path != "" || err != nil {
		return path, err
	}
	dir, err := DefaultCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: set %s: %w", ErrNoPlugin, EnvCPUPlugin, err)
	}
	path := filepath.Join(dir, pluginFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: neither %s is set nor is there %s", ErrNoPlugin, EnvCPUPlugin, path)
	}
	if err := checkPlugin(path); err != nil {
		return "", err
	}
	return path, nil
}

// namedPlugin returns the absolute path of the plugin that an environment
// variable names, "" if it is unset.
func namedPlugin(variable string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		return "", nil
	}
	path, err := filepath.Abs(path)
	if err == nil {
		err = checkPlugin(path)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	return path, nil
}

// DefaultCacheDir returns the folder of installed plugins: pjrt in the folder
// that the environment variable EFFIR_CACHE names, else effir/pjrt in the user's
// cache folder. It need not exist.
func DefaultCacheDir() (string, error) {
	if dir := os.Getenv("EFFIR_CACHE"); dir != "" {
		return filepath.Join(dir, "pjrt"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(dir, "effir", "pjrt"), nil
}

// checkPlugin reports why path cannot be a plugin, before the dynamic linker
// is asked.
func checkPlugin(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("PJRT plugin: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("PJRT plugin %s: not a regular file", path)
	}
	if info.Size() == 0 {
		return fmt.Errorf("PJRT plugin %s: the file is empty", path)
	}
	return nil
}
