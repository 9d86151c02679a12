// Package tinybundle makes small search bundles for tests.
package tinybundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
)

// Passages are what every bundle holds.
var Passages = []index.Passage{
	{Title: "context.WithCancel", Text: "WithCancel returns a derived context with a new Done channel. Canceling a request releases its resources.", URL: "/context#WithCancel", Section: "context"},
	{Title: "context.WithTimeout", Text: "WithTimeout ends the work of a request after a duration.", URL: "/context#WithTimeout", Section: "context"},
	{Title: "os.ReadFile", Text: "ReadFile reads the named file and returns its contents.", URL: "/os#ReadFile", Section: "os"},
	{Title: "bufio.Scanner", Text: "Scanner reads a file line by line.", URL: "/bufio#Scanner", Section: "bufio"},
	{Title: "sort.Strings", Text: "Strings sorts a slice of strings in increasing order.", URL: "/sort#Strings", Section: "sort"},
	{Title: "strconv.Atoi", Text: "Atoi converts a string to a number: größer, 数字, 🙂.", URL: "/strconv#Atoi", Section: "strconv"},
}

// Write makes a bundle of Passages in a temporary folder of the test and returns
// its path. Vectors are made with the package in modelDir; "" leaves them out.
func Write(t testing.TB, modelDir string) string {
	t.Helper()
	dir := t.TempDir()
	store := func(b []byte, err error) index.File {
		check(t, err)
		sum := sha256.Sum256(b)
		name := hex.EncodeToString(sum[:])
		check(t, os.WriteFile(filepath.Join(dir, name+".bin"), b, 0o644))
		return index.File{SHA256: name, Bytes: int64(len(b))}
	}
	words := index.NewBuilder(index.DefaultParameters())
	for _, p := range Passages {
		words.Add(index.Document{Title: p.Title, Text: p.Text})
	}
	keyword := store(words.MarshalBinary())
	passages := store(index.MarshalPassages(Passages))
	bundle := index.NewBundle(len(Passages), keyword, passages, index.DefaultFusion())
	if modelDir != "" {
		vectors, hash := embed(t, modelDir)
		bundle.Vectors = &index.VectorFile{File: store(vectors.MarshalBinary()), Model: hash, Dims: vectors.Dims(), Count: vectors.Len()}
	}
	text, err := json.Marshal(bundle)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, index.ManifestName), text, 0o644))
	return dir
}

// embed returns the vectors of Passages and the hash that names the model.
func embed(t testing.TB, modelDir string) (*index.Vectors, string) {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(modelDir, model.FileName))
	check(t, err)
	e, err := native.Open(os.DirFS(modelDir), native.Options{Kernels: kernel.NewReference(), Workers: 1})
	check(t, err)
	texts := make([]string, len(Passages))
	for i, p := range Passages {
		texts[i] = p.Title + "\n" + p.Text
	}
	list, err := e.Embed(context.Background(), texts, encoder.Passage, nil)
	check(t, err)
	vectors, err := index.NewVectors(e.Dims())
	check(t, err)
	for _, v := range list {
		check(t, vectors.Append(v))
	}
	return vectors, modeldir.Identity(manifest)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
