package backend

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
)

// fakePlugin writes a file that is no shared library and returns its path.
func fakePlugin(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, pluginFile)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a shared library"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// cleanEnv gives the test an empty cache folder and no variables, and returns
// the folder in which installed plugins are looked for.
func cleanEnv(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv("EFFIR_CACHE", "")
	t.Setenv(EnvSpec, "")
	t.Setenv(EnvCPUPlugin, "")
	dir, err := DefaultCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestResolve(t *testing.T) {
	cleanEnv(t)
	plugin := fakePlugin(t, t.TempDir())
	for _, c := range []struct{ spec, want string }{
		{"go", "go:ops_sequential"},
		{"go:packgemm", "go:ops_sequential,packgemm"},
		{"go:ops_parallel", "go:ops_parallel"},
		{"go:parallelism=-1", "go:parallelism=-1"},
		{"", "go:ops_sequential"},
		{"xla:" + plugin, "xla:" + plugin},
		{"xla:" + plugin + ",notf32", "xla:" + plugin + ",notf32"},
	} {
		got, err := resolve(c.spec, true)
		if err != nil || got != c.want {
			t.Errorf("resolve(%q) = %q, %v; want %q", c.spec, got, err, c.want)
		}
	}
}

func TestResolveDefault(t *testing.T) {
	dir := cleanEnv(t)
	t.Setenv(EnvSpec, "go:packgemm")
	if got, err := resolve("", true); err != nil || got != "go:ops_sequential,packgemm" {
		t.Errorf("with %s: got %q, %v", EnvSpec, got, err)
	}
	t.Setenv(EnvSpec, "")

	cached := fakePlugin(t, dir)
	if got, err := resolve("", true); err != nil || got != "xla:"+cached {
		t.Errorf("with a plugin in the cache: got %q, %v", got, err)
	}
	if got, err := resolve("", false); err != nil || got != "go:ops_sequential" {
		t.Errorf("with a plugin but without XLA: got %q, %v", got, err)
	}
	named := fakePlugin(t, t.TempDir())
	t.Setenv(EnvCPUPlugin, named)
	if got, err := resolve("xla", true); err != nil || got != "xla:"+named {
		t.Errorf("with %s: got %q, %v", EnvCPUPlugin, got, err)
	}
}

func TestResolveErrors(t *testing.T) {
	cleanEnv(t)
	empty := filepath.Join(t.TempDir(), "empty.so")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec   string
		hasXLA bool
		want   string
	}{
		{"tpu", true, "unknown name"},
		{"xla:cpu", true, "not absolute"},
		{"xla:/does/not/exist.so", true, "no such file"},
		{"xla:" + t.TempDir(), true, "not a regular file"},
		{"xla:" + empty, true, "empty"},
		{"xla", true, EnvCPUPlugin},
		{"xla", false, "CGO_ENABLED=1"},
	} {
		got, err := resolve(c.spec, c.hasXLA)
		if err == nil {
			t.Errorf("resolve(%q) = %q, want an error with %q", c.spec, got, c.want)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.spec) {
			t.Errorf("resolve(%q): error %q, want it to name the spec and %q", c.spec, err, c.want)
		}
	}
	if _, err := FindCPUPlugin(); !errors.Is(err, ErrNoPlugin) {
		t.Errorf("FindCPUPlugin in an empty cache: %v, want ErrNoPlugin", err)
	}
	t.Setenv(EnvCPUPlugin, "/does/not/exist.so")
	if _, err := resolve("", true); err == nil || !strings.Contains(err.Error(), EnvCPUPlugin) {
		t.Errorf("%s names no file: error %v, want one with the variable's name", EnvCPUPlugin, err)
	}
}

func TestOpenNoLibrary(t *testing.T) {
	if !slices.Contains(backends.List(), "xla") {
		t.Skip("this test binary was built without XLA")
	}
	plugin := fakePlugin(t, t.TempDir())
	if b, err := Open("xla:" + plugin); err == nil || !strings.Contains(err.Error(), plugin) {
		t.Errorf("Open of a text file: %v, %v; want an error with its path", b, err)
	}
}

func TestOpenBadOption(t *testing.T) {
	if _, err := Open("go:fast"); err == nil || !strings.Contains(err.Error(), "fast") {
		t.Errorf("error %v, want one that names the option", err)
	}
}

// TestOpenGo runs many independent matrix products at once, the case in which
// the Go backend's default scheduling can deadlock.
func TestOpenGo(t *testing.T) {
	b, err := Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	const n, products = 96, 24
	x := make([][]float32, n)
	for i := range x {
		x[i] = make([]float32, n)
		x[i][i] = 2
	}
	got, err := graph.ExecOnce(b, func(x *graph.Node) *graph.Node {
		sum := graph.ZerosLike(x)
		for i := range products {
			sum = graph.Add(sum, graph.MatMul(x, graph.AddScalar(x, float64(i))))
		}
		return sum
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	// (2I)(2I + i·1) summed over i: 4 on the diagonal of each, 2i everywhere.
	rows := got.Value().([][]float32)
	const everywhere = 2 * products * (products - 1) / 2
	if rows[0][0] != 4*products+everywhere || rows[1][0] != everywhere {
		t.Errorf("got %g and %g, want %d and %d", rows[0][0], rows[1][0], 4*products+everywhere, everywhere)
	}
}
