package main

import (
	"context"
	"io/fs"

	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/web"
)

// pageFS returns the search page with its scripts.
func pageFS(context.Context) (fs.FS, error) { return web.Build(true) }

// moduleNames are the files of runtimeModules.
var moduleNames = []string{"guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm"}

// runtimeModules returns a folder of the three modules that a browser loads.
func runtimeModules(guest []byte) fs.FS {
	return web.Assets{
		"guest.wasm":            guest,
		"kernels_baseline.wasm": simd128.Baseline,
		"kernels_relaxed.wasm":  simd128.Relaxed,
	}
}
