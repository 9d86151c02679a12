package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// smallBERT is a valid configuration whose second layer has no MLP, whose third has no attention,
// and that has a head.
func smallBERT() Config {
	return Config{
		Architectures: []string{"BertModel"}, ModelType: "bert", HiddenAct: "gelu",
		HiddenSize: 8, IntermediateSizes: []int{12, 0, 4}, DroppedAttention: []int{2}, NumHiddenLayers: 3,
		NumAttentionHeads: 2, NumKeyValueHeads: 2, HeadDim: 4, LayerNormEps: 1e-12, TypeVocabSize: 2,
		VocabSize: 10, MaxPositionEmbeddings: 32, TorchDtype: "float32",
		Embedding: &Embedding{Pooling: "mean", Skip: 1, Normalize: true, QueryPrefix: "q: ", PassagePrefix: "p: ", MaxTokens: 16, HeadDims: 5},
	}
}

func tensorNames(c Config) []string {
	var names []string
	for _, spec := range c.Tensors() {
		names = append(names, spec.Name)
	}
	return names
}

func TestBERTTensors(t *testing.T) {
	c := smallBERT()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range tensorNames(c) {
		if rest, ok := strings.CutPrefix(name, "encoder.layer."); ok {
			got = append(got, rest)
		}
	}
	layer := func(n string, parts ...string) (names []string) {
		for _, part := range parts {
			names = append(names, n+"."+part+".weight", n+"."+part+".bias")
		}
		return names
	}
	attention := []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"}
	mlp := []string{"intermediate.dense", "output.dense"}
	want := slices.Concat(
		layer("0", attention...), layer("0", "attention.output.LayerNorm"), layer("0", mlp...), layer("0", "output.LayerNorm"),
		// What is dropped leaves its norm.
		layer("1", attention...), layer("1", "attention.output.LayerNorm", "output.LayerNorm"),
		layer("2", "attention.output.LayerNorm"), layer("2", mlp...), layer("2", "output.LayerNorm"),
	)
	if !slices.Equal(got, want) {
		t.Errorf("layers have %q, want %q", got, want)
	}
	shapes := map[string][]int{}
	for _, spec := range c.Tensors() {
		shapes[spec.Name] = spec.Shape
	}
	for name, want := range map[string][]int{
		"embeddings.word_embeddings.weight": {10, 8}, "embeddings.position_embeddings.weight": {32, 8},
		"embeddings.token_type_embeddings.weight": {2, 8}, "embeddings.LayerNorm.bias": {8},
		"encoder.layer.0.intermediate.dense.weight": {12, 8}, "encoder.layer.0.intermediate.dense.bias": {12},
		"encoder.layer.2.output.dense.weight": {8, 4}, "head.weight": {5, 8}, "head.bias": {5},
	} {
		if !slices.Equal(shapes[name], want) {
			t.Errorf("%s has shape %v, want %v", name, shapes[name], want)
		}
	}
	if c.Dims() != 5 || !c.HasAttention(1) || c.HasAttention(2) {
		t.Error("dimensions or attention are wrong")
	}
}

func TestBERTWriteThenOpen(t *testing.T) {
	cfg := smallBERT()
	tensors := numbered(cfg)
	dir := filepath.Join(t.TempDir(), "model")
	if err := Write(t.Context(), dir, cfg, tensors, tokenizer, nil); err != nil {
		t.Fatal(err)
	}
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !reflect.DeepEqual(c.Config(), cfg) {
		t.Errorf("configuration came back as %+v, want %+v", c.Config(), cfg)
	}
	for name, want := range tensors {
		if got, err := c.Tensor(name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s came back different (%v)", name, err)
		}
	}
}

// TestDroppedSublayersOfLlama: a Llama layer loses the norm with what it stands before.
func TestDroppedSublayersOfLlama(t *testing.T) {
	c := smallConfig()
	c.DroppedAttention = []int{0, 1}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	names := tensorNames(c)
	for name, want := range map[string]bool{
		"model.layers.0.self_attn.q_proj.weight": false, "model.layers.0.input_layernorm.weight": false,
		"model.layers.0.mlp.up_proj.weight": true, "model.layers.0.post_attention_layernorm.weight": true,
		"model.layers.2.self_attn.q_proj.weight": true,
	} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s is there: %v, want %v", name, !want, want)
		}
	}
	for _, name := range names { // layer 1 has lost both
		if strings.HasPrefix(name, "model.layers.1.") {
			t.Errorf("%s is there", name)
		}
	}
}

