package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestUpToDate(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(target)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the reference computes (%v); run go generate in web/", target, err)
	}
}

// TestEveryOperation holds the list to what the guest imports.
func TestEveryOperation(t *testing.T) {
	imports, err := os.ReadFile(filepath.Join("..", "..", "wasm", "kernel", "wasmimport", "imports.go"))
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{ // those that only pass bytes: without them no guest starts
		"variant": true, "alloc": true, "allocated": true, "poke64": true, "peek64": true, "poke8": true, "peek8": true,
	}
	for _, c := range tests() {
		tested[c.export] = true
	}
	found := regexp.MustCompile(`(?m)^//go:wasmimport kernel (\w+)$`).FindAllSubmatch(imports, -1)
	if len(found) < 20 {
		t.Fatalf("only %d imports found", len(found))
	}
	for _, name := range found {
		if !tested[string(name[1])] {
			t.Errorf("the self-test lacks %s", name[1])
		}
	}
}
