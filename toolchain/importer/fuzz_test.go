package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/importer/onnx"
)

// FuzzGGUFModel: whatever the bytes, a file is refused with file, field and remedy, or it has a
// valid configuration, a tokenizer in JSON and every tensor with its shape.
func FuzzGGUFModel(f *testing.F) {
	tiny := readFile(f, "testdata/tiny.gguf")
	f.Add(tiny)
	f.Add(insert(tiny, "llama.expert_count", number(0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Read("x.gguf", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return // package gguf has its own fuzz test
		}
		refused := func(err error) bool {
			var input *checkpoint.InputError
			if err != nil && (!errors.As(err, &input) || input.File == "" || input.Field == "" || input.Remedy == "") {
				t.Fatalf("error without file, field or remedy: %v", err)
			}
			return err != nil
		}
		tokenizer, err := ggufTokenizer(file)
		if !refused(err) && !json.Valid(tokenizer) {
			t.Fatal("the tokenizer is not JSON")
		}
		cfg, err := ggufConfig(file)
		if refused(err) {
			return
		}
		weights, err := newGGUFWeights(file, cfg)
		if refused(err) {
			return
		}
		for _, spec := range cfg.Tensors() {
			tensor, err := weights.Tensor(spec.Name)
			if err != nil || int64(len(tensor.Data)) != spec.Elements() {
				t.Fatalf("%s has %d values (%v)", spec.Name, len(tensor.Data), err)
			}
		}
	})
}

// FuzzONNXModel: whatever the bytes, a file is refused with file, field and remedy, or it has a valid
// configuration and every tensor with its shape.
func FuzzONNXModel(f *testing.F) {
	f.Add(readFile(f, "testdata/bert/opset11.onnx"))
	f.Add(readFile(f, "testdata/bert/opset20.onnx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := onnx.Read("x.onnx", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return // package onnx has its own fuzz test
		}
		weights, cfg, err := newONNXWeights(file, nil)
		if err != nil {
			var input *checkpoint.InputError
			if !errors.As(err, &input) || input.File == "" || input.Field == "" || input.Remedy == "" {
				t.Fatalf("error without file, field or remedy: %v", err)
			}
			return
		}
		for _, spec := range cfg.Tensors() {
			tensor, err := weights.Tensor(spec.Name)
			var input *checkpoint.InputError
			if err == nil && int64(len(tensor.Data)) != spec.Elements() || err != nil && !errors.As(err, &input) {
				t.Fatalf("%s has %d values (%v)", spec.Name, len(tensor.Data), err)
			}
		}
	})
}
