package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/effir/effir/toolchain/checkpoint"
)

// CacheDir is the folder for downloads: the given one, else $EFFIR_CACHE, else "effir" in the
// user's cache folder of the operating system. It need not exist.
func CacheDir(override string) (string, error) {
	if override != "" {
		return override, nil
	}
	if dir := os.Getenv("EFFIR_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &checkpoint.InputError{
			File: "cache", Problem: "this machine has no folder for caches", Err: err,
			Remedy: "set EFFIR_CACHE to a folder",
		}
	}
	return filepath.Join(dir, "effir"), nil
}

// hashSource is the SHA-256 of a file, or of the files that make up a model one after the other.
func hashSource(ctx context.Context, path string, opts Options) (string, error) {
	paths := []string{path}
	switch info, err := os.Stat(path); {
	case err != nil:
		return "", err
	case info.IsDir() || filepath.Ext(path) == ".safetensors" || filepath.Ext(path) == ".onnx":
		m, err := openModel(path)
		if err != nil {
			return "", err
		}
		paths = m.files
		if err := m.close(); err != nil {
			return "", err
		}
	}
	return hashFiles(ctx, paths, opts)
}

func hashFiles(ctx context.Context, paths []string, opts Options) (string, error) {
	total := int64(0)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", &checkpoint.InputError{File: path, Problem: "cannot be read", Err: err, Remedy: "a model folder has config.json, tokenizer.json and the weights"}
		}
		total += info.Size()
	}
	hash := sha256.New()
	done := int64(0)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = copyContext(ctx, hash, f, func(n int64) { opts.report("hashing", done+n, total) })
		if info, statErr := f.Stat(); statErr == nil {
			done += info.Size()
		}
		_ = f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// copyContext is io.Copy that stops when the context ends; progress gets the bytes copied so far.
func copyContext(ctx context.Context, dst io.Writer, src io.Reader, progress func(int64)) (int64, error) {
	buffer := make([]byte, 1<<18)
	total := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := src.Read(buffer)
		if n > 0 {
			if _, err := dst.Write(buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			progress(total)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
