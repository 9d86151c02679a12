package browsertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findProgram returns the path that an environment variable names, or that of the
// first of several programs; names may be patterns of absolute paths. The error
// wraps ErrMissing.
func findProgram(variable string, names ...string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w (%s is %s: %w)", ErrMissing, variable, path, err)
		}
		return path, nil
	}
	for _, name := range names {
		if filepath.IsAbs(name) {
			if found, _ := filepath.Glob(name); len(found) > 0 {
				return found[len(found)-1], nil
			}
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: install %s or set %s to its path", ErrMissing, strings.Join(names, " or "), variable)
}
