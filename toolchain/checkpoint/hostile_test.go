package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSafetensorsHeaderAttacks(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"t":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	for name, c := range map[string]struct {
		header, field, mentions string
		data                    int
	}{
		"array":             {`[]`, "header", "not a JSON object", 0},
		"empty":             {``, "header", "claims 0 bytes", 0},
		"cut JSON":          {`{"t":{"dtype":"F32"`, "t", "", 0},
		"unclosed":          {`{`, "header", "", 0},
		"trailing":          {`{}x`, "header", "content after", 0},
		"two objects":       {`{}{}`, "header", "content after", 0},
		"name twice":        {`{"t":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, "t", "twice", 8},
		"unknown dtype":     {one(`"F7"`, `[1]`, `[0,4]`), "t", `"F7"`, 4},
		"no dtype":          {`{"t":{"shape":[1],"data_offsets":[0,4]}}`, "t", "dtype", 4},
		"dtype is a number": {one(`4`, `[1]`, `[0,4]`), "t", "", 4},
		"negative shape":    {one(`"F32"`, `[-1]`, `[0,4]`), "t", "out of range", 4},
		"huge shape":        {one(`"F32"`, `[99999999999]`, `[0,4]`), "t", "out of range", 4},
		"overflowing shape": {one(`"F32"`, `[2147483647,2147483647,4]`, `[0,4]`), "t", "out of range", 4},
		"wrapping to zero":  {one(`"F32"`, `[65536,65536,65536,65536]`, `[0,0]`), "t", "out of range", 0},
		"fractional shape":  {one(`"F32"`, `[1.5]`, `[0,4]`), "t", "", 4},
		"many dimensions":   {one(`"F32"`, `[1,1,1,1,1,1,1,1,1]`, `[0,4]`), "t", "dimensions", 4},
		"no offsets":        {`{"t":{"dtype":"F32","shape":[1]}}`, "t", "not a pair", 4},
		"one offset":        {one(`"F32"`, `[1]`, `[0]`), "t", "not a pair", 4},
		"negative offset":   {one(`"F32"`, `[1]`, `[-4,0]`), "t", "data_offsets", 4},
		"reversed offsets":  {one(`"F32"`, `[1]`, `[4,0]`), "t", "data_offsets", 4},
		"wrong extent":      {one(`"F32"`, `[1]`, `[0,8]`), "t", "do not span", 8},
		"beyond the end":    {one(`"F32"`, `[2]`, `[0,8]`), "t", "cut short", 4},
		"far beyond":        {one(`"F32"`, `[1]`, fmt.Sprintf("[%d,%d]", math.MaxInt64-4, math.MaxInt64)), "t", "overlap or leave a gap", 4},
		"gap":               {one(`"F32"`, `[1]`, `[4,8]`), "t", "gap", 8},
		"unused tail":       {one(`"F32"`, `[1]`, `[0,4]`), "header", "fill 4 of 8", 8},
		"overlap":           {`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, "b", "overlap", 12},
		"same place":        {`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "b", "overlap", 4},
		"metadata":          {`{"__metadata__":{"a":1}}`, "__metadata__", "", 0},
		"deep nesting":      {`{"t":` + strings.Repeat("[", 20000), "t", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			file := safetensors(c.header, c.data)
			entries, err := readHeader("x.safetensors", bytes.NewReader(file), int64(len(file)))
			if err == nil {
				t.Fatalf("accepted as %+v", entries)
			}
			wantInputError(t, err, "x.safetensors", c.field, c.mentions)
		})
	}
}

func TestSafetensorsHeaderLength(t *testing.T) {
	for _, length := range []uint64{5, 1 << 40, math.MaxInt64, math.MaxUint64, maxHeader + 1} {
		file := binary.LittleEndian.AppendUint64(nil, length)
		file = append(file, "{}  "...)
		_, err := readHeader("x.safetensors", bytes.NewReader(file), int64(len(file)))
		wantInputError(t, err, "x.safetensors", "header", "claims")
	}
}

// TestTruncatedAnywhere cuts a valid weight file at every length.
func TestTruncatedAnywhere(t *testing.T) {
	file, err := os.ReadFile("testdata/dtypes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for n := range file {
		_, err := readHeader("x.safetensors", bytes.NewReader(file[:n]), int64(n))
		var input *InputError
		if !errors.As(err, &input) {
			t.Fatalf("cut to %d bytes: error is %v", n, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	valid := func() map[string]any {
		return map[string]any{
			"model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
			"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "rms_norm_eps": 1e-5,
			"rope_theta": 10000, "vocab_size": 10, "max_position_embeddings": 32,
			"tie_word_embeddings": true, "torch_dtype": "bfloat16",
		}
	}
	parse := func(fields map[string]any) error {
		data, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseConfig("m/config.json", data)
		return err
	}
	if err := parse(valid()); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "rms_norm_eps", "vocab_size", "max_position_embeddings"} {
		fields := valid()
		delete(fields, field)
		wantInputError(t, parse(fields), "m/config.json", field, "")
		if field == "model_type" {
			continue
		}
		for _, bad := range []any{"text", -1, 1e30, []string{"x"}, map[string]any{}} {
			fields[field] = bad
			wantInputError(t, parse(fields), "m/config.json", field, "")
		}
	}
	for field, value := range map[string]any{
		"model_type": "qwen2", "hidden_act": "gelu", "num_key_value_heads": 3, "head_dim": 3, "torch_dtype": "int8",
		"rope_theta": -1, "attention_bias": true, "mlp_bias": true, "partial_rotary_factor": 0.5,
		"eos_token_id": 10, "bos_token_id": -1, "intermediate_sizes": []int{1, 2},
		"rope_scaling": map[string]any{"rope_type": "llama3", "factor": 8}, "num_hidden_layers": 1 << 40,
	} {
		fields := valid()
		fields[field] = value
		want := field
		if field == "intermediate_sizes" { // beside intermediate_size
			want = "intermediate_size"
		}
		wantInputError(t, parse(fields), "m/config.json", want, "")
	}
	for _, sizes := range [][]int{{1}, {1, -2}, {1, 1 << 30}, {1, 2, 3}} {
		fields := valid()
		fields["intermediate_size"] = sizes
		wantInputError(t, parse(fields), "m/config.json", "intermediate_sizes", "")
	}
	_, err := ParseConfig("m/config.json", []byte("\x00\xff"))
	wantInputError(t, err, "m/config.json", "", "not valid JSON")
}

func TestConfigSpellings(t *testing.T) {
	c, err := ParseConfig("config.json", []byte(`{"model_type":"llama","hidden_size":8,"intermediate_size":[3,0],
		"num_hidden_layers":2,"num_attention_heads":2,"rms_norm_eps":1e-6,"vocab_size":10,"max_position_embeddings":4,
		"eos_token_id":[7,8],"pad_token_id":-1,"rope_scaling":null,"dtype":"float16","hidden_act":"silu","something":{"new":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.NumKeyValueHeads != 2 || c.HeadDim != 4 || c.RopeTheta != 10000 || c.TorchDtype != "float16" || c.TieWordEmbeddings {
		t.Errorf("defaults are wrong: %+v", c)
	}
	if c.MLPWidth(0) != 3 || c.MLPWidth(1) != 0 || *c.EOSTokenID != 7 || c.PadTokenID != nil {
		t.Errorf("lists are wrong: %+v", c)
	}
}

func TestOpenErrors(t *testing.T) {
	type files map[string]string // content by name, "" removes
	for name, c := range map[string]struct {
		change                files
		file, field, mentions string
	}{
		"no config":       {files{"config.json": ""}, "config.json", "", "does not exist"},
		"no weights":      {files{"model.safetensors": ""}, "model.safetensors", "", "does not exist"},
		"other config":    {files{"config.json": `{"model_type":"llama","hidden_size":16,"intermediate_size":4,"num_hidden_layers":1,"num_attention_heads":2,"rms_norm_eps":1e-6,"vocab_size":10,"max_position_embeddings":4}`}, "model.safetensors", "model.embed_tokens.weight", "has shape [10 8], but the configuration demands [10 16]"},
		"missing tensor":  {files{"model.safetensors": string(safetensors(`{}`, 0))}, "model.safetensors", "model.embed_tokens.weight", "is missing"},
		"integer weights": {files{"model.safetensors": string(safetensors(`{"model.embed_tokens.weight":{"dtype":"I8","shape":[10,8],"data_offsets":[0,80]}}`, 80))}, "model.safetensors", "model.embed_tokens.weight", "dtype I8"},
		"empty index":     {files{"model.safetensors": "", "model.safetensors.index.json": `{}`}, "index.json", "weight_map", "empty"},
		"index elsewhere": {files{"model.safetensors": "", "model.safetensors.index.json": `{"weight_map":{"a":"../x.safetensors"}}`}, "index.json", "weight_map.a", "names no file of this folder"},
		"index is a list": {files{"model.safetensors": "", "model.safetensors.index.json": `[]`}, "index.json", "", "not valid JSON"},
		"missing shard":   {files{"model.safetensors": "", "model.safetensors.index.json": `{"weight_map":{"a":"x.safetensors"}}`}, "x.safetensors", "", "does not exist"},
		"not safetensors": {files{"model.safetensors": "GGUF and so on"}, "model.safetensors", "header", "claims"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "model")
			cfg := smallConfig()
			if err := Write(t.Context(), dir, cfg, numbered(cfg), tokenizer, nil); err != nil {
				t.Fatal(err)
			}
			for file, content := range c.change {
				if content == "" {
					if err := os.Remove(filepath.Join(dir, file)); err != nil {
						t.Fatal(err)
					}
					continue
				}
				writeFile(t, dir, file, []byte(content))
			}
			_, err := Open(dir)
			wantInputError(t, err, c.file, c.field, c.mentions)
			if c.mentions == "does not exist" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v is not fs.ErrNotExist", err)
			}
		})
	}
}

func TestTokenizerErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	cfg := smallConfig()
	if err := Write(t.Context(), dir, cfg, numbered(cfg), tokenizer, nil); err != nil {
		t.Fatal(err)
	}
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	writeFile(t, dir, tokenizerFile, []byte("{"))
	_, err = c.TokenizerJSON()
	wantInputError(t, err, tokenizerFile, "", "not valid JSON")
	if err := os.Remove(filepath.Join(dir, tokenizerFile)); err != nil {
		t.Fatal(err)
	}
	_, err = c.TokenizerJSON()
	wantInputError(t, err, tokenizerFile, "", "does not exist")
	_, err = c.Tensor("nothing")
	wantInputError(t, err, dir, "nothing", "no such tensor")
}

// FuzzReadHeader: whatever the bytes, the header is refused or describes disjoint tensors that lie
// inside the file.
func FuzzReadHeader(f *testing.F) {
	if seed, err := os.ReadFile("testdata/dtypes.safetensors"); err == nil {
		f.Add(seed)
	}
	f.Add(safetensors(`{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add(safetensors(`{"__metadata__":{"format":"pt"},"e":{"dtype":"F16","shape":[0,7],"data_offsets":[0,0]}}  `, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := readHeader("fuzz", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			var input *InputError
			if !errors.As(err, &input) || input.Remedy == "" {
				t.Fatalf("error without remedy: %v", err)
			}
			return
		}
		end := int64(8 + binary.LittleEndian.Uint64(data))
		for _, e := range entries {
			size := dtypeSizes[e.dtype]
			for _, d := range e.shape {
				size *= int64(d)
			}
			if e.begin != end || e.end-e.begin != size {
				t.Fatalf("tensor %+v does not follow the one that ends at %d", e, end)
			}
			end = e.end
		}
		if end != int64(len(data)) {
			t.Fatalf("tensors end at %d of %d", end, len(data))
		}
	})
}

// FuzzParseConfig: whatever the bytes, a configuration is refused or valid, and then its tensors can
// be listed.
func FuzzParseConfig(f *testing.F) {
	if seed, err := os.ReadFile("testdata/sharded/config.json"); err == nil {
		f.Add(seed)
	}
	f.Add([]byte(`{"model_type":"llama","hidden_size":8,"intermediate_size":[3,0],"num_hidden_layers":2,"num_attention_heads":2,"rms_norm_eps":1e-6,"vocab_size":10,"max_position_embeddings":4}`))
	f.Add([]byte(`{"model_type":"bert","hidden_size":8,"intermediate_size":3,"dropped_attention":[1],"num_hidden_layers":2,"num_attention_heads":2,"vocab_size":10,"max_position_embeddings":4,"effir_embedding":{"pooling":"mean","skip":1,"max_tokens":4,"head_dims":5}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("fuzz", data)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("accepted but invalid: %v", err)
		}
		for _, spec := range c.Tensors() {
			if spec.Elements() <= 0 {
				t.Fatalf("%s has %d elements", spec.Name, spec.Elements())
			}
		}
	})
}
