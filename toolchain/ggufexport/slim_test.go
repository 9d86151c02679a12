package ggufexport

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// slim is a model whose layers take every form: without attention in the first, without MLP in the
// second, with a width that is no multiple of 32 in the third, with neither in the fourth, whole in
// the fifth.
func slim(c *checkpoint.Config) {
	c.NumHiddenLayers = 5
	c.IntermediateSizes = []int{32, 0, 50, 0, 96}
	c.DroppedAttention = []int{0, 3}
	c.Embedding = &checkpoint.Embedding{
		Pooling: checkpoint.PoolLast, Normalize: true, Bidirectional: true, MaxTokens: 128,
	}
}

func TestSlimMetadata(t *testing.T) {
	m := tiny(t, slim)
	m.config.Embedding.QueryPrefix, m.config.Embedding.PassagePrefix = "query: ", "passage: "
	for _, kind := range []gguf.Type{gguf.F32, gguf.Q8_0} {
		f, sum := written(t, m, kind)
		if sum.Architecture != "deci" || sum.Blocks != 4 {
			t.Errorf("summary %+v", sum)
		}
		r := metadata{t, f}
		third := map[gguf.Type]int{gguf.F32: 50, gguf.Q8_0: 64}[kind]
		r.texts(map[string]string{
			"general.architecture": "deci", "general.name": "tiny", "general.license": "apache-2.0", "general.type": "model",
			"effir.query_prefix": "query: ", "effir.passage_prefix": "passage: ",
		})
		r.numbers(map[string]int{
			"general.file_type": map[gguf.Type]int{gguf.F32: 0, gguf.Q8_0: 7}[kind], "general.quantization_version": 2,
			"deci.block_count": 4, "deci.context_length": 128, "deci.embedding_length": 64, "deci.vocab_size": 320,
			"deci.attention.key_length": 24, "deci.attention.value_length": 24, "deci.rope.dimension_count": 24,
			"deci.pooling_type": 3,
		})
		r.lists(map[string][]int{
			"deci.feed_forward_length":     {32, 1, third, 96},
			"deci.attention.head_count":    {1, 4, 4, 4},
			"deci.attention.head_count_kv": {1, 2, 2, 2},
		})
		for key, want := range map[string]float64{"deci.rope.freq_base": 50000, "deci.attention.layer_norm_rms_epsilon": 1e-5} {
			if got, err := f.Float(key); err != nil || got != want {
				t.Errorf("%s is %v (%v), want %v", key, got, err, want)
			}
		}
		if causal, err := f.Bool("deci.attention.causal"); err != nil || causal {
			t.Errorf("attention is causal (%v)", err)
		}
	}
}

// TestSlimTensors compares every value of the file with its definition.
func TestSlimTensors(t *testing.T) {
	m := tiny(t, slim)
	f, _ := written(t, m, gguf.F32)
	source := []int{0, 1, 2, 4} // layers that became blocks
	names := map[string]bool{}
	want := func(name string, shape []int, value func(i ...int) float32) {
		t.Helper()
		names[name] = true
		got, err := f.Tensor(name)
		if err != nil {
			t.Error(err)
			return
		}
		if !slices.Equal(got.Shape, shape) {
			t.Errorf("%s has shape %v, want %v", name, got.Shape, shape)
			return
		}
		columns := shape[len(shape)-1]
		for i, x := range got.Data {
			place := []int{i / columns, i % columns}
			if len(shape) == 1 {
				place = place[1:]
			}
			if x != value(place...) {
				t.Fatalf("%s%v is %v, want %v", name, place, x, value(place...))
			}
		}
	}
	constant := func(x float32) func(...int) float32 { return func(...int) float32 { return x } }
	stored := func(name string) func(...int) float32 {
		tensor := m.Tensors[name]
		return func(i ...int) float32 {
			if len(i) == 1 {
				return tensor.Data[i[0]]
			}
			return tensor.Data[i[0]*tensor.Shape[1]+i[1]]
		}
	}
	// Row 2i of a head in the file is the head's row i in the checkpoint, row 2i+1 is row i+12.
	rotary := func(name string) func(...int) float32 {
		at := stored(name)
		return func(i ...int) float32 { return at(i[0]/24*24+i[0]%24/2+i[0]%2*12, i[1]) }
	}
	want("token_embd.weight", []int{320, 64}, stored("model.embed_tokens.weight"))
	want("output_norm.weight", []int{64}, stored("model.norm.weight"))
	for i, layer := range source {
		to := gguf.LlamaName("model.layers." + string(rune('0'+i)) + ".self_attn.q_proj.weight")
		to = strings.TrimSuffix(to, "attn_q.weight")
		from := "model.layers." + string(rune('0'+layer)) + "."
		if i == 0 { // attention that stands for none
			want(to+"attn_norm.weight", []int{64}, constant(1))
			want(to+"attn_q.weight", []int{24, 64}, constant(0))
			want(to+"attn_k.weight", []int{24, 64}, constant(0))
			want(to+"attn_v.weight", []int{24, 64}, constant(0))
			want(to+"attn_output.weight", []int{64, 24}, constant(0))
		} else {
			want(to+"attn_norm.weight", []int{64}, stored(from+"input_layernorm.weight"))
			want(to+"attn_q.weight", []int{96, 64}, rotary(from+"self_attn.q_proj.weight"))
			want(to+"attn_k.weight", []int{48, 64}, rotary(from+"self_attn.k_proj.weight"))
			want(to+"attn_v.weight", []int{48, 64}, stored(from+"self_attn.v_proj.weight"))
			want(to+"attn_output.weight", []int{64, 96}, stored(from+"self_attn.o_proj.weight"))
		}
		if i == 1 { // MLP that stands for none
			want(to+"ffn_norm.weight", []int{64}, constant(1))
			want(to+"ffn_gate.weight", []int{1, 64}, constant(0))
			want(to+"ffn_up.weight", []int{1, 64}, constant(0))
			want(to+"ffn_down.weight", []int{64, 1}, constant(0))
			continue
		}
		width := m.config.IntermediateSizes[layer]
		want(to+"ffn_norm.weight", []int{64}, stored(from+"post_attention_layernorm.weight"))
		want(to+"ffn_gate.weight", []int{width, 64}, stored(from+"mlp.gate_proj.weight"))
		want(to+"ffn_up.weight", []int{width, 64}, stored(from+"mlp.up_proj.weight"))
		want(to+"ffn_down.weight", []int{64, width}, stored(from+"mlp.down_proj.weight"))
	}
	for _, info := range f.Tensors() {
		if !names[info.Name] {
			t.Errorf("%s is in the file", info.Name)
		}
	}
}

