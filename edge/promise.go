//go:build js && wasm

package main

import (
	"errors"
	"syscall/js"
)

// await blocks the calling goroutine until a promise settles. The promise must
// belong to the request that the goroutine serves.
func await(p js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	resolved := js.FuncOf(func(_ js.Value, arguments []js.Value) any {
		settled <- outcome{value: arguments[0]}
		return nil
	})
	defer resolved.Release()
	rejected := js.FuncOf(func(_ js.Value, arguments []js.Value) any {
		settled <- outcome{err: errors.New(message(arguments[0]))}
		return nil
	})
	defer rejected.Release()
	p.Call("then", resolved, rejected)
	o := <-settled
	return o.value, o.err
}

// message is the text of whatever JavaScript threw.
func message(thrown js.Value) string {
	if thrown.Type() == js.TypeObject {
		if text := thrown.Get("message"); text.Type() == js.TypeString {
			return text.String()
		}
	}
	return js.Global().Get("String").Invoke(thrown).String()
}

// promise runs f in a goroutine and returns a promise of its end.
func promise(f func()) js.Value {
	executor := js.FuncOf(func(_ js.Value, arguments []js.Value) any {
		resolve := arguments[0]
		go func() {
			f()
			resolve.Invoke()
		}()
		return nil
	})
	defer executor.Release()
	return js.Global().Get("Promise").New(executor)
}
