package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// cachePath returns a path in the user's cache, which EFFIR_CACHE moves, and
// makes its parent folder.
func cachePath(elements ...string) (string, error) {
	root := os.Getenv("EFFIR_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder: %w; set EFFIR_CACHE", err)
		}
		root = filepath.Join(user, "effir")
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	return path, os.MkdirAll(filepath.Dir(path), 0o755)
}
