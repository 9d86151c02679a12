package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
)

const remedySentence = "import a sentence-transformers model that is made of Transformer, Pooling, at most one linear Dense, and Normalize"

// sentenceFolder is a folder in the layout of the sentence-transformers library: modules.json lists
// the steps from text to vector, each configured in a folder of its own.
type sentenceFolder struct {
	dir   string
	files []string // read so far

	prompted promptInfo
}

// sentenceTransformer reads from the folder how a text becomes a vector, if the folder has a
// modules.json and the model's own configuration does not say already. A linear head joins the
// model's tensors.
func (m *model) sentenceTransformer(dir string) error {
	if m.config.Embedding != nil {
		m.prompts = allKnown
		return nil
	}
	s := &sentenceFolder{dir: dir}
	how, head, err := s.read(m.config)
	if err != nil || how == nil {
		return err
	}
	m.config.Embedding, m.prompts = how, s.prompted
	m.files = append(m.files, s.files...)
	if head != nil {
		m.Source = headed{m.Source, head}
	}
	return inFile(m.config.Validate(), dir)
}

// headed adds a linear head to a model's tensors.
type headed struct {
	checkpoint.Source
	head checkpoint.Tensors
}

// Tensor implements checkpoint.Source.
func (h headed) Tensor(name string) (checkpoint.Tensor, error) {
	if t, ok := h.head[name]; ok {
		return t, nil
	}
	return h.Source.Tensor(name)
}

func (s *sentenceFolder) fail(file, field, problem string, args ...any) error {
	return &checkpoint.InputError{
		File: filepath.Join(s.dir, file), Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedySentence,
	}
}

// load reads a JSON file of the folder; found is false if there is none.
func (s *sentenceFolder) load(file string, into any) (found bool, err error) {
	path := filepath.Join(s.dir, file)
	if !exists(path) {
		return false, nil
	}
	data, err := readSmall(path)
	if err != nil {
		return true, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return true, &checkpoint.InputError{File: path, Problem: "is not valid JSON of the expected form", Err: err, Remedy: remedySentence}
	}
	s.files = append(s.files, path)
	return true, nil
}

// read returns nil if the folder has no modules.json.
func (s *sentenceFolder) read(c checkpoint.Config) (*checkpoint.Embedding, checkpoint.Tensors, error) {
	var modules []struct {
		Path string `json:"path"`
		Type string `json:"type"` // such as "sentence_transformers.models.Pooling"
	}
	if found, err := s.load("modules.json", &modules); err != nil || !found {
		return nil, nil, err
	}
	order := ""
	for i := range modules {
		m := &modules[i]
		m.Type = m.Type[strings.LastIndexByte(m.Type, '.')+1:]
		order += m.Type + " "
		field := fmt.Sprintf("[%d].path", i)
		if m.Type == "Transformer" && m.Path != "" && m.Path != "." {
			return nil, nil, s.fail("modules.json", field, "is %q, want the folder itself", m.Path)
		}
		if (m.Type == "Pooling" || m.Type == "Dense") && !moduleFolder.MatchString(m.Path) {
			return nil, nil, s.fail("modules.json", field, "is %q, want a folder such as 1_Pooling", m.Path)
		}
	}
	if !moduleOrder.MatchString(order) {
		return nil, nil, s.fail("modules.json", "", "lists %s", strings.Join(strings.Fields(order), ", "))
	}
	how := &checkpoint.Embedding{}
	var head checkpoint.Tensors
	for _, m := range modules {
		var err error
		switch m.Type {
		case "Pooling":
			how.Pooling, err = s.pooling(m.Path)
		case "Dense":
			head, how.HeadDims, err = s.dense(m.Path, c.HiddenSize)
		case "Normalize":
			how.Normalize = true
		}
		if err != nil {
			return nil, nil, err
		}
	}
	var err error
	if how.MaxTokens, err = s.maxTokens(c); err == nil {
		how.QueryPrefix, how.PassagePrefix, err = s.prompts()
	}
	return how, head, err
}

var moduleOrder = regexp.MustCompile(`^Transformer Pooling (Dense )?(Normalize )?$`)

// pooling reads which of the library's ways of pooling is switched on.
func (s *sentenceFolder) pooling(folder string) (string, error) {
	file := filepath.Join(folder, "config.json")
	var raw map[string]any
	if found, err := s.load(file, &raw); err != nil {
		return "", err
	} else if !found {
		return "", s.fail(file, "", "does not exist")
	}
	if include, ok := raw["include_prompt"].(bool); ok && !include {
		return "", s.fail(file, "include_prompt", "is false; leaving the prompt out of the pooling is not supported")
	}
	names := map[string]string{ // the library's names of what we have
		"cls_token": checkpoint.PoolCLS, "mean_tokens": checkpoint.PoolMean, "lasttoken": checkpoint.PoolLast,
		"cls": checkpoint.PoolCLS, "mean": checkpoint.PoolMean,
	}
	const flag = "pooling_mode_"
	var on []string
	for key, value := range raw {
		if name, ok := strings.CutPrefix(key, flag); ok && value == true {
			on = append(on, name)
		}
	}
	if mode, ok := raw["pooling_mode"].(string); ok && len(on) == 0 { // newer spelling
		on = append(on, mode)
	}
	if len(on) != 1 || names[on[0]] == "" {
		return "", s.fail(file, "pooling_mode", "is %v, want exactly one of cls_token, mean_tokens and lasttoken", on)
	}
	return names[on[0]], nil
}

