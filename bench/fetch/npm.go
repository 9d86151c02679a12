package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
)

// NPM installs what the package-lock.json of a folder names into its node_modules, without running
// the packages' own scripts. It does nothing if that was done before.
func NPM(ctx context.Context, dir string) error {
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	stamp := filepath.Join(dir, "node_modules", ".installed-lock.json")
	if installed, err := os.ReadFile(stamp); err == nil && bytes.Equal(installed, lock) {
		return nil
	}
	if err := tool(ctx, "the packages of "+dir, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return err
	}
	return os.WriteFile(stamp, lock, 0o644)
}

// NPMVersion returns the version of a package that is installed in a folder's node_modules.
func NPMVersion(dir, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", filepath.FromSlash(name), "package.json"))
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	err = json.Unmarshal(text, &about)
	return about.Version, err
}
