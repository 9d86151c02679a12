//go:build js && wasm

package main

import (
	"syscall/js"
	"time"

	"github.com/effir/effir/edge/service"
	"github.com/effir/effir/wasm/kernel"
)

// host implements service.Host with the functions of worker/host.mjs.
type host struct {
	functions js.Value
	tasks     []func() // to be run behind an answer
}

// newHost takes the object that worker.mjs passes to the program. It adds
// the function by which the worker runs what is left after an answer.
func newHost(context js.Value) *host {
	h := &host{functions: context.Get("effir")}
	context.Get("binding").Set("background", js.FuncOf(h.runTasks))
	return h
}

func (h *host) Manifest(path string, limit int) ([]byte, error) {
	return h.bytes("manifest", path, limit)
}

func (h *host) File(path, sha256 string, size int) ([]byte, error) {
	return h.bytes("file", path, sha256, size)
}

func (h *host) Weights(p kernel.Ptr, path, sha256 string, size int) error {
	_, err := await(h.functions.Call("weights", int(p), path, sha256, size))
	return err
}

func (h *host) Pause(d time.Duration) {
	await(h.functions.Call("pause", d.Milliseconds()))
}

func (h *host) Background(task func()) { h.tasks = append(h.tasks, task) }

func (h *host) Memory() service.Memory {
	m := h.functions.Call("memory")
	return service.Memory{Kernels: m.Get("kernels").Int(), Program: m.Get("program").Int()}
}

// bytes calls a function that gives a promise of a Uint8Array.
func (h *host) bytes(function string, arguments ...any) ([]byte, error) {
	array, err := await(h.functions.Call(function, arguments...))
	if err != nil {
		return nil, err
	}
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b, nil
}

// runTasks starts the tasks that wait and returns a promise of their end.
func (h *host) runTasks(js.Value, []js.Value) any {
	tasks := h.tasks
	h.tasks = nil
	return promise(func() {
		for _, task := range tasks {
			task()
		}
	})
}
