package llama

import (
	"math"
	"strings"
	"testing"
)

func validConfig() Config {
	return Config{
		Vocab: 11, Hidden: 8, Heads: 4, KVHeads: 2, HeadDim: 6, Intermediate: []int{5, 0},
		RopeTheta: 10000, RMSEps: 1e-5, Causal: true,
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
		{"KVHeads", func(c *Config) { c.KVHeads = 0 }},
		{"KVHeads", func(c *Config) { c.KVHeads = 3 }},
		{"HeadDim", func(c *Config) { c.HeadDim = 7 }},
		{"HeadDim", func(c *Config) { c.Heads, c.HeadDim = 1<<20, 1<<20 }},
		{"Intermediate", func(c *Config) { c.Intermediate = nil }},
		{"Intermediate[1]", func(c *Config) { c.Intermediate[1] = -1 }},
		{"DropAttention", func(c *Config) { c.DropAttention = []int{2} }},
		{"MaxPositions", func(c *Config) { c.MaxPositions = -1 }},
		{"RopeTheta", func(c *Config) { c.RopeTheta = 0 }},
		{"RopeTheta", func(c *Config) { c.RopeTheta = math.NaN() }},
		{"RopeTheta", func(c *Config) { c.RopeTheta = math.Inf(1) }},
		{"RMSEps", func(c *Config) { c.RMSEps = math.NaN() }},
		{"RMSEps", func(c *Config) { c.RMSEps = -1 }},
	} {
		cfg := validConfig()
		c.change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%+v: error %v, want one that names %s", cfg, err, c.field)
		}
	}
}
