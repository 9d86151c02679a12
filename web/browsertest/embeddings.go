package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// Kernel choices of EmbeddingsBy, as the client library's option "kernels".
const (
	Auto     = "auto"
	Baseline = "baseline"
	Relaxed  = "relaxed"
)

// batch is the number of texts between two looks at the context.
const batch = 16

// Embeddings starts a browser and lets the Web Worker host of a server (package
// serve, or any static host laid out like it) embed texts as passages. It
// returns the bytes that the guest gave: dims float32 numbers, little endian.
func Embeddings(ctx context.Context, serverURL string, texts []string) ([][]byte, error) {
	vectors, _, err := EmbeddingsBy(ctx, serverURL, Auto, texts)
	return vectors, err
}

// EmbeddingsBy is Embeddings with a choice of kernels; it also returns which
// ones were used.
func EmbeddingsBy(ctx context.Context, serverURL, kernels string, texts []string) (vectors [][]byte, used string, err error) {
	browser, stop, err := Start(ctx)
	if err != nil {
		return nil, "", err
	}
	defer stop()
	base := strings.TrimSuffix(serverURL, "/") + "/"
	// Any document of the server will do, but the search page, which would load
	// a model of its own.
	if err := chromedp.Do(browser, chromedp.Navigate(base+"status.json")); err != nil {
		return nil, "", fmt.Errorf("opening %s in the browser: %w", base, err)
	}
	open := fmt.Sprintf(`(async () => {
		const { open } = await import(%[1]q + "effir.js");
		globalThis.search = await open(null, { runtime: %[1]q, model: %[1]q + "model/", kernels: %[2]q });
		await search.loadMeaning();
		return search.status.kernels ?? "";
	})()`, base, kernels)
	if used, err = Await[string](browser, open); err != nil {
		return nil, "", fmt.Errorf("opening the worker host: %w", err)
	}
	for start := 0; start < len(texts); start += batch {
		part, err := json.Marshal(texts[start:min(start+batch, len(texts))])
		if err != nil {
			return nil, "", err
		}
		// Byte slices are base64 in JSON on this side.
		embed := fmt.Sprintf(`search.embed(%s, { kind: "passage" }).then((vectors) => vectors.map((v) =>
			btoa(String.fromCharCode(...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)))))`, part)
		some, err := Await[[][]byte](browser, embed)
		if err != nil {
			return nil, "", fmt.Errorf("embedding texts %d to %d: %w", start, start+batch-1, err)
		}
		vectors = append(vectors, some...)
	}
	return vectors, used, nil
}

// Await evaluates an expression in the page, waits for its promise and returns
// its value, which travels as JSON.
func Await[T any](browser context.Context, expression string) (T, error) {
	return chromedp.Run(browser, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}