// dense reads a linear head.
func (s *sentenceFolder) dense(folder string, hidden int) (checkpoint.Tensors, int, error) {
	file := filepath.Join(folder, "config.json")
	config := struct {
		In         int    `json:"in_features"`
		Out        int    `json:"out_features"`
		Bias       *bool  `json:"bias"`
		Activation string `json:"activation_function"`
	}{Activation: "torch.nn.modules.activation.Tanh"} // the library's default
	if found, err := s.load(file, &config); err != nil {
		return nil, 0, err
	} else if !found {
		return nil, 0, s.fail(file, "", "does not exist")
	}
	switch {
	case !strings.HasSuffix(config.Activation, ".Identity"):
		return nil, 0, s.fail(file, "activation_function", "is %s; only a linear head (Identity) is supported", config.Activation)
	case config.In != hidden:
		return nil, 0, s.fail(file, "in_features", "is %d, but hidden_size is %d", config.In, hidden)
	case config.Out < 1 || config.Out > 1<<16:
		return nil, 0, s.fail(file, "out_features", "is out of range: %d is not in 1..%d", config.Out, 1<<16)
	}
	weights := filepath.Join(folder, "model.safetensors")
	if !exists(filepath.Join(s.dir, weights)) {
		return nil, 0, s.fail(weights, "", "does not exist (weights in Python's pickle format cannot be read)")
	}
	specs := []checkpoint.Spec{{Name: "linear.weight", Shape: []int{config.Out, config.In}}}
	if config.Bias == nil || *config.Bias {
		specs = append(specs, checkpoint.Spec{Name: "linear.bias", Shape: []int{config.Out}})
	}
	found, err := checkpoint.ReadTensors(filepath.Join(s.dir, weights), specs)
	if err != nil {
		return nil, 0, err
	}
	s.files = append(s.files, filepath.Join(s.dir, weights))
	bias, ok := found["linear.bias"]
	if !ok {
		bias = checkpoint.Tensor{Shape: []int{config.Out}, Data: make([]float32, config.Out)}
	}
	return checkpoint.Tensors{
		"head.weight": {Name: "head.weight", Shape: specs[0].Shape, Data: found["linear.weight"].Data},
		"head.bias":   {Name: "head.bias", Shape: bias.Shape, Data: bias.Data},
	}, config.Out, nil
}

// maxTokens reads the length to which the library cuts texts.
func (s *sentenceFolder) maxTokens(c checkpoint.Config) (int, error) {
	const file = "sentence_bert_config.json"
	var config struct {
		MaxSeqLength *int `json:"max_seq_length"`
		DoLowerCase  bool `json:"do_lower_case"`
	}
	if _, err := s.load(file, &config); err != nil {
		return 0, err
	}
	if config.DoLowerCase {
		if lower, err := s.lowercases(); err != nil {
			return 0, err
		} else if !lower {
			return 0, s.fail(file, "do_lower_case", "is true, but tokenizer.json keeps upper case")
		}
	}
	if config.MaxSeqLength == nil {
		return c.MaxPositionEmbeddings, nil
	}
	if *config.MaxSeqLength < 1 {
		return 0, s.fail(file, "max_seq_length", "is %d", *config.MaxSeqLength)
	}
	return min(*config.MaxSeqLength, c.MaxPositionEmbeddings), nil
}

// lowercases reports whether the tokenizer lower-cases by itself.
func (s *sentenceFolder) lowercases() (bool, error) {
	path := filepath.Join(s.dir, "tokenizer.json")
	data, err := checkpoint.ReadTokenizerJSON(path)
	if err != nil {
		return false, err
	}
	var tokenizer struct {
		Normalizer struct {
			Type      string `json:"type"`
			Lowercase bool   `json:"lowercase"`
			Steps     []struct {
				Type      string `json:"type"`
				Lowercase bool   `json:"lowercase"`
			} `json:"normalizers"`
		} `json:"normalizer"`
	}
	if err := json.Unmarshal(data, &tokenizer); err != nil {
		return false, &checkpoint.InputError{File: path, Field: "normalizer", Problem: "is not of the expected form", Err: err, Remedy: remedySentence}
	}
	n := tokenizer.Normalizer
	lower := n.Lowercase || n.Type == "Lowercase"
	for _, step := range n.Steps {
		lower = lower || step.Lowercase || step.Type == "Lowercase"
	}
	return lower, nil
}

// prompts reads what the library puts before queries and passages. Where the folder does not say,
// the model's name may tell.
func (s *sentenceFolder) prompts() (query, passage string, err error) {
	var config struct {
		Prompts map[string]string `json:"prompts"`
		Default *string           `json:"default_prompt_name"`
	}
	const file = "config_sentence_transformers.json"
	if _, err := s.load(file, &config); err != nil {
		return "", "", err
	}
	if len(config.Prompts) > 0 {
		s.prompted = given
	}
	if config.Default != nil {
		prompt, ok := config.Prompts[*config.Default]
		if !ok {
			return "", "", s.fail(file, "default_prompt_name", "is %q, which is not among the prompts", *config.Default)
		}
		query, passage = prompt, prompt
	}
	for _, p := range []struct {
		names []string
		to    *string
	}{{[]string{"query"}, &query}, {[]string{"document", "passage", "corpus"}, &passage}} {
		for _, name := range p.names {
			if prompt, ok := config.Prompts[name]; ok {
				*p.to = prompt
				break
			}
		}
	}
	return query, passage, nil
}

// maxSmall bounds the size of the files that readSmall reads, in bytes.
const maxSmall = 16 << 20

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err == nil && len(data) > maxSmall {
		err = errors.New("it is larger than any such file")
	}
	if err != nil {
		return nil, &checkpoint.InputError{File: path, Problem: "cannot be read", Err: err, Remedy: remedySentence}
	}
	return data, nil
}
