package importer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/go-huggingface/hub"

	"github.com/effir/effir/toolchain/checkpoint"
)

const shardIndex = "model.safetensors.index.json"

// fetchRepo brings the files of a hub repository into the cache. Package hub lists the repository,
// knows its addresses and keeps the cache (in the layout that it shares with Python's hub client);
// HF_ENDPOINT selects another hub, HF_TOKEN authenticates. The transfer itself is ours, see
// fetchBlob.
func fetchRepo(ctx context.Context, s Source, way checkpoint.Provenance, opts Options) (obtained, error) {
	repo := hub.New(s.repo).WithCacheDir(filepath.Join(opts.CacheDir, "hub")).WithAuth(os.Getenv("HF_TOKEN")).WithProgressBar(false)
	repo.Verbosity = 0
	if s.revision != "" {
		repo.WithRevision(s.revision)
	}
	r := &repository{Repo: repo, name: s.name, blobs: filepath.Join(opts.CacheDir, "hub", "models--"+strings.ReplaceAll(s.repo, "/", "--"), "blobs"), opts: opts}
	if err := r.list(ctx); err != nil {
		return obtained{}, err
	}
	way.Revision = r.Info().CommitHash
	nothing := func() {}
	switch file, err := r.ggufFile(s.file); {
	case err != nil:
		return obtained{}, err
	case file != "":
		path, err := r.fetch(ctx, file)
		return obtained{path: path, provenance: way, release: nothing}, err
	}
	wanted := []string{"config.json", "tokenizer.json"}
	for _, file := range r.files {
		if folderFile(file) && !slices.Contains(wanted, file) {
			wanted = append(wanted, file)
		}
	}
	onnx := r.onnxFile()
	switch {
	case onnx != "":
		wanted = append(wanted, onnx)
	case slices.Contains(r.files, shardIndex) && !slices.Contains(r.files, "model.safetensors"):
		index, err := r.fetch(ctx, shardIndex)
		if err != nil {
			return obtained{}, err
		}
		shards, err := checkpoint.ShardNames(index)
		if err != nil {
			return obtained{}, err
		}
		wanted = append(wanted, shards...)
	default:
		wanted = append(wanted, "model.safetensors")
	}
	folder := ""
	for _, file := range wanted {
		path, err := r.fetch(ctx, file)
		if err != nil {
			return obtained{}, err
		}
		if file == "config.json" {
			folder = filepath.Dir(path)
		}
	}
	return obtained{path: folder, provenance: way, release: nothing}, nil
}

// repository is a hub repository with what we add to it.
type repository struct {
	*hub.Repo
	name  string
	blobs string   // folder of package hub's cache: one file per content, named by its ETag
	files []string // in the repository
	opts  Options
}

func (r *repository) fail(field, problem string, err error) error {
	return &checkpoint.InputError{
		File: r.name, Field: field, Problem: problem, Err: err,
		Remedy: "check the name and the connection, set HF_TOKEN for a private repository and HF_ENDPOINT for another hub; an interrupted download is resumed by the next try",
	}
}

var commitPattern = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)

// list asks the hub for the repository's files: the first FileURL of a repository fetches its
// description, even if an older one is in the cache. It takes no context, so that we leave it behind
// when ours ends.
func (r *repository) list(ctx context.Context) error {
	r.opts.report("asking the hub", 0, -1)
	answer := make(chan error, 1)
	go func() {
		_, err := r.FileURL("")
		answer <- err
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-answer:
		if err != nil {
			return r.fail("", "the hub did not list the repository", err)
		}
	}
	// The commit becomes a folder name.
	if commit := r.Info().CommitHash; !commitPattern.MatchString(commit) {
		return r.fail("sha", fmt.Sprintf("the hub names the commit %.80q", commit), nil)
	}
	for name, err := range r.IterFileNames() {
		if err != nil {
			return r.fail("siblings", "the hub lists an unusable file name", err)
		}
		r.files = append(r.files, name)
	}
	return nil
}

// ggufFile picks the GGUF file to import: the one asked for, or the only one of a repository
// without safetensors. It returns "" if the repository is to be imported as a model folder.
func (r *repository) ggufFile(asked string) (string, error) {
	with := func(ext string) (found []string) {
		for _, name := range r.files {
			if filepath.Ext(name) == ext {
				found = append(found, name)
			}
		}
		return found
	}
	ggufs := with(".gguf")
	refuse := func(problem string) (string, error) {
		return "", &checkpoint.InputError{
			File: r.name, Field: asked, Problem: fmt.Sprintf("%s; the repository has %s", problem, strings.Join(r.files, ", ")),
			Remedy: "name one of its GGUF files as " + r.ID + "/FILE.gguf, or another repository",
		}
	}
	switch {
	case asked != "" && slices.Contains(r.files, asked):
		return asked, nil
	case asked != "":
		return refuse("there is no such file")
	case slices.Contains(r.files, "config.json") && len(with(".safetensors")) > 0:
		return "", nil
	case r.onnxFile() != "":
		return "", nil
	case len(ggufs) == 1:
		return ggufs[0], nil
	case len(ggufs) > 1:
		return refuse(fmt.Sprintf("there are %d GGUF files", len(ggufs)))
	}
	return refuse("there is neither a model folder with config.json and safetensors or ONNX weights nor a GGUF file")
}

// onnxFile is the ONNX file of a repository that has no safetensors of its own, or "".
func (r *repository) onnxFile() string {
	if slices.Contains(r.files, "model.safetensors") || slices.Contains(r.files, shardIndex) {
		return ""
	}
	for _, name := range onnxFiles {
		if slices.Contains(r.files, name) {
			return name
		}
	}
	return ""
}

// fetch brings one file into the cache and returns its path there, under the file's own name.
func (r *repository) fetch(ctx context.Context, file string) (string, error) {
	if !slices.Contains(r.files, file) {
		return "", r.fail(file, "is not in the repository", nil)
	}
	address, err := r.FileURL(file)
	if err != nil {
		return "", r.fail(file, "has no address", err)
	}
	if err := fetchBlob(ctx, address, r.blobs, os.Getenv("HF_TOKEN"), func(done, total int64) {
		r.opts.report("downloading "+file, done, total)
	}); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", r.fail(file, "cannot be downloaded", err)
	}
	// The content is in place: this only links it under its name.
	path, err := r.DownloadFileCtx(ctx, file)
	if err != nil {
		return "", r.fail(file, "cannot be put into the cache", err)
	}
	return path, nil
}
