package checkpoint

import "fmt"

// The ways to make one vector of the final hidden states of a text's tokens.
const (
	PoolCLS  = "cls"  // the state of the first token
	PoolMean = "mean" // the mean over the tokens, Embedding.Skip leading ones left out
	PoolLast = "last" // the state of the last token
)

// Embedding says how a text becomes a vector: prefix + text is tokenised (special tokens as the
// tokenizer adds them), run through the model, pooled, multiplied by the head and normalised.
type Embedding struct {
	Pooling   string `json:"pooling"`        // PoolCLS, PoolMean or PoolLast
	Skip      int    `json:"skip,omitempty"` // leading tokens that PoolMean leaves out
	Normalize bool   `json:"normalize"`      // to Euclidean length 1, as the last step

	QueryPrefix   string `json:"query_prefix"`   // put before a query
	PassagePrefix string `json:"passage_prefix"` // put before a passage

	Bidirectional bool `json:"bidirectional,omitempty"` // Llama without the causal mask; Bert never has one, whatever this says
	MaxTokens     int  `json:"max_tokens"`              // longer texts are cut, special tokens included

	// HeadDims is the length of the vector that the linear head makes of the pooled one: the
	// tensors head.weight [HeadDims, HiddenSize] and head.bias [HeadDims]. 0 means no head.
	HeadDims int `json:"head_dims,omitempty"`
}

// Dims is the length of the vectors of a model with this configuration.
func (c *Config) Dims() int {
	if c.Embedding != nil && c.Embedding.HeadDims > 0 {
		return c.Embedding.HeadDims
	}
	return c.HiddenSize
}

// Bounds on an embedding section.
const (
	maxHeadDims = 1 << 16
	maxPrefix   = 1 << 12 // bytes
)

func (c *Config) validateEmbedding(fail failure) error {
	e := c.Embedding
	if e == nil {
		return nil
	}
	const section = "effir_embedding."
	switch {
	case e.Pooling != PoolCLS && e.Pooling != PoolMean && e.Pooling != PoolLast:
		return fail(section+"pooling", "is %q, want cls, mean or last", e.Pooling)
	case e.MaxTokens < 1 || e.MaxTokens > c.MaxPositionEmbeddings:
		return fail(section+"max_tokens", "is missing or out of range: %d is not in 1..%d (max_position_embeddings)", e.MaxTokens, c.MaxPositionEmbeddings)
	case e.Skip < 0 || e.Skip >= e.MaxTokens:
		return fail(section+"skip", "is out of range: %d is not in 0..%d", e.Skip, e.MaxTokens-1)
	case e.Skip > 0 && e.Pooling != PoolMean:
		return fail(section+"skip", "is %d, but only mean pooling leaves tokens out", e.Skip)
	case e.HeadDims < 0 || e.HeadDims > maxHeadDims:
		return fail(section+"head_dims", "is out of range: %d is not in 0..%d", e.HeadDims, maxHeadDims)
	}
	for _, p := range []struct{ name, value string }{{"query_prefix", e.QueryPrefix}, {"passage_prefix", e.PassagePrefix}} {
		if len(p.value) > maxPrefix {
			return fail(section+p.name, "has %d bytes, at most %d are supported", len(p.value), maxPrefix)
		}
	}
	return nil
}

// headTensors are the tensors of the linear head, if there is one.
func (c *Config) headTensors() []Spec {
	if c.Embedding == nil || c.Embedding.HeadDims == 0 {
		return nil
	}
	dims := c.Embedding.HeadDims
	return []Spec{{"head.weight", []int{dims, c.HiddenSize}}, {"head.bias", []int{dims}}}
}

// failure makes the error of one field.
type failure func(field, problem string, args ...any) error

// failures makes the errors of a configuration.
func failures(remedy string) failure {
	return func(field, problem string, args ...any) error {
		return &InputError{File: configFile, Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedy}
	}
}
