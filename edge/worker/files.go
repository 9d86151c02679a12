// Package worker holds the files of the worker that are not compiled: its
// JavaScript modules and the configuration for running it in workerd.
package worker

import "embed"

// Files are copied beside the compiled program as they are.
//
//go:embed *.mjs *.capnp
var Files embed.FS
