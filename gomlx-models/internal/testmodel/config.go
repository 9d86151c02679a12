package testmodel

import (
	"encoding/json"
	"os"
	"slices"

	"github.com/effir/effir/gomlx-models/llama"
)

// ReadConfig reads Hugging Face's config.json of a causal Llama model, of
// transformers 4 or 5, or with our own intermediate_sizes.
func ReadConfig(path string) (llama.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return llama.Config{}, err
	}
	var c struct {
		Vocab         int     `json:"vocab_size"`
		Hidden        int     `json:"hidden_size"`
		Layers        int     `json:"num_hidden_layers"`
		Heads         int     `json:"num_attention_heads"`
		KVHeads       int     `json:"num_key_value_heads"`
		HeadDim       int     `json:"head_dim"`
		Intermediate  int     `json:"intermediate_size"`
		Intermediates []int   `json:"intermediate_sizes"`
		RMSEps        float64 `json:"rms_norm_eps"`
		RopeTheta     float64 `json:"rope_theta"`
		Rope          struct {
			Theta float64 `json:"rope_theta"`
		} `json:"rope_parameters"`
		Tied bool `json:"tie_word_embeddings"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return llama.Config{}, err
	}
	if c.Intermediates == nil {
		c.Intermediates = slices.Repeat([]int{c.Intermediate}, c.Layers)
	}
	if c.HeadDim == 0 {
		c.HeadDim = c.Hidden / c.Heads
	}
	cfg := llama.Config{
		Vocab: c.Vocab, Hidden: c.Hidden, Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim,
		Intermediate: c.Intermediates, RopeTheta: max(c.RopeTheta, c.Rope.Theta), RMSEps: c.RMSEps,
		Causal: true, Tied: c.Tied,
	}
	return cfg, cfg.Validate()
}