func TestBERTDefaults(t *testing.T) {
	c, err := ParseConfig("config.json", []byte(`{"model_type":"bert","architectures":["BertForMaskedLM"],"hidden_size":8,
		"intermediate_size":16,"num_hidden_layers":2,"num_attention_heads":2,"vocab_size":10,"max_position_embeddings":4,
		"pad_token_id":0,"tie_word_embeddings":true,"position_embedding_type":"absolute"}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.LayerNormEps != 1e-12 || c.TypeVocabSize != 2 || c.HiddenAct != "gelu" || c.HeadDim != 4 || c.NumKeyValueHeads != 2 ||
		c.TieWordEmbeddings || c.RopeTheta != 0 || !slices.Equal(c.Architectures, []string{"BertModel"}) || c.TorchDtype != "float32" {
		t.Errorf("configuration is %+v", c)
	}
}

func TestBERTConfigErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*Config)
		field, mentions string
	}{
		"activation":         {func(c *Config) { c.HiddenAct = "gelu_new" }, "hidden_act", "only \"gelu\""},
		"no epsilon":         {func(c *Config) { c.LayerNormEps = 0 }, "layer_norm_eps", "between 0 and 1"},
		"no types":           {func(c *Config) { c.TypeVocabSize = 0 }, "type_vocab_size", "missing"},
		"grouped heads":      {func(c *Config) { c.NumKeyValueHeads = 1 }, "num_key_value_heads", "is not num_attention_heads"},
		"wide heads":         {func(c *Config) { c.HeadDim = 5 }, "num_attention_heads", "do not make hidden_size"},
		"tied":               {func(c *Config) { c.TieWordEmbeddings = true }, "tie_word_embeddings", "no output layer"},
		"rotary":             {func(c *Config) { c.RopeTheta = 10000 }, "rms_norm_eps", "Llama"},
		"many positions":     {func(c *Config) { c.MaxPositionEmbeddings = 1 << 29 }, "max_position_embeddings", "out of range"},
		"dropped twice":      {func(c *Config) { c.DroppedAttention = []int{1, 1} }, "dropped_attention", "entry 1 is 1"},
		"dropped unsorted":   {func(c *Config) { c.DroppedAttention = []int{1, 0} }, "dropped_attention", "entry 1 is 0"},
		"dropped beyond":     {func(c *Config) { c.DroppedAttention = []int{3} }, "dropped_attention", "entry 0 is 3"},
		"dropped negative":   {func(c *Config) { c.DroppedAttention = []int{-1} }, "dropped_attention", "entry 0 is -1"},
		"pooling":            {func(c *Config) { c.Embedding.Pooling = "max" }, "effir_embedding.pooling", "\"max\""},
		"no length":          {func(c *Config) { c.Embedding.MaxTokens = 0 }, "effir_embedding.max_tokens", "missing"},
		"beyond positions":   {func(c *Config) { c.Embedding.MaxTokens = 33 }, "effir_embedding.max_tokens", "1..32"},
		"skips all":          {func(c *Config) { c.Embedding.Skip = 16 }, "effir_embedding.skip", "0..15"},
		"skips without mean": {func(c *Config) { c.Embedding.Pooling = "cls" }, "effir_embedding.skip", "only mean"},
		"large head":         {func(c *Config) { c.Embedding.HeadDims = 1 << 20 }, "effir_embedding.head_dims", "out of range"},
		"long prefix":        {func(c *Config) { c.Embedding.PassagePrefix = strings.Repeat("x", 5000) }, "effir_embedding.passage_prefix", "5000 bytes"},
		"other family":       {func(c *Config) { c.ModelType = "roberta" }, "model_type", "\"roberta\""},
		"BERT in a Llama": {func(c *Config) {
			eps := c.LayerNormEps
			*c = smallConfig()
			c.LayerNormEps = eps
		}, "layer_norm_eps", "BERT"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := smallBERT()
			c.change(&cfg)
			wantInputError(t, cfg.Validate(), "config.json", c.field, c.mentions)
		})
	}
}

// TestOtherNames opens models whose tensors are stored under a part's or an old name.
func TestOtherNames(t *testing.T) {
	bert := smallBERT()
	bert.Embedding.HeadDims = 0
	llama := smallConfig()
	llama.Architectures = []string{"LlamaModel"}
	for name, c := range map[string]struct {
		config Config
		rename func(string) string
	}{
		"prefixed BERT": {bert, func(name string) string { return "bert." + name }},
		"old BERT": {bert, func(name string) string {
			name = strings.Replace(name, "LayerNorm.weight", "LayerNorm.gamma", 1)
			return "bert." + strings.Replace(name, "LayerNorm.bias", "LayerNorm.beta", 1)
		}},
		"bare Llama": {llama, func(name string) string { return strings.TrimPrefix(name, "model.") }},
	} {
		t.Run(name, func(t *testing.T) {
			want := numbered(c.config)
			dir := t.TempDir()
			config, err := json.Marshal(c.config)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir, "config.json", config)
			var renamed []Spec
			for _, spec := range c.config.Tensors() {
				if spec.Name != "lm_head.weight" {
					renamed = append(renamed, Spec{c.rename(spec.Name), spec.Shape})
				}
			}
			file, _ := encodeHeader(renamed, "F32")
			encode, _ := encoder("float32")
			for _, spec := range c.config.Tensors() {
				if spec.Name != "lm_head.weight" {
					file = encode(file, want[spec.Name].Data)
				}
			}
			writeFile(t, dir, "model.safetensors", file)
			got, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			opened := got.Config()
			for _, spec := range opened.Tensors() {
				have, err := got.Tensor(spec.Name)
				if err != nil || !reflect.DeepEqual(have, want[spec.Name]) {
					t.Errorf("%s is %v (%v)", spec.Name, have, err)
				}
			}
			if n := len(opened.Tensors()); n != len(renamed) {
				t.Errorf("%d tensors, want %d", n, len(renamed))
			}
		})
	}
}
