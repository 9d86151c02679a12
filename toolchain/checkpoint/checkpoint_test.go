package checkpoint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

var tokenizer = []byte(`{"model":{"type":"BPE"}}`)

func TestWriteThenOpen(t *testing.T) {
	for _, dtype := range []string{"float32", "float16", "bfloat16"} {
		cfg := smallConfig()
		cfg.TorchDtype = dtype
		cfg.Provenance = &Provenance{Source: "test", License: "apache-2.0"}
		id := 3
		cfg.EOSTokenID = &id
		tensors := numbered(cfg)
		dir := filepath.Join(t.TempDir(), "model")
		var last, total int64
		err := Write(t.Context(), dir, cfg, tensors, tokenizer, func(d, n int64) { last, total = d, n })
		if err != nil {
			t.Fatal(err)
		}
		if last != total || total == 0 {
			t.Errorf("progress ended at %d of %d", last, total)
		}
		c, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if !reflect.DeepEqual(c.Config(), cfg) {
			t.Errorf("configuration came back as %+v, want %+v", c.Config(), cfg)
		}
		var names []string
		for _, spec := range cfg.Tensors() {
			names = append(names, spec.Name)
			got, err := c.Tensor(spec.Name)
			if err != nil {
				t.Fatal(err)
			}
			want := tensors[spec.Name]
			if dtype != "float32" { // the numbers have more digits than the format
				want.Data = slices.Clone(want.Data)
				for i, x := range want.Data {
					if dtype == "float16" {
						want.Data[i] = kernel.Float16(kernel.ToFloat16(x))
					} else {
						want.Data[i] = BFloat16(ToBFloat16(x))
					}
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s came back different", dtype, spec.Name)
			}
		}
		if !slices.Equal(c.Names(), names) {
			t.Errorf("names are %v, want %v", c.Names(), names)
		}
		if got, err := c.TokenizerJSON(); err != nil || string(got) != string(tokenizer) {
			t.Errorf("tokenizer came back as %q (%v)", got, err)
		}
	}
}

func TestLayerWithoutMLPHasNoMLPTensors(t *testing.T) {
	cfg := smallConfig()
	var names []string
	for _, spec := range cfg.Tensors() {
		names = append(names, spec.Name)
	}
	if slices.Contains(names, "model.layers.1.mlp.up_proj.weight") || slices.Contains(names, "model.layers.1.post_attention_layernorm.weight") {
		t.Error("layer 1 has width 0 but MLP tensors")
	}
	if !slices.Contains(names, "model.layers.2.mlp.up_proj.weight") || !slices.Contains(names, "lm_head.weight") {
		t.Error("tensors are missing")
	}
}

func TestWriteFailsWithoutTrace(t *testing.T) {
	cfg := smallConfig()
	good := numbered(cfg)
	missing := numbered(cfg)
	delete(missing, "model.norm.weight")
	misshapen := numbered(cfg)
	misshapen["model.norm.weight"] = Tensor{"model.norm.weight", []int{7}, make([]float32, 7)}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	bad := cfg
	bad.HiddenSize = 0
	for name, write := range map[string]func(dir string) error{
		"missing tensor": func(dir string) error { return Write(t.Context(), dir, cfg, missing, tokenizer, nil) },
		"wrong shape":    func(dir string) error { return Write(t.Context(), dir, cfg, misshapen, tokenizer, nil) },
		"cancelled":      func(dir string) error { return Write(cancelled, dir, cfg, good, tokenizer, nil) },
		"bad config":     func(dir string) error { return Write(t.Context(), dir, bad, good, tokenizer, nil) },
		"bad tokenizer":  func(dir string) error { return Write(t.Context(), dir, cfg, good, []byte("{"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "model")
			if err := Write(t.Context(), dir, cfg, good, tokenizer, nil); err != nil {
				t.Fatal(err)
			}
			err := write(dir)
			if err == nil {
				t.Fatal("no error")
			}
			if name == "cancelled" && !errors.Is(err, context.Canceled) {
				t.Errorf("error %v does not say that it was cancelled", err)
			}
			entries, err := os.ReadDir(parent)
			if err != nil || len(entries) != 1 {
				t.Errorf("leftovers: %v (%v)", entries, err)
			}
			c, err := Open(dir)
			if err != nil {
				t.Fatalf("the old checkpoint is gone: %v", err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReadsFilesOfOtherPrograms uses files written by the safetensors and transformers packages.
func TestReadsFilesOfOtherPrograms(t *testing.T) {
	f, err := os.Open("testdata/dtypes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := readHeader(f.Name(), f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	c := &Checkpoint{tensors: map[string]stored{}}
	for _, e := range entries {
		c.tensors[e.name] = stored{e, f}
	}
	want := floats(t, "testdata/dtypes.f32")
	for _, name := range []string{"BF16", "F16", "F32"} { // sorted
		got, err := c.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Shape, []int{4, 16}) || !equalBits(got.Data, want[:64]) {
			t.Errorf("%s: got %v %v, want %v", name, got.Shape, got.Data, want[:64])
		}
		want = want[64:]
	}
}

func TestReadsShards(t *testing.T) {
	c, err := Open("testdata/sharded")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cfg := c.Config()
	if cfg.RopeTheta != 50000 || cfg.TorchDtype != "bfloat16" || cfg.IntermediateSize != 24 || *cfg.EOSTokenID != 2 || cfg.PadTokenID != nil {
		t.Errorf("configuration is %+v", cfg)
	}
	names := c.Names()
	slices.Sort(names)
	want := floats(t, "testdata/sharded.f32")
	for _, name := range names {
		got, err := c.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		n := len(got.Data)
		if n > len(want) || !equalBits(got.Data, want[:n]) {
			t.Fatalf("%s differs", name)
		}
		want = want[n:]
	}
	if len(want) != 0 || len(names) != len(cfg.Tensors()) {
		t.Errorf("%d tensors, %d values too few", len(names), len(want))
	}
	if got := c.Dtypes(); !slices.Equal(got, []string{"BF16"}) {
		t.Errorf("dtypes are %v", got)
	}
}

func TestOrigins(t *testing.T) {
	c := Compression{{DroppedBlocks: []int{1, 2}}, {DroppedMLP: []int{0}}, {DroppedBlocks: []int{2}}}
	if got, want := c.Origins(3), []int{0, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("origins %v, want %v", got, want)
	}
	if got, want := (Compression)(nil).Origins(2), []int{0, 1}; !slices.Equal(got, want) {
		t.Errorf("origins of an uncut model %v, want %v", got, want)
	}
}
