package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/wasm/model"
)

// What quantise prints for a mixed checkpoint makes export store its wide matrices
// in 7 bits, and all others in 4.
func TestQuantiseMixed(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	dir := t.TempDir()
	data, rounded, packed := filepath.Join(dir, "pairs.jsonl"), filepath.Join(dir, "rounded"), filepath.Join(dir, "package")
	err := pairs.Write(data, []pairs.Pair{{Query: "how is a request cancelled", Positive: "a context ends it"}, {Query: "what is a reader", Positive: "it gives bytes"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "quantise", "--model", writeTiny(t), "--bits", "4", "--wide-share", "0.3", "--data", data, "--max-tokens", "32", "-o", rounded)
	if err != nil {
		t.Fatal(err)
	}
	_, command, found := strings.Cut(out, "pack it by: effir ")
	if !found {
		t.Fatalf("no command in\n%s", out)
	}
	arguments := strings.Fields(strings.Replace(command, "PACKAGE", packed, 1))
	if out, err := run(t, arguments...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(packed, model.FileName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Parse(manifest)
	if err != nil {
		t.Fatal(err)
	}
	types := make(map[string]int)
	for _, tensor := range m.Tensors {
		if strings.HasPrefix(tensor.Name, "layer.") && len(tensor.Shape) == 2 {
			types[tensor.Type]++
			if wide := strings.Contains(command, tensor.Name+"=7"); wide != (tensor.Type == model.Q7) {
				t.Errorf("%s has type %s; the command is %s", tensor.Name, tensor.Type, command)
			}
		}
	}
	if types[model.Q4] == 0 || types[model.Q7] == 0 {
		t.Errorf("types %v: not mixed", types)
	}
}
