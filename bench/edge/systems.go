package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/host"
	"github.com/effir/effir/wasm/kernel/simd128"
)

// Names of systems in the series of the results.
const (
	effirMiniLM  = "effir MiniLM 7-bit in workerd"
	effirSlimBGE = "effir slim bge-small in workerd"
	wazeroMiniLM = "effir MiniLM 7-bit in wazero"
	ortMiniLM    = "onnxruntime-web MiniLM int8 in workerd"
	ortOlder     = "onnxruntime-web MiniLM int8, older export, in workerd"
)

// onnxruntime are the systems of which the best is compared with.
var onnxruntime = []string{ortMiniLM, ortOlder}

// system is one way to embed texts.
type system struct {
	name  string
	start func(context.Context) (instance, error)
}

// instance is a running system.
type instance interface {
	embed(ctx context.Context, text string) ([]float32, error)
	// pid is that of the system's own process, 0 if it runs in this one.
	pid() int
	stop()
}

// worker is a worker in workerd, asked over HTTP.
type worker struct {
	*process
	// request makes the path and the body that ask for a text's embedding; decode takes it from the
	// answer.
	request func(text string) (path string, body []byte)
	decode  func(answer json.RawMessage) ([]byte, error)
}

func (w *worker) pid() int { return w.cmd.Process.Pid }

func (w *worker) embed(ctx context.Context, text string) ([]float32, error) {
	path, body := w.request(text)
	var answer json.RawMessage
	if err := w.post(ctx, path, body, &answer); err != nil {
		return nil, err
	}
	bytes, err := w.decode(answer)
	if err != nil {
		return nil, err
	}
	vector := make([]float32, len(bytes)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(uint32(bytes[4*i]) | uint32(bytes[4*i+1])<<8 | uint32(bytes[4*i+2])<<16 | uint32(bytes[4*i+3])<<24)
	}
	return vector, nil
}

// ours is the worker of this project.
func ours(p *process) instance {
	return &worker{p,
		func(text string) (string, []byte) {
			body, err := json.Marshal(map[string]any{"input": text, "encoding_format": "base64", "input_type": "passage"})
			if err != nil {
				panic(err) // strings are valid JSON
			}
			return "/v1/embeddings", body
		},
		func(answer json.RawMessage) ([]byte, error) {
			var a struct{ Data []struct{ Embedding []byte } }
			if err := json.Unmarshal(answer, &a); err != nil || len(a.Data) != 1 {
				return nil, fmt.Errorf("the worker answered %.100s (%v)", answer, err)
			}
			return a.Data[0].Embedding, nil
		},
	}
}

// theirs is the worker with onnxruntime-web. tokens gives the ids of a text.
func theirs(p *process, tokens func(text string) []int32) instance {
	return &worker{p,
		func(text string) (string, []byte) {
			body, err := json.Marshal(map[string]any{"ids": tokens(text)})
			if err != nil {
				panic(err) // numbers are valid JSON
			}
			return "/", body
		},
		func(answer json.RawMessage) ([]byte, error) {
			var a struct{ Embedding []byte }
			err := json.Unmarshal(answer, &a)
			return a.Embedding, err
		},
	}
}

// wazeroHost is the guest in this process.
type wazeroHost struct{ *host.Host }

func startWazero(ctx context.Context, guest string, files fs.FS) (instance, error) {
	module, err := os.ReadFile(guest)
	if err != nil {
		return nil, fmt.Errorf("%w; run `go tool task build` first", err)
	}
	h, err := host.Open(ctx, simd128.Baseline, module, nil)
	if err != nil {
		return nil, err
	}
	return wazeroHost{h}, h.LoadModel(ctx, files)
}

func (w wazeroHost) pid() int { return 0 }

func (w wazeroHost) stop() { _ = w.Close(context.Background()) }

func (w wazeroHost) embed(ctx context.Context, text string) ([]float32, error) {
	return w.Embed(ctx, text, encoder.Passage)
}
