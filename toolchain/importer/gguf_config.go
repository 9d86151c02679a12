package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// ggufConfig derives the configuration from a GGUF file's metadata. Keys with a default in the GGUF
// specification get it; everything that would change the computation in a way that we do not
// implement is refused.
func ggufConfig(f *gguf.File) (checkpoint.Config, error) {
	r := metadataReader{file: f}
	if arch := r.text("general.architecture"); r.err == nil && arch != "llama" {
		r.fail("general.architecture", fmt.Sprintf("is %q, only \"llama\" is supported", arch), remedyModel)
	}
	c := checkpoint.Config{
		ModelType:             "llama",
		Architectures:         []string{"LlamaForCausalLM"},
		HiddenAct:             "silu",
		TorchDtype:            "float32", // exact for every format of the file
		HiddenSize:            r.uint("llama.embedding_length"),
		NumHiddenLayers:       r.uint("llama.block_count"),
		NumAttentionHeads:     r.uint("llama.attention.head_count"),
		MaxPositionEmbeddings: r.uint("llama.context_length"),
		RMSNormEps:            r.float("llama.attention.layer_norm_rms_epsilon"),
		RopeTheta:             10000,
	}
	if f.IsArray("llama.feed_forward_length") { // a slimmed model
		c.IntermediateSizes = r.ints("llama.feed_forward_length")
	} else {
		c.IntermediateSize = r.uint("llama.feed_forward_length")
	}
	c.NumKeyValueHeads = r.uintOr("llama.attention.head_count_kv", c.NumAttentionHeads)
	c.HeadDim = r.headDim(c)
	if f.Has("llama.rope.freq_base") {
		c.RopeTheta = r.float("llama.rope.freq_base")
	}
	r.refuseVariants(c)
	c.VocabSize = r.vocabSize()
	c.BOSTokenID = r.tokenID("tokenizer.ggml.bos_token_id")
	c.EOSTokenID = r.tokenID("tokenizer.ggml.eos_token_id")
	c.PadTokenID = r.tokenID("tokenizer.ggml.padding_token_id")
	_, untied := f.Lookup("output.weight")
	c.TieWordEmbeddings = !untied
	if r.err != nil {
		return checkpoint.Config{}, r.err
	}
	if err := c.Validate(); err != nil {
		return checkpoint.Config{}, inFile(err, f.Name())
	}
	c.Provenance = &checkpoint.Provenance{Weights: formats(f)}
	if f.Has("general.license") {
		c.Provenance.License = r.text("general.license")
	}
	return c, r.err
}

const remedyModel = "import a model of the Llama family (Llama, SmolLM, SmolLM2, TinyLlama, …)"

// metadataReader reads metadata until the first problem, which it keeps.
type metadataReader struct {
	file *gguf.File
	err  error
}

func (r *metadataReader) fail(field, problem, remedy string) {
	if r.err == nil {
		r.err = &checkpoint.InputError{File: r.file.Name(), Field: field, Problem: problem, Remedy: remedy}
	}
}

// take reads one key unless there was a problem before.
func take[T any](r *metadataReader, key string, read func(string) (T, error)) T {
	var zero T
	if r.err != nil {
		return zero
	}
	v, err := read(key)
	r.err = err
	return v
}

func (r *metadataReader) text(key string) string   { return take(r, key, r.file.Text) }
func (r *metadataReader) uint(key string) int      { return take(r, key, r.file.Uint) }
func (r *metadataReader) float(key string) float64 { return take(r, key, r.file.Float) }
func (r *metadataReader) ints(key string) []int    { return take(r, key, r.file.Ints) }

func (r *metadataReader) uintOr(key string, otherwise int) int {
	if !r.file.Has(key) {
		return otherwise
	}
	return r.uint(key)
}

// headDim is the explicit head size or the hidden size divided among the heads.
func (r *metadataReader) headDim(c checkpoint.Config) int {
	if r.file.Has("llama.attention.key_length") {
		d := r.uint("llama.attention.key_length")
		if v := r.uintOr("llama.attention.value_length", d); v != d {
			r.fail("llama.attention.value_length", fmt.Sprintf("is %d, but keys have length %d", v, d), remedyModel)
		}
		return d
	}
	if c.NumAttentionHeads < 1 || c.HiddenSize%c.NumAttentionHeads != 0 {
		r.fail("llama.attention.head_count", fmt.Sprintf("is %d, which does not divide llama.embedding_length %d", c.NumAttentionHeads, c.HiddenSize), remedyModel)
		return 0
	}
	return c.HiddenSize / c.NumAttentionHeads
}

// refuseVariants refuses what other members of the architecture do differently.
func (r *metadataReader) refuseVariants(c checkpoint.Config) {
	if rotary := r.uintOr("llama.rope.dimension_count", c.HeadDim); rotary != c.HeadDim {
		r.fail("llama.rope.dimension_count", fmt.Sprintf("is %d, but heads have %d dimensions; partial rotary positions are not supported", rotary, c.HeadDim), remedyModel)
	}
	if experts := r.uintOr("llama.expert_count", 0); experts > 0 {
		r.fail("llama.expert_count", fmt.Sprintf("is %d; mixtures of experts are not supported", experts), remedyModel)
	}
	if r.file.Has("llama.rope.scaling.type") {
		if kind := r.text("llama.rope.scaling.type"); kind != "none" {
			r.fail("llama.rope.scaling.type", fmt.Sprintf("is %q; scaled rotary positions are not supported", kind), remedyModel)
		}
	}
}

// vocabSize is the number of rows of the embedding, which must be the number of tokens.
func (r *metadataReader) vocabSize() int {
	embedding, ok := r.file.Lookup("token_embd.weight")
	if !ok || len(embedding.Shape) != 2 {
		r.fail("token_embd.weight", "is missing or not a matrix", remedyModel)
		return 0
	}
	rows := embedding.Shape[0]
	if tokens := take(r, tokensKey, r.file.Texts); len(tokens) != rows {
		r.fail(tokensKey, fmt.Sprintf("has %d tokens, but token_embd.weight has %d rows", len(tokens), rows), remedyGGUF)
	}
	if n := r.uintOr("llama.vocab_size", rows); n != rows {
		r.fail("llama.vocab_size", fmt.Sprintf("is %d, but token_embd.weight has %d rows", n, rows), remedyGGUF)
	}
	return rows
}

func (r *metadataReader) tokenID(key string) *int {
	if !r.file.Has(key) {
		return nil
	}
	id := r.uint(key)
	return &id
}

// formats lists the number formats of a file's tensors, sorted: "F32, Q4_1, Q8_0".
func formats(f *gguf.File) string {
	var all []string
	for _, t := range f.Tensors() {
		all = append(all, t.Type.String())
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}
