package checkpoint

import "strings"

// addAliases makes tensors findable under the names of Config.Tensors that a program stored under
// another one: BERT models as a part of a larger one ("bert." before the names), or with LayerNorm's
// old parameter names; Llama models without the language model around them ("model." missing).
// A name that is really there is never hidden.
func (c *Checkpoint) addAliases() {
	for _, name := range c.names {
		alias := name
		switch c.config.ModelType {
		case Bert:
			alias = strings.TrimPrefix(alias, "bert.")
			if norm, ok := strings.CutSuffix(alias, "LayerNorm.gamma"); ok {
				alias = norm + "LayerNorm.weight"
			} else if norm, ok := strings.CutSuffix(alias, "LayerNorm.beta"); ok {
				alias = norm + "LayerNorm.bias"
			}
		case Llama:
			if strings.HasPrefix(alias, "embed_tokens.") || strings.HasPrefix(alias, "layers.") || strings.HasPrefix(alias, "norm.") {
				alias = "model." + alias
			}
		}
		if _, ok := c.tensors[alias]; !ok {
			c.tensors[alias] = c.tensors[name]
		}
	}
}

// ReadTensors reads the given tensors, which must have the given shapes, from a safetensors file.
func ReadTensors(path string, specs []Spec) (Tensors, error) {
	c := &Checkpoint{tensors: map[string]stored{}}
	defer c.Close()
	if err := c.addWeights(path); err != nil {
		return nil, err
	}
	out := Tensors{}
	for _, spec := range specs {
		if err := c.check(path, spec); err != nil {
			return nil, err
		}
		t, err := c.Tensor(spec.Name)
		if err != nil {
			return nil, err
		}
		out[spec.Name] = t
	}
	return out, nil
}
