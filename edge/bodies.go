//go:build js && wasm

package main

import (
	"bytes"
	"io"
	"net/http"
	"syscall/js"
)

// maxRequestBody cuts what is taken over from JavaScript. It lies above the
// limit of the service, which tells clients when they send too much.
const maxRequestBody = 2 << 20

// wholeBodies passes bodies between JavaScript and next as one array each. The
// stream adapters of the workers library keep their callbacks and buffers until
// the program ends, which fits one program a request; this one serves thousands.
func wholeBodies(h *host, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stream, ok := r.Body.(interface{ GetRawJSBody() js.Value }); ok {
			r.Body = &requestBody{host: h, stream: stream.GetRawJSBody()}
		}
		a := &answer{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(a, r)
		w.WriteHeader(a.status)
		array := js.Global().Get("Uint8Array").New(a.body.Len())
		js.CopyBytesToJS(array, a.body.Bytes())
		w.(interface{ WriteRawJSBody(js.Value) }).WriteRawJSBody(array)
	})
}

// answer collects a response.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// requestBody fetches the whole of a stream at the first Read.
type requestBody struct {
	host    *host
	stream  js.Value
	content *bytes.Reader
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.content == nil {
		content, err := b.host.bytes("body", b.stream, maxRequestBody)
		if err != nil {
			return 0, err
		}
		b.content = bytes.NewReader(content)
	}
	return b.content.Read(p)
}

func (b *requestBody) Close() error { return nil }

var _ io.ReadCloser = (*requestBody)(nil)
