package main

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/effir/effir/bench/weights"
	"github.com/effir/effir/wasm/model"
)

// system is one way to embed texts in a page.
type system struct {
	name   string // in the series of the results
	label  string // in the report
	base   string // of equal base models the embeddings can be compared
	every  int    // the rounds in which it takes part: every n-th
	query  url.Values
	vocab  vocabulary
	family string // "effir", "client", "transformers.js" or "wllama"
	// model is the package of ours, nil for peers.
	model  *model.Manifest
	phases phases
}

// phases in which a system takes part.
type phases struct{ timed, loaded, documents bool }

var (
	timed  = phases{timed: true}
	loaded = phases{loaded: true}
	both   = phases{timed: true, loaded: true}
	used   = phases{loaded: true, documents: true}
	all    = phases{timed: true, loaded: true, documents: true}
)

// Names of systems that figures are made of.
const (
	effirMiniLM     = "effir MiniLM 4-bit"
	effirMiniLM7    = "effir MiniLM 7-bit"
	effirSlimBGE    = "effir slim bge-small"
	effirSmol       = "effir SmolLM2 4-bit"
	effirSlimSmol   = "effir slim SmolLM2"
	clientMiniLM    = "effir client MiniLM 4-bit"
	clientMiniLM7   = "effir client MiniLM 7-bit"
	clientSlimBGE   = "effir client slim bge-small"
	clientSmol      = "effir client SmolLM2 4-bit"
	transformersQ8  = "transformers.js MiniLM int8"
	transformersOld = "transformers.js MiniLM int8, older export"
	transformersF32 = "transformers.js MiniLM float32"
	transformersBGE = "transformers.js bge-small int8"
	wllamaF32       = "wllama SmolLM2 F32"
	wllamaQ8        = "wllama SmolLM2 Q8_0"
	wllamaQ4        = "wllama SmolLM2 Q4_0"
)

// Systems of which the best is compared with, in each figure.
var (
	transformersInt8 = []string{transformersQ8, transformersOld}
	wllamaFormats    = []string{wllamaF32, wllamaQ8, wllamaQ4}
)

// Vocabularies by which texts of so many tokens are made.
type vocabulary string

const (
	wordPieces vocabulary = "BERT"    // of MiniLM and bge
	bytePairs  vocabulary = "SmolLM2" // of SmolLM2
)

// systems lists what is measured over the prepared models.
func systems(p *prepared) []system {
	list := []system{
		{
			name: effirMiniLM, label: "EffiR, all-MiniLM-L6-v2, calibrated 4-bit weights", base: "MiniLM", vocab: wordPieces,
			family: "effir", query: url.Values{"model": {"effir/minilm"}}, model: p.manifests["minilm"], phases: timed,
		},
		{
			name: effirMiniLM7, label: "EffiR, all-MiniLM-L6-v2, 7-bit weights", base: "MiniLM", vocab: wordPieces,
			family: "effir", query: url.Values{"model": {"effir/minilm-7-bit"}}, model: p.manifests["minilm-7-bit"], phases: timed,
		},
		{
			name: effirSlimBGE, label: "EffiR, released slim bge-small-en-v1.5", base: "slim bge", vocab: wordPieces,
			family: "effir", query: url.Values{"model": {"effir/bge-small-slim"}}, model: p.manifests["bge-small-slim"], phases: timed,
		},
		{
			name: effirSmol, label: "EffiR, SmolLM2-135M-Instruct, 4-bit weights", base: "SmolLM2", vocab: bytePairs,
			family: "effir", query: url.Values{"model": {"effir/smollm2"}}, model: p.manifests["smollm2"], phases: timed,
		},
		{
			name: clientMiniLM, label: "EffiR's client library, all-MiniLM-L6-v2, calibrated 4-bit weights", vocab: wordPieces,
			family: "client", query: url.Values{"site": {"minilm"}}, phases: used,
		},
		{
			name: clientMiniLM7, label: "EffiR's client library, all-MiniLM-L6-v2, 7-bit weights", vocab: wordPieces,
			family: "client", query: url.Values{"site": {"minilm-7-bit"}}, phases: loaded,
		},
		{
			name: clientSlimBGE, label: "EffiR's client library, released slim bge-small-en-v1.5", vocab: wordPieces,
			family: "client", query: url.Values{"site": {"bge-small-slim"}}, phases: used,
		},
		{
			name: clientSmol, label: "EffiR's client library, SmolLM2-135M-Instruct, 4-bit weights", vocab: bytePairs,
			family: "client", query: url.Values{"site": {"smollm2"}}, phases: loaded,
		},
		{
			name: transformersQ8, label: "transformers.js, all-MiniLM-L6-v2, int8", base: "MiniLM", vocab: wordPieces,
			family: "transformers.js", query: url.Values{"model": {"onnx/" + weights.MiniLM}, "dtype": {"q8"}, "pooling": {"mean"}}, phases: all,
		},
		{
			name: transformersOld, label: "transformers.js, all-MiniLM-L6-v2, int8, older export", base: "MiniLM", vocab: wordPieces,
			family: "transformers.js", query: url.Values{"model": {"onnx/" + weights.MiniLMOlder}, "dtype": {"q8"}, "pooling": {"mean"}}, phases: all,
		},
		{
			name: transformersF32, label: "transformers.js, all-MiniLM-L6-v2, float32", base: "MiniLM", vocab: wordPieces,
			family: "transformers.js", query: url.Values{"model": {"onnx/" + weights.MiniLM}, "dtype": {"fp32"}, "pooling": {"mean"}, "output": {"output_0"}}, phases: timed,
		},
		{
			name: transformersBGE, label: "transformers.js, bge-small-en-v1.5, int8", base: "bge", vocab: wordPieces,
			family: "transformers.js", query: url.Values{"model": {"onnx/" + weights.BGE}, "dtype": {"q8"}, "pooling": {"cls"}}, phases: both,
		},
	}
	for _, format := range []struct {
		name, format string
		every        int
		phases       phases
	}{{wllamaF32, "F32", 4, timed}, {wllamaQ8, "Q8_0", 10, timed}, {wllamaQ4, "Q4_0", 10, both}} {
		list = append(list, system{
			name: format.name, label: "wllama, SmolLM2-135M-Instruct, " + format.format, base: "SmolLM2", vocab: bytePairs, every: format.every,
			family: "wllama", query: url.Values{"model": {"gguf/" + filepath.Base(p.gguf[format.format])}, "pooling": {smolPooling}}, phases: format.phases,
		})
	}
	if m := p.manifests["smollm2-slim"]; m != nil {
		list = append(list, system{
			name: effirSlimSmol, label: "EffiR, slim SmolLM2 (" + m.Name + ")", base: "slim SmolLM2", vocab: bytePairs,
			family: "effir", query: url.Values{"model": {"effir/smollm2-slim"}}, model: m, phases: timed,
		})
	}
	return list
}

// path is the address of the system's page on a server.
func (s system) path() string {
	query := url.Values{"system": {strings.TrimSuffix(s.family, ".js")}} // the name of its script
	for name, values := range s.query {
		query[name] = values
	}
	return "/page/index.html?" + query.Encode()
}
