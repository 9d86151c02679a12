// Package backend opens the GoMLX backend on which the models of
// gomlx-models compute: XLA through a PJRT plugin, on a CPU or a CUDA device,
// or GoMLX's own pure Go backend, which needs nothing but Go and is fit for
// tiny models only.
//
// Programs built with CGO_ENABLED=0 hold the Go backend alone; XLA needs cgo.
package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
)

// EnvSpec is the environment variable that holds the default for [Open].
const EnvSpec = backends.ConfigEnvVar // GOMLX_BACKEND

// Open returns the backend that spec names. The caller closes it by Finalize.
//
//   - "xla:/abs/pjrt_c_api_cpu_plugin.so": XLA with that PJRT plugin, for the
//     CPU or for CUDA. Options of GoMLX may follow after commas.
//   - "xla": XLA with the plugin found by [FindCPUPlugin].
//   - "xla:cuda": XLA with the plugin found by [FindCUDAPlugin].
//   - "go": the pure Go backend. Options of GoMLX may follow after a colon;
//     operations run one after the other unless an option says otherwise,
//     because the backend's own default can deadlock.
//   - "": what the environment variable GOMLX_BACKEND says; when that is empty
//     too, XLA if this program has it and a CPU plugin is found, else Go.
//
// Nothing is downloaded here; see [InstallCPUPlugin].
func Open(spec string) (backends.Backend, error) {
	config, err := resolve(spec, slices.Contains(backends.List(), "xla"))
	if err != nil {
		return nil, err
	}
	return open(config)
}

// resolve turns spec into a configuration that GoMLX accepts. hasXLA tells
// whether the program was built with XLA.
func resolve(spec string, hasXLA bool) (string, error) {
	if spec == "" {
		spec = os.Getenv(EnvSpec)
	}
	if spec == "" {
		if !hasXLA {
			return goConfig(""), nil
		}
		plugin, err := FindCPUPlugin()
		if errors.Is(err, ErrNoPlugin) {
			return goConfig(""), nil
		}
		if err != nil {
			return "", err
		}
		return "xla:" + plugin, nil
	}
	name, options, _ := strings.Cut(spec, ":")
	switch name {
	case "go":
		return goConfig(options), nil
	case "xla":
		if !hasXLA {
			return "", fmt.Errorf("backend %q: this program was built without XLA: build it with CGO_ENABLED=1 and a C compiler, or use %s=go", spec, EnvSpec)
		}
		return xlaConfig(spec, options)
	}
	return "", fmt.Errorf(`backend %q: unknown name %q: use "go", "xla", "xla:cuda" or "xla:/absolute/path/to/plugin.so" (%s)`, spec, name, EnvSpec)
}

// goConfig adds sequential execution to the options of the Go backend when
// they say nothing about scheduling. With both its worker pool and concurrent
// operations on, independent matrix products can wait for each other for ever.
func goConfig(options string) string {
	for option := range strings.SplitSeq(options, ",") {
		key, _, _ := strings.Cut(option, "=")
		if key == "ops_sequential" || key == "ops_parallel" || key == "parallelism" {
			return "go:" + options
		}
	}
	if options == "" {
		return "go:ops_sequential"
	}
	return "go:ops_sequential," + options
}

// xlaConfig checks the plugin path in the options of an XLA spec. A relative
// path is refused because go-xla would take it for a plugin name and search
// the system's library folders.
func xlaConfig(spec, options string) (string, error) {
	plugin, rest, more := strings.Cut(options, ",")
	var err error
	switch plugin {
	case "":
		plugin, err = FindCPUPlugin()
	case "cuda":
		plugin, err = FindCUDAPlugin()
	}
	if err != nil {
		return "", fmt.Errorf("backend %q: %w", spec, err)
	}
	if !filepath.IsAbs(plugin) {
		return "", fmt.Errorf(`backend %q: plugin path %q is not absolute: use "xla", "xla:cuda" or "xla:/absolute/path/to/plugin.so"`, spec, plugin)
	}
	if err := checkPlugin(plugin); err != nil {
		return "", fmt.Errorf("backend %q: %w", spec, err)
	}
	if more {
		plugin += "," + rest
	}
	return "xla:" + plugin, nil
}

// open constructs the backend. GoMLX reports some failures by panicking; they
// become errors here.
func open(config string) (b backends.Backend, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("backend %q: %v", config, r)
		}
	}()
	b, err = backends.NewWithConfig(config)
	if err != nil {
		return nil, fmt.Errorf("backend %q: %w", config, err)
	}
	return b, nil
}
