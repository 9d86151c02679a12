package testmodel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/gomlx-models/bert"
)

// ReadBERTConfig reads Hugging Face's config.json of a BERT model, or one with
// our own intermediate_sizes and dropped_attention.
func ReadBERTConfig(path string) (bert.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return bert.Config{}, err
	}
	var c struct {
		Vocab         int     `json:"vocab_size"`
		Hidden        int     `json:"hidden_size"`
		Layers        int     `json:"num_hidden_layers"`
		Heads         int     `json:"num_attention_heads"`
		Intermediate  int     `json:"intermediate_size"`
		Intermediates []int   `json:"intermediate_sizes"`
		Dropped       []int   `json:"dropped_attention"`
		Positions     int     `json:"max_position_embeddings"`
		Types         int     `json:"type_vocab_size"`
		Eps           float64 `json:"layer_norm_eps"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return bert.Config{}, err
	}
	if c.Intermediates == nil {
		c.Intermediates = slices.Repeat([]int{c.Intermediate}, c.Layers)
	}
	cfg := bert.Config{
		Vocab: c.Vocab, Hidden: c.Hidden, Heads: c.Heads, Intermediate: c.Intermediates, DropAttention: c.Dropped,
		MaxPositions: c.Positions, TypeVocab: c.Types, LayerNormEps: c.Eps,
	}
	return cfg, cfg.Validate()
}

// EnvBGESmall names the folder of bge-small-en-v1.5 in Hugging Face's format.
const EnvBGESmall = "EFFIR_BGE_SMALL"

// BGESmall returns that folder, which unless the variable says otherwise is
// where `effir import` puts it. Without it the test is skipped.
func BGESmall(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(EnvBGESmall)
	if dir == "" {
		cache := os.Getenv("EFFIR_CACHE")
		if cache == "" {
			user, err := os.UserCacheDir()
			if err != nil {
				t.Skip("no bge-small: ", err)
			}
			cache = filepath.Join(user, "effir")
		}
		dir = filepath.Join(cache, "checkpoints", "bge-small-en-v1.5")
	}
	if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
		t.Skipf("no bge-small: %s does not name its folder, nor was it imported: %v", EnvBGESmall, err)
	}
	return dir
}
