package importer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/importer/onnx"
)

// folderFile reports whether the path is one of the files of a model folder, besides the weights of
// the model itself, that an import reads.
func folderFile(name string) bool {
	switch folder, base := path.Split(name); {
	case folder == "":
		return slices.Contains([]string{
			"config.json", "tokenizer.json", "README.md",
			"modules.json", "config_sentence_transformers.json", "sentence_bert_config.json",
		}, base)
	case moduleFolder.MatchString(strings.TrimSuffix(folder, "/")):
		return base == "config.json" || base == "model.safetensors"
	}
	return false
}

// moduleFolder matches the folders of a sentence-transformers model's further modules.
var moduleFolder = regexp.MustCompile(`^[0-9]+_[A-Za-z]+$`)

// onnxFiles are the places of the float32 ONNX file in a model folder, in the order of preference.
var onnxFiles = []string{"model.onnx", "onnx/model.onnx"}

// model is an open model of any format.
type model struct {
	checkpoint.Source                   // the tensors that config demands
	config            checkpoint.Config // for storing it without loss; Provenance has Weights and License only
	tokenizer         func() ([]byte, error)
	files             []string // that make it up, in a fixed order
	close             func() error

	prompts     promptInfo // how much the files tell of prefixes
	trainedFrom string     // last part of what config.json calls _name_or_path
}

// promptInfo says how much is known of what stands before queries and passages.
type promptInfo int

const (
	unknown  promptInfo = iota // the files say nothing
	given                      // the files say it, though some tools write empty prompts for all models
	allKnown                   // it is a checkpoint of ours, with all there is to know
)

// openModel opens a GGUF, safetensors or ONNX file, or a model folder.
func openModel(name string) (*model, error) {
	switch filepath.Ext(name) {
	case ".gguf":
		return openGGUF(name)
	case ".safetensors":
		return openSafetensors(filepath.Dir(name), func() (*checkpoint.Checkpoint, error) { return checkpoint.OpenFile(name) })
	case ".onnx":
		return openONNX(name)
	}
	if !exists(filepath.Join(name, "model.safetensors")) && !exists(filepath.Join(name, shardIndex)) {
		for _, place := range onnxFiles {
			if file := filepath.Join(name, filepath.FromSlash(place)); exists(file) {
				return openONNX(file)
			}
		}
	}
	return openSafetensors(name, func() (*checkpoint.Checkpoint, error) { return checkpoint.Open(name) })
}

// describe adds what the other files of a model folder tell.
func (m *model) describe(dir string) error {
	if license := readmeLicense(filepath.Join(dir, "README.md")); license != "" {
		m.config.Provenance.License = license
	}
	m.trainedFrom = nameOrPath(filepath.Join(dir, "config.json"))
	return m.sentenceTransformer(dir)
}

// nameOrPath reads the name, without folders, under which the transformers library had loaded the
// model before it was saved; "" if the configuration has none.
func nameOrPath(config string) string {
	data, err := readSmall(config)
	if err != nil {
		return ""
	}
	var c struct {
		Name string `json:"_name_or_path"`
	}
	if json.Unmarshal(data, &c) != nil || c.Name == "" {
		return ""
	}
	return path.Base(c.Name)
}

// readmeLicense reads the licence from the header of a model's description, "" if there is none.
func readmeLicense(path string) string {
	data, err := readSmall(path)
	if err != nil {
		return ""
	}
	text, atStart := strings.CutPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "---\n")
	header, _, ended := strings.Cut(text, "\n---")
	if !atStart || !ended {
		return ""
	}
	for line := range strings.Lines(header) {
		if license, ok := strings.CutPrefix(line, "license:"); ok {
			return strings.Trim(strings.TrimSpace(license), `"'`)
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func openGGUF(path string) (_ *model, err error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m := &model{files: []string{path}, close: file.Close, tokenizer: func() ([]byte, error) { return ggufTokenizer(file) }}
	if m.config, err = ggufConfig(file); err == nil {
		m.Source, err = newGGUFWeights(file, m.config)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return m, nil
}

func openSafetensors(dir string, open func() (*checkpoint.Checkpoint, error)) (_ *model, err error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	m := &model{Source: c, config: c.Config(), files: c.Files(), close: c.Close, tokenizer: c.TokenizerJSON}
	dtypes := c.Dtypes()
	m.config.TorchDtype = "float32"
	if len(dtypes) == 1 {
		m.config.TorchDtype = map[string]string{"F32": "float32", "F16": "float16", "BF16": "bfloat16"}[dtypes[0]]
	}
	kept := checkpoint.Provenance{Weights: strings.Join(dtypes, ", ")}
	if own := m.config.Provenance; own != nil { // it is a checkpoint of ours
		kept.License = own.License
	}
	m.config.Provenance = &kept
	if err = m.config.Validate(); err == nil {
		err = m.describe(dir)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return m, nil
}

func openONNX(path string) (_ *model, err error) {
	file, err := onnx.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	// Exports lie beside the model's other files, or in a folder "onnx" below them.
	dir := filepath.Dir(path)
	if !exists(filepath.Join(dir, "tokenizer.json")) && filepath.Base(dir) == "onnx" {
		dir = filepath.Dir(dir)
	}
	m := &model{close: file.Close, files: []string{path}}
	tokenizer := filepath.Join(dir, "tokenizer.json")
	if named := strings.TrimSuffix(path, ".onnx") + "-tokenizer.json"; !exists(tokenizer) && exists(named) {
		tokenizer = named
	}
	m.files = append(m.files, tokenizer)
	m.tokenizer = func() ([]byte, error) { return checkpoint.ReadTokenizerJSON(tokenizer) }
	var known *checkpoint.Config
	if config := filepath.Join(dir, "config.json"); exists(config) {
		c, err := checkpoint.ReadConfig(config)
		if err != nil {
			return nil, err
		}
		known = &c
		m.files = append(m.files, config)
	}
	if m.Source, m.config, err = newONNXWeights(file, known); err != nil {
		return nil, err
	}
	return m, m.describe(dir)
}
