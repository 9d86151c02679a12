//go:build cgo && ((linux && amd64) || darwin)

package backend

import "github.com/gomlx/gomlx/backends/xla"

// XLA's own installer is switched off: it would fetch plugins from the network
// while a backend is being opened. GOMLX_NO_AUTO_INSTALL has the same effect
// but is read before this package could set it.
func init() { xla.EnableAutoInstall(false) }
