//go:build js && wasm

// Command edge is a worker for Cloudflare-style runtimes: it answers /search and
// the OpenAI-shaped /v1/embeddings from a model package and a search bundle that
// lie beside it as static assets. One instance serves all requests of an isolate.
package main

import (
	"runtime/debug"
	"syscall/js"

	"github.com/syumai/workers"

	"github.com/effir/effir/edge/service"
	"github.com/effir/effir/wasm/kernel/wasmimport"
)

// gcPercent makes the collector run when the heap has grown by a quarter: the
// memory of the program never shrinks and shares its limit with the weights, and
// what a request allocates is little.
const gcPercent = 25

func main() {
	debug.SetGCPercent(gcPercent)
	h := newHost(js.Global().Get("context"))
	workers.ServeNonBlock(wholeBodies(h, service.New(wasmimport.Kernels{}, h)))
	workers.Ready()
	select {}
}
