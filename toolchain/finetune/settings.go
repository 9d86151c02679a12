package finetune

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// settings are a run's identity: the value of each setting, as JSON, by the name
// of its flag. Models and data are known by their content, so that a run can move
// to another machine.
type settings map[string]json.RawMessage

func newSettings(o Options, student, teacher *network) (settings, error) {
	s := settings{}
	var failed error
	set := func(name string, value any) {
		data, err := json.Marshal(value)
		if err != nil && failed == nil {
			failed = fmt.Errorf("--%s: %w", name, err)
		}
		s[name] = data
	}
	hash, err := hashFiles(student.checkpoint.Files()...)
	if err != nil {
		return nil, err
	}
	set("model", hash)
	teacherHash := ""
	if teacher != nil {
		if teacherHash, err = hashFiles(teacher.checkpoint.Files()...); err != nil {
			return nil, err
		}
	}
	set("teacher", teacherHash)
	type source struct {
		SHA256 string
		Weight float64
	}
	var sources []source
	for _, d := range o.Data {
		if hash, err = hashFiles(d.Path); err != nil {
			return nil, err
		}
		sources = append(sources, source{hash, d.Weight})
	}
	set("data", sources)
	set("loss", o.Loss)
	set("tokens", o.Tokens)
	set("steps", o.Steps)
	set("buckets", o.Buckets)
	if o.Loss.pairwise() {
		set("batch-pairs", o.BatchPairs)
		set("negatives", o.Negatives)
		set("temperature", o.Temperature)
		if o.SameSource {
			set("same-source", true)
		}
	} else {
		set("batch-tokens", o.BatchTokens)
		set("mix", o.Mix)
	}
	set("learning-rate", o.LearningRate)
	set("warm-up", o.WarmUp)
	set("weight-decay", o.WeightDecay)
	set("beta1", o.Beta1)
	set("beta2", o.Beta2)
	set("epsilon", o.Epsilon)
	set("clip", o.Clip)
	set("seed", o.Seed)
	set("lora", o.LoRARank)
	if o.LoRARank > 0 {
		set("lora-alpha", o.LoRAAlpha)
	}
	set("train-embeddings", o.TrainEmbeddings)
	if o.TrainEmbeddings && o.EmbeddingRate != 1 {
		set("embedding-rate", o.EmbeddingRate)
	}
	set("slim", o.SlimLambda)
	set("weight-bits", o.WeightBits)
	set("embedding-bits", o.EmbeddingBits)
	set("precision", o.Precision)
	set("pooling, --attention or a prefix", student.embedding)
	return s, failed
}

// changed returns an error that names the first setting that differs from those
// that a run was begun with.
func (s settings) changed(begun settings, run string) error {
	var names []string
	for name := range s {
		names = append(names, name)
	}
	for name := range begun {
		if _, ok := s[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if was, is := compact(begun[name]), compact(s[name]); !bytes.Equal(was, is) {
			return fmt.Errorf("--%s is %s, but the run in %s was begun with %s: use the same settings, models and data to resume it, or another --out", name, orNothing(is), run, orNothing(was))
		}
	}
	return nil
}

// compact removes the white space that indenting put in.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func orNothing(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	return string(raw)
}

// hashFiles returns the SHA-256 of the files' contents one after the other.
func hashFiles(paths ...string) (string, error) {
	sum := sha256.New()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