// TestBlockFormats: which tensor is stored how, and that neurons added for padding do nothing.
func TestBlockFormats(t *testing.T) {
	m := tiny(t, func(c *checkpoint.Config) { c.IntermediateSizes = []int{50, 50, 50}; c.TieWordEmbeddings = false })
	for kind, table := range map[gguf.Type]gguf.Type{gguf.F16: gguf.F16, gguf.Q8_0: gguf.Q8_0, gguf.Q4_0: gguf.Q8_0} {
		f, sum := written(t, m, kind)
		if sum.Architecture != "llama" {
			t.Errorf("%v: the architecture is %s, though all widths are alike", kind, sum.Architecture)
		}
		width := 64
		if kind == gguf.F16 {
			width = 50
		}
		metadata{t, f}.numbers(map[string]int{"llama.feed_forward_length": width})
		for _, info := range f.Tensors() {
			want := kind
			switch {
			case strings.HasSuffix(info.Name, "norm.weight"):
				want = gguf.F32
			case info.Name == "token_embd.weight" || info.Name == "output.weight":
				want = table
			}
			if info.Type != want {
				t.Errorf("%v: %s is stored as %v, want %v", kind, info.Name, info.Type, want)
			}
		}
		for name, rows := range map[string]bool{"ffn_gate": true, "ffn_up": true, "ffn_down": false} {
			got, err := f.Tensor("blk.1." + name + ".weight")
			if err != nil {
				t.Fatal(err)
			}
			from := m.Tensors["model.layers.1.mlp."+strings.TrimPrefix(name, "ffn_")+"_proj.weight"]
			columns := got.Shape[1]
			for i, x := range got.Data {
				row, column := i/columns, i%columns
				neuron := column
				if rows {
					neuron = row
				}
				wrote := float32(0)
				if neuron < 50 {
					wrote = from.Data[row*from.Shape[1]+column]
				}
				// The largest of 32 values of this spread is below 0.6: a step is below 0.6/8.
				if off := math.Abs(float64(x - wrote)); off > map[gguf.Type]float64{gguf.F16: 1e-3, gguf.Q8_0: 0.003, gguf.Q4_0: 0.08}[kind] || neuron >= 50 && x != 0 {
					t.Fatalf("%v: %s[%d,%d] is %v, wrote %v", kind, name, row, column, x, wrote)
				}
			}
		}
	}
}

// TestUndividedRows: rows that blocks of 32 do not divide are stored in F16.
func TestUndividedRows(t *testing.T) {
	m := tiny(t, func(c *checkpoint.Config) { c.HiddenSize = 72 })
	f, _ := written(t, m, gguf.Q8_0)
	for name, want := range map[string]gguf.Type{"token_embd": gguf.F16, "blk.0.attn_q": gguf.F16, "blk.0.attn_output": gguf.Q8_0, "blk.0.ffn_down": gguf.Q8_0} {
		if info, ok := f.Lookup(name + ".weight"); !ok || info.Type != want {
			t.Errorf("%s is stored as %v, want %v", name, info.Type, want)
		}
	}
}

// TestNothingLeft: of a model without any layer's parts, one block remains that does nothing.
func TestNothingLeft(t *testing.T) {
	m := tiny(t, func(c *checkpoint.Config) {
		c.IntermediateSizes, c.DroppedAttention = []int{0, 0, 0}, []int{0, 1, 2}
	})
	f, sum := written(t, m, gguf.F32)
	if sum.Architecture != "deci" || sum.Blocks != 1 {
		t.Errorf("summary %+v", sum)
	}
	if len(f.Tensors()) != 2+9 {
		t.Errorf("%d tensors", len(f.Tensors()))
	}
}
