package checkpoint

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallConfig is a valid configuration whose second layer has no MLP.
func smallConfig() Config {
	return Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: "llama", HiddenAct: "silu",
		HiddenSize: 8, IntermediateSizes: []int{12, 0, 4}, NumHiddenLayers: 3,
		NumAttentionHeads: 2, NumKeyValueHeads: 1, HeadDim: 4,
		RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: 10, MaxPositionEmbeddings: 32, TorchDtype: "float32",
	}
}

// numbered fills every tensor of a configuration with numbers that occur nowhere else in it.
func numbered(c Config) Tensors {
	out := Tensors{}
	next := float32(0)
	for _, spec := range c.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			next += 0.5
			data[i] = next
		}
		out[spec.Name] = Tensor{spec.Name, spec.Shape, data}
	}
	return out
}

// floats reads a file of little-endian float32.
func floats(t *testing.T, path string) []float32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

// equalBits compares values including signs of zero and NaN payloads.
func equalBits(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}

// safetensors puts a header and data bytes together.
func safetensors(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, data)...)
}

func writeFile(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantInputError checks that an error names file, field and remedy and mentions what is wrong.
func wantInputError(t *testing.T, err error, file, field, mentions string) {
	t.Helper()
	var input *InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %T (%v), want *InputError", err, err)
	}
	if !strings.HasSuffix(input.File, file) || input.Field != field || input.Remedy == "" {
		t.Errorf("error names file %q, field %q, remedy %q; want %q, %q and a remedy", input.File, input.Field, input.Remedy, file, field)
	}
	if !strings.Contains(err.Error(), mentions) {
		t.Errorf("error %q does not mention %q", err, mentions)
	}
}
