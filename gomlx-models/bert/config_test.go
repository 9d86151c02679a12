package bert

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func validConfig() Config {
	return Config{
		Vocab: 11, Hidden: 8, Heads: 4, Intermediate: []int{5, 4, 0}, DropAttention: []int{1},
		MaxPositions: 7, TypeVocab: 2, LayerNormEps: 1e-12,
	}
}

func TestConfigValidate(t *testing.T) {
	if err := validConfig().Validate(); err != nil {
		t.Errorf("a valid config: %v", err)
	}
	for _, c := range []struct {
		field  string
		change func(*Config)
	}{
		{"Vocab", func(c *Config) { c.Vocab = 0 }},
		{"Hidden", func(c *Config) { c.Hidden = math.MaxInt }},
		{"Heads", func(c *Config) { c.Heads = -4 }},
		{"Heads", func(c *Config) { c.Heads = 3 }},
		{"Intermediate", func(c *Config) { c.Intermediate = nil }},
		{"Intermediate[1]", func(c *Config) { c.Intermediate[1] = -1 }},
		{"DropAttention", func(c *Config) { c.DropAttention = []int{3} }},
		{"DropAttention", func(c *Config) { c.DropAttention = []int{-1} }},
		{"MaxPositions", func(c *Config) { c.MaxPositions = 0 }},
		{"TypeVocab", func(c *Config) { c.TypeVocab = 0 }},
		{"LayerNormEps", func(c *Config) { c.LayerNormEps = math.NaN() }},
	} {
		cfg := validConfig()
		c.change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%+v: error %v, want one that names %s", cfg, err, c.field)
		}
	}
}

func TestSizes(t *testing.T) {
	s := validConfig().Sizes()
	if s.Layers() != 3 || s.MaxTokens != 7 || !slices.Equal(s.MLP, []int{5, 4, 0}) || !slices.Equal(s.Attention, []bool{true, false, true}) {
		t.Errorf("sizes are %+v", s)
	}
}
