package model

import "github.com/effir/effir/wasm/internal/jsontext"

// read fills a manifest by the names of its JSON tags. Members that it does not
// know are left alone: a package may say more than a runtime needs.
func read(o *jsontext.Object) *Manifest {
	m := &Manifest{
		Format: o.String("format"), Name: o.String("name"), License: o.String("license"), Source: o.String("source"),
		Family: o.String("family"), Dims: o.Int("dims"), MaxTokens: o.Int("max_tokens"),
	}
	if l := o.Object("llama"); l != nil {
		m.Llama = &Llama{
			Hidden: l.Int("hidden"), Heads: l.Int("heads"), KVHeads: l.Int("kv_heads"), HeadDim: l.Int("head_dim"),
			Vocab: l.Int("vocab"), Epsilon: l.Float32("rms_norm_eps"), Causal: l.Bool("causal"),
			Layers: readLayers(l), FinalNorm: l.Bool("final_norm"),
		}
	}
	if b := o.Object("bert"); b != nil {
		m.Bert = &Bert{
			Hidden: b.Int("hidden"), Heads: b.Int("heads"), Vocab: b.Int("vocab"),
			Epsilon: b.Float32("layer_norm_eps"), Layers: readLayers(b),
		}
	}
	if e := o.Object("embedding"); e != nil {
		m.Embedding = Embedding{
			Pooling: e.String("pooling"), Skip: e.Int("skip"), Prefix: e.Int32s("prefix"), Suffix: e.Int32s("suffix"),
			Query: e.String("query"), Passage: e.String("passage"), Head: e.Bool("head"), Unit: e.Bool("unit"),
		}
	}
	if f := o.Object("tokenizer"); f != nil {
		m.Tokenizer = readFile(f)
	}
	if w := o.Object("weights"); w != nil {
		m.Weights.Bytes = w.Int("bytes")
		for _, f := range w.Objects("chunks") {
			if f != nil {
				m.Weights.Chunks = append(m.Weights.Chunks, readFile(f))
			}
		}
	}
	for _, t := range o.Objects("tensors") {
		if t != nil {
			m.Tensors = append(m.Tensors, Tensor{
				Name: t.String("name"), Type: t.String("type"), Shape: t.Ints("shape"),
				Offset: t.Int("offset"), Bytes: t.Int("bytes"),
			})
		}
	}
	return m
}

func readLayers(o *jsontext.Object) Layers {
	return Layers{MLP: o.Ints("mlp"), Attention: o.Bools("attention")}
}

func readFile(o *jsontext.Object) File {
	return File{SHA256: o.String("sha256"), Bytes: o.Int("bytes")}
}
