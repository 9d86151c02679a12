package backend

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// wheel is a pinned Python package that holds a PJRT plugin.
type wheel struct {
	requirement string // what pip is asked for
	sha256      string // of the .whl file, lower-case hex
	size        int64  // of the .whl file, bytes
	member      string // path of the plugin inside the wheel
	memberSize  int64  // of the unpacked plugin, bytes
}

// cpuWheel runs with go-xla v0.2.2 on Linux with glibc 2.27 or later, amd64.
var cpuWheel = wheel{
	requirement: "lammps-jax-pjrt-cpu==0.11.2",
	sha256:      "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
	size:        62711338,
	member:      "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
	memberSize:  201600336,
}

// InstallCPUPlugin makes sure that cacheDir holds the pinned PJRT plugin for
// the CPU and returns its path. An empty cacheDir means [DefaultCacheDir].
//
// If the plugin is missing, pip downloads its wheel (62 MB) into a temporary
// folder; the wheel's SHA-256 is compared with the pinned one before anything
// in it is read, and the plugin (202 MB) appears in cacheDir under its name
// only when it is complete. log receives pip's output and may be nil.
//
// Cancelling ctx stops the download and leaves nothing behind.
func InstallCPUPlugin(ctx context.Context, cacheDir string, log io.Writer) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("install the PJRT plugin: %s exists for linux/amd64 only, this is %s/%s: set %s to a plugin of your own",
			cpuWheel.requirement, runtime.GOOS, runtime.GOARCH, EnvCPUPlugin)
	}
	if cacheDir == "" {
		dir, err := DefaultCacheDir()
		if err != nil {
			return "", err
		}
		cacheDir = dir
	}
	path, err := cpuWheel.install(ctx, cacheDir, log)
	if err != nil {
		return "", fmt.Errorf("install the PJRT plugin: %w", err)
	}
	return path, nil
}

// install returns the plugin's path in dir, downloading and unpacking it if
// there is none of the right size.
func (w wheel) install(ctx context.Context, dir string, log io.Writer) (string, error) {
	path := filepath.Join(dir, pluginFile)
	if info, err := os.Stat(path); err == nil && info.Size() == w.memberSize {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	download, err := os.MkdirTemp(dir, "download-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(download)
	file, err := w.download(ctx, download, log)
	if err != nil {
		return "", err
	}
	if err := w.unpack(ctx, file, path); err != nil {
		return "", err
	}
	return path, nil
}

// download asks pip for the wheel and returns the path of the file in dir.
func (w wheel) download(ctx context.Context, dir string, log io.Writer) (string, error) {
	pip, err := pipCommand()
	if err != nil {
		return "", err
	}
	args := append(pip[1:], "download", "--no-deps", "--only-binary", ":all:", "--dest", dir, w.requirement)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("pip download %s: %w: see pip's output, or set %s to a plugin that you have", w.requirement, err, EnvCPUPlugin)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("pip download %s: %d wheels, want 1", w.requirement, len(files))
	}
	return files[0], nil
}

// pipCommand returns the command line that starts pip.
func pipCommand() ([]string, error) {
	for _, name := range []string{"pip", "pip3"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	if path, err := exec.LookPath("python3"); err == nil {
		return []string{path, "-m", "pip"}, nil
	}
	return nil, fmt.Errorf("neither pip, pip3 nor python3 found in PATH: install Python's pip, or set %s to a plugin that you have", EnvCPUPlugin)
}

// unpack verifies the wheel in file and writes its plugin to path.
func (w wheel) unpack(ctx context.Context, file, path string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := w.verify(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	z, err := zip.NewReader(f, w.size)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	member, err := z.Open(w.member)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	defer member.Close()
	return w.write(ctx, member, path)
}

// verify compares size and hash of the wheel with the pinned ones.
func (w wheel) verify(ctx context.Context, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != w.size {
		return fmt.Errorf("%d bytes, want %d: the download is damaged or the package was changed", info.Size(), w.size)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, contextReader{ctx, f}); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != w.sha256 {
		return fmt.Errorf("SHA-256 is %s, want %s: the download is damaged or the package was changed", got, w.sha256)
	}
	return nil
}

// write copies the plugin to a temporary file beside path and renames it, so
// that path is never incomplete.
func (w wheel) write(ctx context.Context, plugin io.Reader, path string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), pluginFile+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once the file is renamed
	n, err := io.Copy(tmp, io.LimitReader(contextReader{ctx, plugin}, w.memberSize+1))
	if err == nil && n != w.memberSize {
		err = fmt.Errorf("%s: size differs from the pinned %d bytes", w.member, w.memberSize)
	}
	if err == nil {
		err = tmp.Chmod(0o755)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// contextReader makes a long copy end when ctx is cancelled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
