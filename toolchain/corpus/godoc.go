package corpus

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// GoDocOptions shape what GoDoc returns.
type GoDocOptions struct {
	// MaxWords is the length at which documentation is split into pieces, each
	// a passage of its own with the same title. 0 is 80, a long paragraph.
	// Smaller pieces are embedded more precisely, but there are more of them.
	MaxWords int
	// Progress, if set, is called after each package.
	Progress func(done, total int)
}

const defaultMaxWords = 80

// skippedPackages have declarations by the hundred that few people search for:
// platform constants, file formats' tables, the compiler's own tools. Their
// overview is kept.
var skippedPackages = []string{
	"syscall", "debug/", "go/", "testing/", "unicode", "runtime/", "plugin",
	"log/syslog", "image/color/palette", "text/template/parse", "database/sql/driver",
	"regexp/syntax", "net/rpc", "net/rpc/", "math/big", "crypto/hpke", "crypto/mlkem", "crypto/x509/pkix",
}

// GoDoc returns the documentation of the standard library in goroot/src as
// passages, in the order of import paths and, inside a package, of its
// documentation page. There is
//   - for the package overview one passage per piece, new at every heading;
//   - for every documented exported function, method, type, struct field,
//     interface method and group of constants or variables one per piece; the
//     first piece starts with the signature in one line.
//
// Internal, vendored and command packages are left out, and so are undocumented
// and deprecated symbols, methods and fields described in less than 12 words
// (mostly their name again), more than ten pieces of one comment, and the symbols, not the overview, of a few
// packages of tables and tools (syscall, debug, go, unicode and others). The
// source is read as for linux/amd64 on every machine, so that the passages
// depend on goroot's content only.
func GoDoc(ctx context.Context, goroot string, options GoDocOptions) ([]Passage, error) {
	if options.MaxWords == 0 {
		options.MaxWords = defaultMaxWords
	}
	if options.MaxWords < 10 {
		return nil, errors.New("go documentation: MaxWords must be at least 10")
	}
	// Some distributions make src a link, which WalkDir would not follow.
	src, err := filepath.EvalSymlinks(filepath.Join(goroot, "src"))
	var paths []string
	if err == nil {
		paths, err = packagePaths(src)
	}
	if err != nil {
		return nil, fmt.Errorf("go documentation: %w: is %q the root of a Go installation with its sources (see go env GOROOT)?", err, goroot)
	}
	var passages []Passage
	for i, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, err := parsePackage(src, path)
		if err != nil {
			return nil, fmt.Errorf("go documentation: %s: %w", path, err)
		}
		if page != nil {
			page.maxWords = options.MaxWords
			page.addOverview()
			if !symbolsSkipped(path) {
				page.addSymbols()
			}
			passages = append(passages, page.passages...)
		}
		if options.Progress != nil {
			options.Progress(i+1, len(paths))
		}
	}
	if len(passages) == 0 {
		return nil, fmt.Errorf("go documentation: %s holds no documented packages: is %q the root of a Go installation with its sources (see go env GOROOT)?", src, goroot)
	}
	return passages, nil
}

func symbolsSkipped(path string) bool {
	return slices.ContainsFunc(skippedPackages, func(skipped string) bool {
		return path == skipped || strings.HasSuffix(skipped, "/") && strings.HasPrefix(path, skipped)
	})
}

// packagePaths returns the import paths of all folders that may hold a public
// package, sorted.
func packagePaths(src string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == src {
			return err
		}
		switch name := entry.Name(); {
		case name == "internal", name == "vendor", name == "testdata", name == "cmd",
			strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"):
			return fs.SkipDir
		}
		relative, err := filepath.Rel(src, path)
		paths = append(paths, filepath.ToSlash(relative))
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// parsePackage reads one package; it is nil if the folder holds none.
func parsePackage(src, path string) (*page, error) {
	dir := filepath.Join(src, filepath.FromSlash(path))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	platform := build.Context{GOOS: "linux", GOARCH: "amd64", Compiler: "gc", CgoEnabled: true, ReleaseTags: build.Default.ReleaseTags}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := platform.MatchFile(dir, name); err != nil {
			return nil, err
		} else if !match {
			continue
		}
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if file.Name.Name != "main" {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	var mode doc.Mode
	if path == "builtin" {
		mode = doc.AllDecls // its names are predeclared, so not upper-case
	}
	documented, err := doc.NewFromFiles(fset, files, path, mode)
	if err != nil {
		return nil, err
	}
	return &page{doc: documented, anchors: make(map[string]int)}, nil
}
